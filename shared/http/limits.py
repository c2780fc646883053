"""How often and how many at once: the limits of one key, kept in the memory of each process.

The rate is the generic cell rate algorithm (ITU-T I.371): one time per key, at which its next
request would be due if all of them came evenly; a request may come early by as much as the burst
allows. Several replicas each allow the rate.
"""

import math
import time
from collections import Counter
from collections.abc import Callable

from shared.errors import Unavailable

CODE = "too-many-requests"
KEYS_MAX = 10_000
"""So many keys are remembered; those that have been quiet long enough to have their whole burst
again are forgotten.
"""


class Rate:
    """Lets each key come so often.

    Args:
        per_minute: requests on average.
        burst: requests at once after a quiet time.
        of: what is counted, as a refusal says it.
        clock: seconds that only rise.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        burst: int,
        of: str = "requests",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._of = of
        self._interval = 60 / per_minute
        self._tolerance = self._interval * (burst - 1)
        self._due: dict[str, float] = {}
        self._clock = clock
        self._per_minute = per_minute

    def take(self, key: str, count: int = 1) -> None:
        """Count one request of a key, or of what is counted as many as it brings.

        More than the burst is let through after a quiet time, and paid for afterwards: what a
        route takes at once, it takes.

        Raises:
            Unavailable: `too-many-requests`; it says when the next one is let through.
        """
        now = self._clock()
        due = max(self._due.get(key, now), now)
        wait = min(due - now, due + (count - 1) * self._interval - self._tolerance - now)
        if wait > 0:
            raise Unavailable(
                f"more than {self._per_minute} {self._of} a minute; come again in {wait:.1f} s",
                code=CODE,
                retry_after_seconds=math.ceil(wait),
            )
        if len(self._due) >= KEYS_MAX:
            self._due = {known: at for known, at in self._due.items() if at > now}
        self._due[key] = due + count * self._interval


class Slots:
    """Lets each key have so many requests running at once.

    Args:
        each: slots of one key.
        of: what takes a slot, as the refusal names it.
    """

    def __init__(self, each: int, *, of: str = "requests of one key at once") -> None:
        self._each = each
        self._of = of
        self._taken: Counter[str] = Counter()

    def take(self, key: str) -> Callable[[], None]:
        """Take a slot of a key; return what gives it back.

        Raises:
            Unavailable: `too-many-requests`; all of them are taken.
        """
        if self._taken[key] >= self._each:
            raise Unavailable(
                f"more than {self._each} {self._of}",
                code=CODE,
                retry_after_seconds=1,
            )
        self._taken[key] += 1

        def give_back() -> None:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

        return give_back
