"""What the HTTP doors for submissions have in common."""

from typing import Any

from services.reporting.submissions.judging import Rights
from shared import strict_json
from shared.access import auth
from shared.access.auth import Principal
from shared.errors import FieldError, RuleBroken
from shared.identity_numbers import refuse_identity_numbers
from shared.postgres.database import Connection

ROUTE = "/api/reporting/v1"
ORIGIN = "http"


def publisher_of(principal: Principal, body: dict[str, Any]) -> str:
    """Return for whom is posted: the key's own publisher, or the one that the operator names.

    Raises:
        RuleBroken: `publisher-missing`; the operator named nobody, or `personal-identity-number`.
    """
    if principal.organisation_number is not None:
        return principal.organisation_number
    publisher = body.pop("publisher", None)
    if not isinstance(publisher, str) or not (
        len(publisher) == 9 and publisher.isascii() and publisher.isdigit()
    ):
        refuse_identity_numbers(publisher)
        sentence = "with the operator's key, name the publisher that is posted for: nine digits"
        raise fault("publisher-missing", sentence, "/publisher")
    return publisher


async def rights_of(
    conn: Connection, principal: Principal, publisher: str, *, also_revoked: bool = False
) -> Rights:
    """Return who acts for the publisher. The operator may, but only for a publisher that there is.

    Args:
        also_revoked: what a publisher brought in before it was revoked can be taken back still.

    Raises:
        RuleBroken: `publisher-unknown`; nobody could read the receipts.
    """
    if principal.is_operator:
        known = await auth.list_publishers(conn, {publisher}, also_revoked=also_revoked)
        if publisher not in known:
            sentence = (
                f"publisher {publisher} is not"
                f" registered{'' if also_revoked else ' or was revoked'}"
            )
            raise fault("publisher-unknown", sentence, "/publisher")
    return {publisher: principal}


def read_object(raw: bytes, *, in_address: str | None = None) -> dict[str, Any]:
    """Read a body; what stands in the address may not stand in the body too, where it could
    differ.
    """
    content = strict_json.loads(raw)
    if not isinstance(content, dict):
        raise fault(
            "json-malformed", f"the body must be a JSON object, got {type(content).__name__}"
        )
    if in_address in content:
        raise fault(
            "unknown-field", f"{in_address} stands in the address; remove it", f"/{in_address}"
        )
    return content


def fault(code: str, message: str, pointer: str = "") -> RuleBroken:
    """Return one fault as an error."""
    return RuleBroken(message, code=code, errors=(FieldError(code, message, pointer),))
