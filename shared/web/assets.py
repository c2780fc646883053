"""Serves style sheets, fonts and scripts ourselves, so that browsers fetch each of them once.

An address carries the fingerprint of all the files together (`/metrics/static/3f2a…/saman.css`), so
whatever lies behind it may be kept for a year, and files may name each other by relative paths.
During a roll-out a page may ask a process that has other files: that process serves its own under
the name, to be kept only until the next look.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

SHARED_FILES = Path(__file__).parent / "static"
_FINGERPRINT_CHARACTERS = 12
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"


class Assets(StaticFiles):
    """The files of one or more folders under one address.

    Attributes:
        prefix: the address under which the application mounts it, such as `/metrics/static`.
    """

    def __init__(self, prefix: str, folders: Sequence[Path]) -> None:
        present = [folder for folder in folders if folder.is_dir()]
        super().__init__(directory=present[0])
        self.all_directories = list(present)
        self.prefix = prefix
        self._fingerprint = _fingerprint(present)

    def url(self, file: str) -> str:
        """Return the address of a file, which changes whenever any file does."""
        return f"{self.prefix}/{self._fingerprint}/{file}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve `<fingerprint>/<file>`."""
        asked_for, _, file = path.partition("/")
        response = await super().get_response(file, scope)
        response.headers["Cache-Control"] = (
            _FOR_A_YEAR if asked_for == self._fingerprint else _ASK_EACH_TIME
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _fingerprint(folders: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                digest.update(f"{file.relative_to(folder)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_FINGERPRINT_CHARACTERS]
