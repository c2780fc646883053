"""Which fault happens when, to whom and for how long: the same for the same seed, whatever the
system does.
"""

import random
from collections.abc import Container, Iterator
from dataclasses import dataclass

SESSION_SECONDS = 3.0
"""After so much silence the broker gives a consumer's partitions to another; a long freeze lasts
longer.
"""

DATABASES = ("registry", "reporting", "metrics", "notifications")
PROCESSES = tuple(f"{service}-{replica}" for service in DATABASES for replica in (0, 1))


@dataclass(frozen=True, slots=True)
class Mix:
    """How often a kind of fault comes, whom it meets, and how long it lasts.

    Attributes:
        weight: relative to the other kinds.
        seconds: shortest and longest; zero for what ends by itself.
    """

    weight: float
    targets: tuple[str, ...]
    seconds: tuple[float, float] = (0.0, 0.0)


MIX = {
    "kill": Mix(11, PROCESSES),
    "terminate": Mix(7, PROCESSES),
    "freeze": Mix(20, PROCESSES, (0.2, 1.5)),
    "freeze past the session": Mix(5, PROCESSES, (SESSION_SECONDS + 1, SESSION_SECONDS + 3)),
    "end database sessions": Mix(20, DATABASES),
    "silent broker": Mix(9, ("network",), (0.3, 1.5)),
    "refusing broker": Mix(9, ("network",), (0.2, 1.0)),
    "silent database": Mix(6, ("network",), (0.3, 2.0)),
    "refusing database": Mix(7, ("network",), (0.2, 1.0)),
    "kill postgres": Mix(2, ("postgres",)),
    "kill kafka": Mix(1, ("kafka",)),
    "terminate kafka": Mix(1, ("kafka",)),
    "full disk": Mix(2, ("postgres",), (1.0, 3.0)),
}
"""Mostly short, so that the system does useful work in between: servers take seconds to come back.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a schedule; `at` in seconds since its start."""

    number: int
    at: float
    kind: str
    target: str
    seconds: float


def schedule(
    seed: int, *, seconds: float, pause: float, kinds: Container[str] = frozenset(MIX)
) -> Iterator[Fault]:
    """Yield the faults of a run, the first after one pause.

    Args:
        pause: seconds between two faults on average.
        kinds: what may be done here, or is looked for; the others are left out, and these stay
            where they are.
    """
    dice = random.Random(seed)
    at, number = 0.0, 0
    opening = [kind for kind in MIX if MIX[kind].weight <= 2]
    dice.shuffle(opening)  # the rare kinds first, so that a run of a minute has them all
    while True:
        at += dice.uniform(0.4, 1.6) * pause
        if at > seconds:
            return
        is_rare_turn = bool(opening) and number % 6 == 3
        kind = (
            opening.pop()
            if is_rare_turn
            else dice.choices(list(MIX), [mix.weight for mix in MIX.values()])[0]
        )
        target = dice.choice(MIX[kind].targets)
        lasting = round(dice.uniform(*MIX[kind].seconds), 2)
        number += 1
        if kind in kinds:
            yield Fault(number, round(at, 2), kind, target, lasting)
