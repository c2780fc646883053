"""What every body and every query of every service refuses, whatever it is for."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.security.conftest import House
from tests.security.routes import flat

NO_NUMBERS: tuple[Any, ...] = ("1", "true", {"a": "1"})
NO_DAYS: tuple[Any, ...] = (
    0,
    86400,
    1325376000.0,
    "0",
    "86400",
    "2012-01-01T00:00:00",
    "2012-1-1",
    "20120101",
)


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


def queries_of(routes: list[Any]) -> Iterator[type[BaseModel]]:
    """Yield the models of all queries that routes take."""
    for _, route in flat(routes):
        for parameter in route.dependant.query_params if hasattr(route, "dependant") else ():
            yield from models_in(parameter.field_info.annotation)


def taken(field: Any, given: Any) -> list[Any]:
    """Return what a field makes of something; nothing when it refuses."""
    try:
        value = TypeAdapter(
            Annotated[field.annotation, "a field", *field.metadata]
        ).validate_python(given)
    except ValidationError:
        return []
    return list(value.values()) if isinstance(value, dict) else [value]


async def test_no_field_makes_a_number_or_a_flag_of_a_text(house: House) -> None:
    models = {model for app in house.apps.values() for model in bodies_of(app.routes)}
    lax = [
        f"{model.__name__}.{name} from {given!r}"
        for model in models
        for name, field in model.model_fields.items()
        for given in NO_NUMBERS
        if any(isinstance(value, int) for value in taken(field, given))
    ]

    assert len(models) > 10
    assert lax == []


async def test_no_field_makes_a_day_of_anything_but_a_day(house: House) -> None:
    models = {
        model
        for app in house.apps.values()
        for read in (bodies_of, queries_of)
        for model in read(app.routes)
    }
    days = [
        (f"{model.__name__}.{name}", field)
        for model in models
        for name, field in model.model_fields.items()
        if any(type(value) is date for value in taken(field, "2012-01-01"))
    ]
    lax = [
        f"{name} from {given!r}"
        for name, field in days
        for given in NO_DAYS
        if any(isinstance(value, date) for value in taken(field, given))
    ]

    assert len(days) > 10
    assert "MunicipalityQuery.at" in dict(days)
    assert lax == []
