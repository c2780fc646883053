"""What every field of every event that publishers send refuses, and how its numbers are read.

The fields come from the events' own schemas; the bodies are read as the Kafka door reads them.
"""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.contracts.events import Described, all_events
from shared import strict_json
from tests.security.places import ID, Schema, leaves, put
from tests.security.test_places import NO_IDS, UNSEEN

TAKEN = {event.name: event for event in all_events() if event.is_taken}
FIELDS = [
    pytest.param(event, steps, schema, id=f"{name} {'/'.join(steps)}")
    for name, event in TAKEN.items()
    for steps, schema in leaves("", event.schema())
]


def refused_at(event: Described, steps: tuple[str, ...], token: str) -> bool:
    """Whether a body is refused at a field in which a JSON token stands."""
    body = json.dumps(put("", event.schema(), steps, "here")).replace('"here"', token)
    try:
        event.model.model_validate(strict_json.loads(body.encode()))
    except ValidationError as error:
        last = [step for step in steps if step not in ("-", "(any)", "(key)")][-1]
        return any(last in fault["loc"] for fault in error.errors())
    return False


@pytest.mark.parametrize(("event", "steps", "schema"), FIELDS)
def test_a_field_takes_its_value_in_every_form_of_json_and_no_other(
    event: Described, steps: tuple[str, ...], schema: Schema
) -> None:
    good, bad = tokens_of(schema)

    assert [token for token in good if refused_at(event, steps, token)] == []
    assert [token for token in bad if not refused_at(event, steps, token)] == []


def tokens_of(schema: Schema) -> tuple[list[str], list[str]]:
    """What must be taken and what must be refused at a field, as it stands in JSON."""
    match schema.get("type"):
        case "integer":
            return ["10.0", "1.0E+1", "1E1"], ["10.5", '"10"', "true", '"1E1"']
        case "number":
            good = ["20104.00000000", "0E-8", "2.0104E+4", '"20104.00"']
            return good, ['"2.0104E+4"', "0.1234567", '"20104.00000000"', "1E12", "true"]
        case "string" if schema.get("format") == "uuid":
            return [_text(ID), _text(ID.upper())], list(map(_text, NO_IDS))
        case "string" | None:
            return [], list(map(_text, UNSEEN))
    return [], ['"yes"']


def _text(value: Any) -> str:
    return json.dumps(value)
