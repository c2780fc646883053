"""Small cells: which figures must not be shown, because they would tell about single persons.

The threshold is the one that Norway's own sick-leave statistics use: fewer than five persons make a
figure personal data (https://github.com/navikt/pia-sykefravarsstatistikk, `erMaskert`). It is
applied before anything leaves the service.
"""

PERSONS_MIN = 5
"""Fewer persons than this behind a figure, and it is not shown."""


def is_small(persons: int | None, *, unknown_is_small: bool) -> bool:
    """Tell whether a figure must not be shown.

    Args:
        persons: head count behind it, where known.
        unknown_is_small: what an unknown head count means: yes for a unit, which may be a
            kindergarten with three employees; no for a municipality.
    """
    return unknown_is_small if persons is None else persons < PERSONS_MIN
