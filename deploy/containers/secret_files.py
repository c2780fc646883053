"""Settings as files: each in a file named like the setting that it is the value of, as container
platforms mount them.

Every `saman` command reads them before anything else, so nothing is imported here that only some
need.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

from shared.errors import NotFound

FOLDER_VARIABLE = "SAMAN_SECRETS_DIR"
PREFIX = "SAMAN_"
"""What the name of each setting begins with."""


def load(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take the files in the folder that SAMAN_SECRETS_DIR names for settings; a variable that is
    set wins.

    Raises:
        NotFound: there is no such folder.
    """
    if folder := environment.get(FOLDER_VARIABLE):
        for name, value in read(Path(folder)).items():
            environment.setdefault(name, value)


def read(folder: Path) -> dict[str, str]:
    """Return the settings in a folder; files with other names are somebody else's.

    Raises:
        NotFound: there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(f"{FOLDER_VARIABLE} names {folder}, which is no folder")
    return {
        path.name: path.read_text().strip()
        for path in sorted(folder.glob(f"{PREFIX}*"))
        if path.is_file()
    }
