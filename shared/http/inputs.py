"""What requests bring, and what every service takes of it: bodies and ids in addresses."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticKnownError

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
