"""What every body of every service refuses, whatever it is for."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.security.conftest import House
from tests.security.routes import flat

GIVEN: tuple[Any, ...] = ("1", "true", {"a": "1"})


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type is made of, with those inside them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for part in get_args(annotation):
        yield from models_in(part)


def bodies_of(routes: list[Any]) -> Iterator[type[BaseModel]]:
    """Yield the models of all bodies that routes take, and of those inside them."""
    for _, route in flat(routes):
        if getattr(route, "body_field", None) is not None:
            yield from models_in(route.body_field.field_info.annotation)


def taken(field: Any, given: Any) -> list[Any]:
    """Return what a field makes of something; nothing when it refuses."""
    try:
        value = TypeAdapter(Annotated[field.annotation, "a field", *field.metadata]).validate_python(given)
    except ValidationError:
        return []
    return list(value.values()) if isinstance(value, dict) else [value]


async def test_no_field_makes_a_number_or_a_flag_of_a_text(house: House) -> None:
    models = {model for app in house.apps.values() for model in bodies_of(app.routes)}
    lax = [
        f"{model.__name__}.{name} from {given!r}"
        for model in models
        for name, field in model.model_fields.items()
        for given in GIVEN
        if any(isinstance(value, int) for value in taken(field, given))
    ]

    assert len(models) > 10
    assert lax == []
