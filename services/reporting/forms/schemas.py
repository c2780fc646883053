"""JSON Schema of answers, by the library that knows the standard."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from services.reporting.forms.rules.form import Form, Severity
from services.reporting.forms.rules.judging import Finding
from services.reporting.forms.rules.values import Json
from shared.errors import FieldError, json_pointer

FAULTS_MAX = 100


def faults(schema: Mapping[str, Json]) -> Iterator[FieldError]:
    """Yield what is wrong with the schema of a form, with pointers from the form's root.

    References are refused: nothing is fetched, and what is asked stands in one place.
    """
    if named := sorted(_references(schema)):
        sentence = f"write the schema out, without {named[0]}"
        yield FieldError("form-schema", sentence, "/schema")
        return
    try:
        jsonschema_rs.meta.validate(_plain(schema))
        _validator(schema)
    except jsonschema_rs.ValidationError as error:
        pointer = "/schema" + json_pointer(*error.instance_path)
        yield FieldError("form-schema", error.message[:300], pointer)
    except ValueError as error:
        yield FieldError("form-schema", str(error)[:300], "/schema")


def findings(form: Form, answers: Mapping[str, Json]) -> list[Finding]:
    """Return where answers do not fit the schema of their form."""
    return [
        Finding(
            "answer-form", Severity.ERROR, json_pointer(*error.instance_path), error.message[:300]
        )
        for error, _ in zip(
            _validator(form.schema).iter_errors(dict(answers)), range(FAULTS_MAX), strict=False
        )
    ]


def _validator(schema: Mapping[str, Json]) -> Any:
    return jsonschema_rs.Draft202012Validator(
        _plain(schema), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def _plain(schema: Mapping[str, Json]) -> Any:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _references(part: Json) -> Iterator[str]:
    if isinstance(part, Mapping):
        yield from (name for name in ("$ref", "$dynamicRef", "$schema", "$id") if name in part)
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
