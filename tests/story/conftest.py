"""A folder for a whole stack, emptied of processes and data afterwards whatever happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from deploy.local.infrastructure import erase


@pytest_asyncio.fixture
async def stack_folder(tmp_path: Path) -> AsyncIterator[Path]:
    folder = tmp_path / "stack"
    yield folder
    await erase(folder)
