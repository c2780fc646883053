"""Reading what a publisher handed in by its contract, the same for HTTP and Kafka."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.reporting.submissions.rules import Arrival
from shared import identity_numbers
from shared.errors import FieldError, RuleBroken, json_pointer
from shared.events.inbound import Submitted
from shared.identity_numbers import place_of_identity_number
from shared.values import is_within_contract
from shared.values.ids import read_uuid

FAULTS_MAX = 20
"""Faults that one answer names; a body of a megabyte can have tens of thousands."""

SHOWN_LENGTH_MAX = 60
"""Characters of a value, a key or an id that an answer repeats."""

_CODES = {
    "extra_forbidden": "unknown-field",
    "missing": "field-missing",
    "decimal_malformed": "decimal-malformed",
    "period_malformed": "period-malformed",
    "id_malformed": "id-malformed",
    "text_unseen": "text-unseen",
}
S = TypeVar("S", bound=Submitted)


@dataclass(frozen=True)
class Entry:
    """One submission as it came in through either door, its envelope read and its content not yet
    judged.

    Attributes:
        submission_id: the publisher's id as it was sent, of whatever type; None when there is none.
        publisher: organisation number.
        content: the JSON value, without the id.
        origin: `http` or the record's place in the log.
        attributes: what the envelope says besides id and type; nothing is done with them, but
            persons' data is not taken there either.
        arrived_at: when it came, to the millisecond: when the broker appended the record, or when
            the request came.
    """

    submission_id: object
    publisher: str
    content: Any
    origin: str
    arrived_at: datetime
    attributes: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def arrival(self) -> Arrival:
        """Its place in the order of everything that is taken."""
        return Arrival.of(self.arrived_at, self.origin)

    @cached_property
    def uuid(self) -> UUID | None:
        """The id, if it is one."""
        return read_uuid(self.submission_id)

    @property
    def shown_id(self) -> str | None:
        """The id as an answer may repeat it; see `shown_id`."""
        return shown_id(self.submission_id)


def shown_id(sent: object) -> str | None:
    """Return an id as an answer may repeat it: a UUID as it was sent, so that its sender finds it
    again, anything else cut short; None for a person's number.
    """
    if sent is None or place_of_identity_number(sent) is not None:
        return None
    return printable(str(sent))


def read_contract(contract: type[S], entry: Entry) -> S:
    """Read a body by its contract.

    Raises:
        RuleBroken: every fault, with JSON pointers; `personal-identity-number` if one stands
            anywhere in the entry.
    """
    refuse_identity_numbers(entry)
    body, faults = validated(contract, entry.content)
    if body is None:
        raise refusal(faults)
    return body


def hash_of(body: Submitted) -> bytes:
    """Return the SHA-256 of a body's canonical form, by which a repetition is told from other
    content.

    What has its default is left out, so that a field that a later version of the contract adds does
    not make another body of yesterday's. Numbers count by their value: 86.0 is 86.00.
    """
    defaults = _defaults(type(body))
    content = {
        name: value
        for name, value in vars(body).items()
        if name not in defaults or value != defaults[name]
    }
    return hashlib.sha256(_CANONICAL.encode(content).encode()).digest()


def read_id(entry: Entry, *, pointer: str = "/figure_id") -> UUID:
    """Read a publisher's id.

    Raises:
        RuleBroken: `field-missing`, or `id-malformed`: it is no UUID as RFC 9562 writes it.
    """
    if entry.submission_id is None:
        raise refusal((FieldError("field-missing", f"{pointer} is missing", pointer),))
    if entry.uuid is None:
        sentence = (
            f"{pointer}: the id must be a UUID as RFC 9562 writes it, got"
            f" {_shown(entry.submission_id)}"
        )
        raise refusal((FieldError("id-malformed", sentence, pointer),))
    return entry.uuid


def refusal(faults: tuple[FieldError, ...]) -> RuleBroken:
    """Put faults into one error: its code is that of the first, its sentence names some, its list
    the first of all.
    """
    named = "; ".join(fault.message for fault in faults[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return RuleBroken(named + more, code=faults[0].code, errors=faults[:FAULTS_MAX])


def refuse_identity_numbers(entry: Entry) -> None:
    """Refuse an entry that holds data about a person, whatever else is wrong with it.

    Raises:
        RuleBroken: `personal-identity-number`.
    """
    for part in (entry.content, entry.attributes, entry.submission_id):
        identity_numbers.refuse_identity_numbers(part)


def printable(text: str) -> str:
    """Return the beginning of a stranger's text, fit for a log, a header or an answer."""
    return "".join(char if char.isprintable() else "?" for char in text[:SHOWN_LENGTH_MAX])


def validated(contract: type[S], content: Any) -> tuple[S | None, tuple[FieldError, ...]]:
    """Return a body read by its contract, or None and what is wrong with it."""
    try:
        return contract.model_validate(content), ()
    except ValidationError as error:
        return None, tuple(_fault(fault) for fault in error.errors(include_url=False))


def _fault(fault: ErrorDetails) -> FieldError:
    pointer = json_pointer(*(str(part)[:SHOWN_LENGTH_MAX] for part in fault["loc"]))
    kind = fault["type"]
    code = _CODES.get(kind, "schema-mismatch")
    name = pointer or "the body"
    match kind:
        case "decimal_malformed" | "period_malformed":
            sentence = f"{name}: {fault['msg']}"
        case "extra_forbidden":
            sentence = f"{name} is not a field of this contract; remove it"
        case "missing":
            sentence = f"{name} is missing"
        case "model_type" | "dict_type":
            sentence = f"{name} must be a JSON object, got {_shown(fault['input'])}"
        case _:
            sentence = f"{name}: {fault['msg']}, got {_shown(fault['input'])}"
    return FieldError(code, sentence, pointer)


def _shown(value: object) -> str:
    match value:
        case dict():
            return "a JSON object"
        case list():
            return f"a list of {len(value)}"
        case str():
            return repr(value[:SHOWN_LENGTH_MAX]) + ("…" if len(value) > SHOWN_LENGTH_MAX else "")
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
    return str(value)[:SHOWN_LENGTH_MAX]


@cache
def _defaults(contract: type[Submitted]) -> dict[str, Any]:
    return {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in contract.model_fields.items()
        if not field.is_required()
    }


def _canonical(value: object) -> object:
    match value:
        case Decimal():
            # A report's answers may hold any number; written out, one of ten bytes can have a
            # million digits.
            return format(value.normalize(), "f") if is_within_contract(value) else str(value)
        case BaseModel():
            return vars(value)
    return str(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, default=_canonical)
