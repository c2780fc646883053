"""Reads what a client would like best: `Accept`, `Accept-Language` (RFC 9110 §12.4.2, §12.5)."""

import re
from dataclasses import dataclass

WISHES_MAX = 100
"""Wishes of one header that are looked at; browsers send fewer than ten."""

_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+(/[\w!#$%&'*+.^`|~-]+)?", re.ASCII)
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that a client would take.

    Attributes:
        name: of a language, media type or group of them, in lower case.
        weight: from 0, which means "not this", to 1.
    """

    name: str
    weight: float


def read_wishes(header: str) -> list[Wish]:
    """Return what a header wishes for, in its order.

    A wish that is not written as the standard says is left out, and the others hold.
    """
    elements = header.split(",", WISHES_MAX)[:WISHES_MAX]
    return [wish for element in elements if (wish := _read(element)) is not None]


def _read(element: str) -> Wish | None:
    name, *parameters = (part.strip(_BLANKS) for part in element.split(";"))
    weight = next((text[2:] for text in parameters if text[:2].lower() == "q="), "1")
    if not (_NAME.fullmatch(name) and _WEIGHT.fullmatch(weight)):
        return None
    return Wish(name.lower(), float(weight))


def prefers(accept: str, media_type: str, *, over: str) -> bool:
    """Tell whether an `Accept` header likes one media type better than another (RFC 9110 §12.5.1);
    the other when it likes both alike.

    A media type that it names is liked better than one that only a wildcard stands for.
    """
    liking = _liking(accept, media_type)
    return liking[0] > 0 and liking > _liking(accept, over)


def _liking(accept: str, media_type: str) -> tuple[float, int]:
    """Return the weight of a media type, and how exactly it is named; the most exact of its names
    counts.
    """
    exactness = {"*/*": 0, f"{media_type.partition('/')[0]}/*": 1, media_type: 2}
    wishes = [wish for wish in read_wishes(accept) if wish.name in exactness]
    liked = ((exactness[wish.name], wish.weight) for wish in wishes)
    exact, weight = max(liked, default=(-1, 0.0))
    return weight, exact
