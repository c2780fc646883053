"""Events of earlier versions are read by today's classes, and today's schemas keep the promises of
earlier ones.

A golden event and a golden schema are made once, when a type is first published, and never edited
afterwards.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from deploy.contracts.events import KEYS, OTHER_KEYS, Described, all_events, topic_at
from shared import strict_json
from shared.clock import Clock
from shared.delivery.records import Record, event_types, read_event
from shared.delivery.submissions import read_submission
from shared.events.envelope import Event
from shared.events.inbound import Submitted
from tests.deploy.contracts.compatibility import breaks

GOLDEN = Path(__file__).parents[2] / "golden"
EVENTS = {event.name: event for event in all_events()}
NAMES = sorted(path.stem for path in (GOLDEN / "events").glob("*.json"))


def golden(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / "events" / f"{name}.json").read_text())
    return content


def record_of(name: str) -> Record:
    """The record as it lies in the log."""
    kept = golden(name)
    headers = tuple((key, value.encode()) for key, value in kept["headers"].items())
    value = None if kept["payload"] is None else json.dumps(kept["payload"]).encode()
    return Record(kept["topic"], 0, 0, kept["key"].encode(), headers, value)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def narrowed(written: Any, kept: Any) -> Any:
    """Return what was written without the fields that were added since, at any depth."""
    if isinstance(written, dict) and isinstance(kept, dict):
        return {
            field: narrowed(value, kept[field]) for field, value in written.items() if field in kept
        }
    if isinstance(written, list) and isinstance(kept, list) and len(written) == len(kept):
        return [narrowed(value, first) for value, first in zip(written, kept, strict=True)]
    return written


def test_every_type_has_a_golden_event_and_a_golden_schema() -> None:
    assert set(NAMES) == set(EVENTS)
    assert {path.stem for path in (GOLDEN / "schemas").glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", [name for name in NAMES if not EVENTS[name].is_taken])
def test_a_golden_event_is_read_by_todays_class(name: str) -> None:
    record, kept, cls = record_of(name), golden(name), EVENTS[name].model
    assert issubclass(cls, Event)

    event = read_event(record, {cls.type(): cls}, event_types())

    assert event is not None
    assert (event.key, event.headers()) == (kept["key"], kept["headers"])
    assert narrowed(json.loads(event.payload() or b"null"), kept["payload"]) == kept["payload"]


@pytest.mark.parametrize("name", [name for name in NAMES if EVENTS[name].is_taken])
def test_a_golden_submission_is_read_by_todays_contract(name: str) -> None:
    contract = EVENTS[name].model
    assert issubclass(contract, Submitted)

    submission = read_submission(record_of(name), Clock())

    assert (submission.type, submission.publisher) == (contract.type, "974760673")
    assert contract.model_validate(submission.content)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_event_fits_its_own_schema_and_todays(name: str) -> None:
    kept, event = golden(name), EVENTS[name]
    first: dict[str, Any] = json.loads((GOLDEN / "schemas" / event.file).read_text())

    validator(first).validate(kept["payload"])
    validator(event.schema()).validate(kept["payload"])
    validator(event.headers()).validate(kept["headers"])


@pytest.mark.parametrize("name", NAMES)
def test_todays_schema_keeps_the_promises_of_the_first(name: str) -> None:
    event = EVENTS[name]
    first: dict[str, Any] = json.loads((GOLDEN / "schemas" / event.file).read_text())

    assert list(breaks(first, event.schema(), taken=event.is_taken)) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_key_follows_from_the_payload_as_the_contract_says(name: str) -> None:
    kept, event = golden(name), EVENTS[name]
    if name in OTHER_KEYS:
        return
    named = kept["payload"] or {"person_id": kept["key"]}
    assert kept["key"] == KEYS[event.aggregate].format(**named)
    assert kept["headers"]["ce_subject"] == kept["key"]


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_every_type_goes_to_a_topic_that_is_made(event: Described) -> None:
    assert topic_at(event.address)


@pytest.mark.parametrize("name", ["reporting.AbsenceFigurePosted.v1", "metrics.MetricUpdated.v1"])
def test_consumers_ignore_fields_that_they_do_not_know(name: str) -> None:
    kept, cls = golden(name), EVENTS[name].model
    assert issubclass(cls, Event)
    later = json.dumps(kept["payload"] | {"a_later_field": {"x": 1}}).encode()

    event = cls.from_wire(kept["headers"]["ce_id"], kept["headers"]["ce_time"], later)

    assert event == cls.from_wire(
        kept["headers"]["ce_id"], kept["headers"]["ce_time"], json.dumps(kept["payload"]).encode()
    )


@pytest.mark.parametrize("name", [name for name in NAMES if EVENTS[name].is_taken])
def test_publishers_send_no_field_that_the_contract_does_not_name(name: str) -> None:
    kept, event = golden(name), EVENTS[name]
    more = kept["payload"] | {"employee": "Ola"}

    assert not validator(event.schema()).is_valid(more)
    with pytest.raises(ValueError, match="Extra inputs"):
        event.model.model_validate(strict_json.loads(json.dumps(more).encode()))
