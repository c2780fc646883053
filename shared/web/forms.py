"""Forms of pages: reading what a browser sends, and making sure that one of ours made it."""

from urllib.parse import parse_qsl

from fastapi import Request

from shared.access.sessions import Session
from shared.errors import NotAllowed, NotAuthenticated, RuleBroken
from shared.fields import refuse_unseen
from shared.http.session_cookie import session_of
from shared.identity_numbers import refuse_identity_numbers

FIELDS_MAX = 200
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field


async def read_form(request: Request) -> dict[str, str]:
    """Read a form; of a field that stands twice the last one.

    Raises:
        RuleBroken: as `read_fields`.
    """
    return {name: value.strip() for name, value in read_fields(await request.body())}


def read_fields(body: bytes, *, count_max: int = FIELDS_MAX) -> list[tuple[str, str]]:
    """Read the fields of a form (application/x-www-form-urlencoded) in their order.

    Raises:
        RuleBroken: `form-malformed`; `personal-identity-number`, `text-unseen`, as at every door.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=count_max
        )
    except ValueError:
        raise RuleBroken("the form cannot be read", code="form-malformed") from None
    for name, value in pairs:
        refuse_identity_numbers({name: value})
        refuse_unseen({name: value})
    return pairs


async def read_own_form(request: Request) -> dict[str, str]:
    """Read a form that a page of the request's own session made.

    Raises:
        NotAuthenticated: there is no session.
        NotAllowed: `form-foreign`; another site, or another session, made it.
        RuleBroken: as `read_form`.
    """
    fields = await read_form(request)
    if not own_session(request).sent(fields.pop(FORM_TOKEN, None)):
        raise NotAllowed("the form is not one of this session's", code="form-foreign")
    return fields


def own_session(request: Request) -> Session:
    """Return the session that a page is made for.

    Raises:
        NotAuthenticated: there is none.
    """
    session = session_of(request)
    if session is None:
        raise NotAuthenticated("this page is for people who signed in")
    return session
