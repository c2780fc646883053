"""A disk of limited size for PostgreSQL, so that a full one gives it the kernel's own "no space
left".

With the right to mount, that is a file system in a sparse file; it costs no memory, and it is
filled in a moment. Other ways were looked at: a file size limit gives another error, a quota needs
a file system made for it, and a preloaded library would be our word for it, not the kernel's. So
where nothing may be mounted this kind of fault is left out, and the head of the run says so.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local import postgres_home


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system, or none and why.

    Attributes:
        root: where it is mounted.
    """

    root: Path | None
    description: str

    def fill(self) -> None:
        """Take all room that is left."""
        assert self.root is not None
        with (self.root / "filling").open("ab") as file:
            step = 1 << 30
            while step >= 4_096:
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), step)
                    file.seek(0, os.SEEK_END)
                except OSError:
                    step //= 2

    def empty(self) -> None:
        """Give the room back."""
        assert self.root is not None
        (self.root / "filling").unlink(missing_ok=True)


@contextmanager
def limited_disk(folder: Path, *, gigabytes: int) -> Iterator[Disk]:
    """Put the data of a stack that is not there yet on a disk of its own, while the block runs."""
    if os.geteuid() != 0:
        yield Disk(
            None, "full disk: not possible here, only root may mount a file system of limited size"
        )
        return
    home = Path(tempfile.mkdtemp(prefix="chaos-", dir=postgres_home._store()))
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(gigabytes << 30)
    made = _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", str(image)) or _run(
        "mount", "-o", "loop", str(image), str(home)
    )
    if made:
        shutil.rmtree(home)
        image.unlink()
        yield Disk(None, f"full disk: not possible here, {made}")
        return
    try:
        home.chmod(0o755)
        (folder / "postgres").symlink_to(home / "postgres")
        yield Disk(home, f"full disk: a loop-mounted ext4 of {gigabytes} GiB")
    finally:
        _run("umount", "--lazy", str(home))
        with suppress(OSError):
            home.rmdir()
        image.unlink()


def _run(*command: str) -> str:
    """Run a command; return what is wrong, nothing when it worked."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return "" if done.returncode == 0 else f"{command[0]}: {done.stderr.strip()[-200:]}"
