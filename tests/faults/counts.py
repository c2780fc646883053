"""How often long proofs repeat: a few times in `make test`, many times in `make faults` and with
its setting.
"""

import os

import pytest

SETTING = "SAMAN_FAULTS"
"""`few`, which is the default, or `many`."""


def repeats(*, few: int, many: int) -> int:
    """Return how often to do it, as the setting asks for.

    Raises:
        ValueError: the setting has another value.
    """
    wanted = os.environ.get(SETTING, "few")
    if wanted not in ("few", "many"):
        raise ValueError(f"{SETTING} must be few or many, not {wanted!r}")
    return many if wanted == "many" else few


only_many = pytest.mark.skipif(
    repeats(few=0, many=1) == 0, reason=f"left to the long proofs; with {SETTING}=many it runs too"
)
"""Marks what is left to `make faults`."""
