"""The replicas of a service behind one door, as the gateway in deploy/containers/nginx keeps it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2


@dataclass
class Doors:
    """Asks the replicas in turn, and the next one when a connection fails; ids make it safe to ask
    twice.

    Attributes:
        statuses: how often each status was answered.
        refused: connections that a replica did not take; the next one was asked.
        broken: requests that a replica had taken and did not answer; the next one was asked.
        unanswered: requests that no replica answered.
    """

    addresses: Sequence[str]
    statuses: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    broken: int = 0
    unanswered: int = 0
    _turn: int = 0

    async def post(self, client: httpx2.AsyncClient, path: str, **options: Any) -> httpx2.Response:
        """Return the first answer.

        Raises:
            HTTPError: no replica answered.
        """
        self._turn += 1
        turn, count = self._turn, len(self.addresses)
        for number in range(count):
            address = self.addresses[(turn + number) % count]
            try:
                answer = await client.post(f"{address}{path}", **options)
            except httpx2.HTTPError as error:
                if isinstance(error, httpx2.ConnectError):
                    self.refused += 1
                else:
                    self.broken += 1
                if number == count - 1:
                    self.unanswered += 1
                    raise
            else:
                self.statuses[answer.status_code] += 1
                return answer
        raise AssertionError("there is no door")
