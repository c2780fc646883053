"""Forms of pages are a door like the others: read whole, or refused by name."""

from urllib.parse import urlencode

import pytest

from shared.errors import RuleBroken
from shared.web.forms import FIELDS_MAX, read_fields


def test_the_fields_of_a_form_come_in_their_order_with_empty_ones() -> None:
    fields = [("a", "1"), ("b", ""), ("a", "blåbær & fløyte\r\nto linjer")]

    assert read_fields(urlencode(fields).encode()) == fields


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"a=%ff", "form-malformed"),
        ("a=å".encode(), "form-malformed"),
        (b"a=1&" * (FIELDS_MAX + 1), "form-malformed"),
        (urlencode({"reason": "gjeld 15908600182"}).encode(), "personal-identity-number"),
        (urlencode({"15108600036": "x"}).encode(), "personal-identity-number"),
        (urlencode({"name": "Vef\u202esn"}).encode(), "text-unseen"),
        (urlencode({"name": "Vef\u200bsn"}).encode(), "text-unseen"),
        (b"name=Vef%00sn", "text-unseen"),
        (urlencode({"two\nlines": "x"}).encode(), "text-unseen"),
    ],
)
def test_a_form_that_cannot_be_read_or_holds_what_it_must_not_is_refused(
    body: bytes, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        read_fields(body)
    assert refused.value.code == code
    assert "15108600036" not in refused.value.message
