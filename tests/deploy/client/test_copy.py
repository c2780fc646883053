"""The client's folder can be copied to where nothing of Saman is."""

import shutil
import subprocess
import sys
from pathlib import Path

import deploy.client

FOLDER = Path(deploy.client.__file__).parent


def test_a_copy_of_the_folder_runs_without_anything_of_ours(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "client", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "figures.csv").write_text("municipality,period\n")
    packages = "import aiokafka, sys; print(str(aiokafka.__file__).rpartition('/aiokafka/')[0])"
    site = subprocess.check_output([sys.executable, "-c", packages], text=True).strip()
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {site!r}]\n"
        "import client.__main__, client.reading\n"
        "foreign = {'deploy', 'shared', 'services', 'pydantic', 'stamina'} & sys.modules.keys()\n"
        "assert not foreign, foreign\n"
        "from pathlib import Path\n"
        "print(len(client.reading.read_figures(Path('figures.csv'), publisher='310000086')))\n"
    )

    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "0\n", "")


def test_a_copy_says_how_it_is_called(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "client")

    ran = subprocess.run(
        [sys.executable, "-m", "client", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "--bootstrap" in ran.stdout
