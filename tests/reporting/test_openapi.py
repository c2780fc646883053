"""The OpenAPI document tells the truth: made-up requests are answered as it says, and never with a server error."""

from typing import Any

import pytest

from services.reporting.app import Settings, create_app
from tests.reporting.conftest import Door
from tests.support.fuzzing import Operation, fuzz, operations

EXAMPLES = 25


def document() -> dict[str, Any]:
    return create_app(Settings(database_dsn="postgresql://nowhere")).openapi()


@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
@pytest.mark.parametrize("operation", operations(document()), ids=" ".join)
async def test_made_up_requests_are_answered_as_the_document_says(
    shared_door: Door, operation: Operation, good: bool
) -> None:
    statuses = await fuzz(shared_door.operator, document(), operation, examples=EXAMPLES, good=good)

    assert statuses
