"""The folder of one stack: who holds it, and the secrets in it."""

import fcntl
import json
import os
import secrets
from pathlib import Path

from deploy.local.errors import StackError


class StackFolder:
    """A folder that holds everything of one stack: data, logs, ports, secrets, records of running
    programs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the folder, or say in one sentence why it cannot be had."""
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"The folder {self.path} cannot be made ({error.strerror}): choose another with"
                " --dir."
            ) from error
        if not os.access(self.path, os.W_OK):
            raise StackError(
                f"The folder {self.path} cannot be written to: choose another with --dir, or run as"
                " its owner."
            )

    def hold(self) -> None:
        """Keep other Samans off this folder until `release`, or until this process ends, whatever
        it ends of.
        """
        if self._lock is not None:
            return
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            os.close(lock)
            raise StackError(
                f"Another Saman (process {holder}) is at work in {self.path}: stop it first, or"
                " choose another folder with --dir."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Let other Samans have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Secrets:
    """Generated passwords, readable by the owner of the folder only."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "secrets.json"

    def find(self, name: str) -> str | None:
        """Return the secret of that name, None if none was made yet."""
        return self._read().get(name)

    def make(self, name: str) -> str:
        """Return the secret of that name and make it if there is none; its characters need no
        quoting in addresses.
        """
        kept = self._read()
        if name not in kept:
            kept[name] = secrets.token_urlsafe(24)
            write_private(self._file, json.dumps(kept, indent=1))
        return kept[name]

    def _read(self) -> dict[str, str]:
        try:
            kept: dict[str, str] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StackError(
                f"{self._file} is damaged: restore it, or delete the whole folder to begin anew."
            ) from error
        return kept


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, at no moment, and that is either the old one or the
    new one.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
