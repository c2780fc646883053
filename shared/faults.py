"""Fault points: named places between a commit, a send, an acknowledgement and a commit of offsets,
where a process can be told to die or to hang.

The order of these steps protects against loss and doubling, and a random kill rarely falls between
two of them. `SAMAN_FAULT=delivery.committed:die:2` ends the process by SIGKILL when it
comes to that point for the second time; `hang` stops it with SIGSTOP, as a frozen machine would be.
Without orders a point costs one comparison.
"""

import os
import signal
from collections import deque
from dataclasses import dataclass

from shared.errors import RuleBroken

VARIABLE = "SAMAN_FAULT"

POINTS = frozenset(
    {
        "http.received",
        "http.answering",
        "transaction.written",
        "transaction.committed",
        "relay.read",
        "relay.sent",
        "relay.acknowledged",
        "relay.removed",
        "delivery.fetched",
        "delivery.claimed",
        "delivery.handled",
        "delivery.committed",
        "delivery.acknowledged",
        "delivery.buried",
        "sender.leased",
        "sender.sent",
        "sender.noted",
    }
)
"""Every point in the code; a test reads the code and fails when the two differ."""

SIGNALS = {"die": signal.SIGKILL, "hang": signal.SIGSTOP}


@dataclass
class _Fault:
    point: str
    signal: signal.Signals
    left: int


_armed: deque[_Fault] = deque()


def arm(orders: str) -> None:
    """Make this process fail at a point, or at several one after the other.

    Args:
        orders: `point:die` or `point:hang`, and `:n` for the n-th time it is reached, else the
            first. Empty: nothing.

    Raises:
        RuleBroken: there is no such point, or no such way to fail.
    """
    wanted = [_read(order) for order in orders.split(",") if order]
    _armed.clear()
    _armed.extend(wanted)


def _read(order: str) -> _Fault:
    point_, _, rest = order.partition(":")
    how, _, count = rest.partition(":")
    if point_ not in POINTS or how not in SIGNALS or not (count or "1").isdigit():
        raise RuleBroken(
            f"{VARIABLE}={order!r} must be point:die or point:hang, with :n for the n-th time; "
            f"points are {', '.join(sorted(POINTS))}"
        )
    return _Fault(point_, SIGNALS[how], int(count or "1"))


def point(name: str) -> None:
    """Come to a point; return, unless this process was told to fail here."""
    if _armed:
        _reach(_armed[0], name)


def _reach(fault: _Fault, name: str) -> None:
    if fault.point != name:
        return
    fault.left -= 1
    if fault.left == 0:
        _armed.popleft()
        os.kill(os.getpid(), fault.signal)
