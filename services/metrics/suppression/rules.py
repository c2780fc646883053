"""Small cells: which figures must not be shown, because they would tell about single persons.

How few are too few is said by the metric; five, unless it says otherwise, as in Norway's own
sick-leave statistics (https://github.com/navikt/pia-sykefravarsstatistikk, `erMaskert`). It is
applied before anything leaves the service.
"""


def is_small(persons: int | None, small_persons: int, *, unknown_is_small: bool) -> bool:
    """Tell whether a figure must not be shown.

    Args:
        persons: head count behind it, where known.
        small_persons: a figure of fewer persons is withheld; 0 for figures that are not about
            persons.
        unknown_is_small: what an unknown head count means: yes for a unit, which may be a
            kindergarten with three employees; no for a municipality.
    """
    if persons is None:
        return unknown_is_small and small_persons > 0
    return persons < small_persons
