"""The OpenAPI documents of the other services tell the truth as well: made-up requests are answered
as they say.

Reporting's, and every operation by name, are in tests/reporting/test_openapi.py.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.counts import repeats
from tests.support.apps import RunningService, run_service
from tests.support.fuzzing import fuzz, operations
from tests.support.infrastructure import Infra

# Other parts of the test run, on the event loop, use `random` while requests are made up in a
# thread.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

EXAMPLES = repeats(few=10, many=750)
SETTINGS: dict[str, dict[str, str]] = {
    "registry": {},
    "metrics": {},
    "notifications": {"webhook_key": "a key of the tests that is long enough to be one"},
}


@pytest_asyncio.fixture(scope="module", params=SETTINGS)
async def running(request: pytest.FixtureRequest, infra: Infra) -> AsyncIterator[RunningService]:
    """A service on the real servers."""
    async with run_service(
        infra, request.param, group_prefix=f"fuzz-{request.param}.", **SETTINGS[request.param]
    ) as service:
        yield service


@pytest.mark.parametrize("good", [True, False], ids=["fitting", "broken"])
async def test_every_operation_answers_as_its_document_says(
    running: RunningService, *, good: bool
) -> None:
    document = running.app.openapi()
    for operation in operations(document, breakable=not good):
        assert await fuzz(running.operator, document, operation, examples=EXAMPLES, good=good), (
            operation
        )
