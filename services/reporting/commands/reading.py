"""Reading what a publisher handed in, the same for HTTP and Kafka: contract first, then the values of the domain."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from stdnum.no import fodselsnummer

from services.reporting.domain import Draft, Window
from shared.errors import FieldError, RuleBroken
from shared.events.inbound import AbsenceFigurePosted, Submitted
from shared.values import Certification, Definition, Denominator, Period, Source

_ELEVEN_DIGITS = re.compile(r"(?<![\w.-])(\d{6})[ .]?(\d{5})(?![\w-])", re.ASCII)
_CODES = {
    "extra_forbidden": "unknown-field",
    "missing": "field-missing",
    "decimal_malformed": "decimal-malformed",
    "period_malformed": "period-malformed",
}
S = TypeVar("S", bound=Submitted)


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission as it came in through either door, its envelope read and its content not yet judged.

    Attributes:
        submission_id: the publisher's id, as text; not yet known to be a UUID.
        publisher: organisation number, or `operator`.
        content: the JSON object.
        origin: `http` or the record's place in the log.
    """

    submission_id: str
    publisher: str
    content: Mapping[str, Any]
    origin: str


def read_contract(contract: type[S], content: Mapping[str, Any]) -> S:
    """Read a body by its contract.

    Raises:
        RuleBroken: every fault, with JSON pointers; `personal-identity-number` if one stands anywhere in the body.
    """
    _refuse_identity_numbers(content)
    try:
        return contract.model_validate(content)
    except ValidationError as error:
        faults = tuple(_fault(fault) for fault in error.errors(include_url=False))
        raise refusal(faults) from None


def read_figure(entry: Entry) -> Draft:
    """Read a figure's body into the domain's value.

    Raises:
        RuleBroken: `id-malformed`, or as `read_contract`.
    """
    figure_id = read_id(entry.submission_id)
    body = read_contract(AbsenceFigurePosted, entry.content)
    definition = body.definition
    return Draft(
        figure_id=figure_id,
        publisher=entry.publisher,
        number=body.municipality,
        unit=body.unit or "",
        period=Period.parse(body.period),
        window=Window(body.window),
        lost_days=body.lost_days,
        agreed_days=body.agreed_days,
        rate_percent=body.rate_percent,
        weight_kind=body.weight_kind,
        weight=body.weight,
        persons=body.persons,
        definition=Definition(
            Certification(definition.certification),
            Denominator(definition.denominator),
            definition.holiday_corrected,
            Source(definition.source),
        ),
        note=body.note,
        generated=body.generated,
        body_hash=hash_of(body),
        origin=entry.origin,
    )


def hash_of(body: Submitted) -> bytes:
    """Return the SHA-256 of a body's canonical form: its fields as read, sorted, decimals as written."""
    return hashlib.sha256(json.dumps(body.model_dump(mode="json"), sort_keys=True).encode()).digest()


def read_id(text: str) -> UUID:
    """Read a publisher's id.

    Raises:
        RuleBroken: `id-malformed`; it is no UUID.
    """
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        fault = FieldError("id-malformed", f"the id must be a UUID, got {str(text)[:60]!r}", "/figure_id")
        raise refusal((fault,)) from None


def refusal(faults: tuple[FieldError, ...]) -> RuleBroken:
    """Put faults into one error: its code is that of the first, its sentence names all."""
    return RuleBroken("; ".join(fault.message for fault in faults[:5]), code=faults[0].code, errors=faults)


def _fault(fault: Any) -> FieldError:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in fault["loc"])
    kind = fault["type"]
    code = _CODES.get(kind, "schema-mismatch")
    name = pointer or "the body"
    value = fault.get("input")
    if kind in ("decimal_malformed", "period_malformed"):
        return FieldError(code, f"{name}: {fault['msg']}", pointer)
    if kind == "extra_forbidden":
        return FieldError(code, f"{name} is not a field of this contract; remove it", pointer)
    if kind == "missing":
        return FieldError(code, f"{name} is missing", pointer)
    return FieldError(code, f"{name}: {fault['msg']}, got {_shown(value)}", pointer)


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"a {'JSON object' if isinstance(value, dict) else 'list'}"
    return repr(value)[:60]


def _refuse_identity_numbers(content: Any, pointer: str = "") -> None:
    """Look through every key and value; the number itself is neither kept nor repeated in the answer."""
    match content:
        case Mapping():
            for key, value in content.items():
                if _holds_identity_number(str(key)):
                    _refuse_person(pointer)
                _refuse_identity_numbers(value, f"{pointer}/{key}")
        case list():
            for place, value in enumerate(content):
                _refuse_identity_numbers(value, f"{pointer}/{place}")
        case bool() | None:
            return
        case _:
            if _holds_identity_number(str(content)):
                _refuse_person(pointer)


def _holds_identity_number(text: str) -> bool:
    return len(text) >= 11 and any(
        fodselsnummer.is_valid(found[1] + found[2]) for found in _ELEVEN_DIGITS.finditer(text)
    )


def _refuse_person(pointer: str) -> None:
    fault = FieldError(
        "personal-identity-number",
        f"{pointer or 'the body'} holds a national identity number; data about persons is not taken, nothing was kept",
        pointer,
    )
    raise refusal((fault,))
