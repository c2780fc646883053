"""The replicas of a service behind one door, as the gateway in deploy/nginx keeps it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2


@dataclass
class Doors:
    """Asks the replicas in turn, and the next one when a connection fails; ids make it safe to ask twice.

    Attributes:
        statuses: how often each status was answered.
        passed_on: how often a replica did not answer and the next one was asked.
    """

    addresses: Sequence[str]
    statuses: Counter[int] = field(default_factory=Counter)
    passed_on: int = 0
    _turn: int = 0

    async def post(self, client: httpx2.AsyncClient, path: str, **options: Any) -> httpx2.Response:
        """Return the first answer.

        Raises:
            HTTPError: no replica answered.
        """
        self._turn += 1
        count = len(self.addresses)
        for number in range(count):
            address = self.addresses[(self._turn + number) % count]
            try:
                answer = await client.post(f"{address}{path}", **options)
            except httpx2.HTTPError:
                if number == count - 1:
                    raise
                self.passed_on += 1
            else:
                self.statuses[answer.status_code] += 1
                return answer
        raise AssertionError("there is no door")
