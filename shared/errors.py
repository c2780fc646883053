"""The few kinds of error that code raises and that only the doors catch.

An error names the value and the bound, so that the person who meets it knows what to do. Each kind
has a stable `code` that outsiders may rely on; a rule with a code of its own passes it in.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault at one place of a submitted body.

    Attributes:
        code: stable code, such as `lost-above-agreed`.
        message: a sentence naming the value and the bound.
        pointer: JSON pointer to the field (RFC 6901); empty for the body as a whole.
    """

    code: str
    message: str
    pointer: str = ""


def json_pointer(*path: str | int) -> str:
    """Return the JSON pointer (RFC 6901) to a place in a JSON value; without a path, the pointer to
    the whole value, "".
    """
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


class AppError(Exception):
    """An error that is told to the person or system that asked.

    Args:
        message: a whole sentence with the value and the bound.
        code: stable code; the class's own when not given.
        errors: the single faults, where there are several.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, code: str | None = None, errors: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.errors = errors


class RuleBroken(AppError):
    """A rule of the domain says no. The same input gives the same answer, so it is never tried
    again.
    """

    default_code = "rule-broken"


class Conflict(RuleBroken):
    """The request does not fit the present state: an id used before with other content, or a lost
    update.
    """

    default_code = "conflict"


class NotFound(AppError):
    """What was asked for does not exist."""

    default_code = "not-found"


class NotAuthenticated(AppError):
    """No key was given, or one that is unknown, expired or revoked."""

    default_code = "not-authenticated"


class NotAllowed(AppError):
    """The key is known, but may not do this."""

    default_code = "not-allowed"


class Unavailable(AppError):
    """A part that is needed does not answer now; trying again later can succeed.

    Args:
        retry_after_seconds: when a new try is worth while.
    """

    default_code = "unavailable"

    def __init__(
        self, message: str, *, retry_after_seconds: int = 5, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found in a submission, be it accepted or refused.

    Attributes:
        code: stable code.
        severity: `error` refuses, `warning` asks for an explanation, `info` is only told.
        message: a sentence in English; readers translate by `code` and `message_args`.
        field: JSON pointer, where the finding is about one field.
        message_args: the values that the sentence names.
    """

    code: str
    severity: str
    message: str
    field: str | None = None
    message_args: dict[str, Any] = dataclasses.field(default_factory=dict)
