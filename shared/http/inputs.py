"""What requests bring, and what every service takes of it: bodies and ids in addresses."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from shared.errors import FieldError, RuleBroken

SlugPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$")]
"""An id chosen by the client, in the address."""


class RequestModel(BaseModel):
    """A request's body or query. A field that is not known is refused, because it may hold data
    about persons that nobody would look for there.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, value: Any) -> Any:
        # FastAPI makes a model of anything that has attributes, and a Decimal has some.
        if isinstance(value, Decimal):
            raise PydanticKnownError("model_attributes_type")
        return value


def _municipality(text: str) -> str:
    if _MUNICIPALITY.fullmatch(text) is None:
        raise PydanticCustomError("municipality_malformed", MUNICIPALITY_WANTED)
    return text


_MUNICIPALITY = re.compile(r"[a-z0-9][a-z0-9-]{1,118}[a-z0-9]", re.ASCII)
_NUMBER = re.compile(r"[0-9]{4}", re.ASCII)
MUNICIPALITY_WANTED = (
    "must be a municipality's id, such as vefsn-1824, or a number of four digits that only one"
    " municipality ever bore, such as 1824"
)

MunicipalityWanted = Annotated[
    str,
    Field(max_length=120, description=f"The filter {MUNICIPALITY_WANTED}."),
    AfterValidator(_municipality),
    WithJsonSchema({"type": "string", "pattern": f"^{_MUNICIPALITY.pattern}$"}),
]
"""A municipality in a filter; `municipality_meant` tells which."""


def is_municipality_number(wanted: str) -> bool:
    """Tell whether a municipality is named by its number; no id is one."""
    return _NUMBER.fullmatch(wanted) is not None


def municipality_meant(wanted: str, bearers: Collection[str], *, pointer: str) -> str:
    """Return the id of the municipality that a filter means.

    Args:
        wanted: an id, or a number.
        bearers: ids of the municipalities that ever bore the number.
        pointer: where it stands in the request.

    Raises:
        RuleBroken: `municipality-unknown`, `municipality-ambiguous`; none or several bore it.
    """
    if not is_municipality_number(wanted):
        return wanted
    if len(bearers) == 1:
        return next(iter(bearers))
    if bearers:
        ids = ", ".join(sorted(bearers))
        code, why = "municipality-ambiguous", f"stood for {ids}; name the one that is meant"
    else:
        code, why = "municipality-unknown", f"was never borne; the filter {MUNICIPALITY_WANTED}"
    sentence = f"the municipality number {wanted} {why}"
    raise RuleBroken(sentence, code=code, errors=(FieldError(code, sentence, pointer),))
