"""The OpenAPI document tells the truth: made-up requests are answered as it says, and never with a
server error.
"""

from typing import Any

import pytest

from services.reporting.app import Settings, create_app
from tests.faults.counts import repeats
from tests.reporting.conftest import Door
from tests.support.fuzzing import Operation, fuzz, operations

# Other parts of the test run, on the event loop, use `random` while requests are made up in a
# thread.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

EXAMPLES = repeats(few=15, many=750)
DOCUMENT: dict[str, Any] = create_app(Settings(database_dsn="postgresql://nowhere")).openapi()


@pytest.mark.parametrize("operation", operations(DOCUMENT), ids=" ".join)
async def test_requests_that_fit_the_document_are_answered_as_it_says(
    shared_door: Door, operation: Operation
) -> None:
    assert await fuzz(shared_door.operator, DOCUMENT, operation, examples=EXAMPLES, good=True)


@pytest.mark.parametrize("operation", operations(DOCUMENT, breakable=True), ids=" ".join)
async def test_requests_that_do_not_fit_the_document_are_refused(
    shared_door: Door, operation: Operation
) -> None:
    assert await fuzz(shared_door.operator, DOCUMENT, operation, examples=EXAMPLES, good=False)


def test_every_operation_says_how_it_refuses() -> None:
    for method, path in operations(DOCUMENT):
        responses = DOCUMENT["paths"][path][method]["responses"]
        refusals = {
            status: answer
            for status, answer in responses.items()
            if not status.startswith(("2", "3"))
        }
        assert {"503", "default"} <= set(refusals)
        assert all(
            list(answer["content"]) == ["application/problem+json"] for answer in refusals.values()
        )


def test_operations_have_short_names_of_their_own() -> None:
    names = [
        DOCUMENT["paths"][path][method]["operationId"] for method, path in operations(DOCUMENT)
    ]

    assert len(names) == len(set(names))
    assert {"post_absence_figures", "withdraw", "list_figures", "put_round", "submit"} <= set(names)
