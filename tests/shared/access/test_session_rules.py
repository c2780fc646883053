"""A session's cookie: only our keys write and read it, and it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.access import sessions
from shared.access.sessions import Lifetime, Session, SessionKeys

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIRST, SECOND = "first-" + "k" * 32, "second-" + "k" * 32
SESSION = sessions.begin("person/0b54a9a6-8c0e-4d53-9a7e-6d0a9c1f2e11", now=NOW)
LIFETIME = Lifetime(idle=timedelta(minutes=30), absolute=timedelta(minutes=120))


def test_a_cookie_is_read_by_who_has_the_key_and_by_nobody_else() -> None:
    cookie = SessionKeys(FIRST).write(SESSION)
    assert SessionKeys(FIRST).read(cookie) == SESSION
    assert SessionKeys(SECOND).read(cookie) is None
    assert SESSION.subject not in cookie


def test_keys_are_changed_with_an_overlap() -> None:
    old = SessionKeys(FIRST).write(SESSION)
    both = SessionKeys(f"{SECOND} {FIRST}")
    assert both.read(old) == SESSION
    assert SessionKeys(SECOND).read(both.write(SESSION)) == SESSION


def forged() -> list[str]:
    """Cookies that somebody without the key could send."""
    cookie = SessionKeys(FIRST).write(SESSION)
    head, *rest = cookie.split(".")
    signed = jwt.encode({"alg": "HS256"}, {"sub": "operator"}, OctKey.import_key(FIRST))
    return [
        "",
        "x",
        "....",
        cookie[:-4],
        cookie + "A",
        ".".join([head, *rest[:-1], "A" * 22]),
        ".".join(["eyJhbGciOiJub25lIn0", *rest]),
        ".".join(["eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0", *rest]),
        signed,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcGVyYXRvciJ9.",
        "å" * 40,
    ]


@pytest.mark.parametrize("cookie", forged())
def test_a_forged_cookie_is_nobodys(cookie: str) -> None:
    assert SessionKeys(FIRST).read(cookie) is None


@pytest.mark.parametrize(
    ("used", "now", "over"),
    [
        (0, 29, False),
        (0, 31, True),
        (110, 119, False),
        (110, 121, True),
    ],
)
def test_a_session_ends_unused_and_in_any_case(used: int, now: int, over: bool) -> None:
    session = replace(SESSION, used_at=NOW + timedelta(minutes=used))
    assert session.is_over(NOW + timedelta(minutes=now), LIFETIME) is over


def test_a_form_is_known_by_its_sessions_token() -> None:
    other = sessions.begin("operator", now=NOW)
    assert SESSION.sent(SESSION.form_token)
    assert not any(SESSION.sent(token) for token in (None, "", other.form_token))


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="at least 32 characters, one has 5") as refused:
        SessionKeys("short")
    assert "short" not in str(refused.value)


def test_without_a_key_nobody_comes_in() -> None:
    assert not SessionKeys("").are_there
    assert SessionKeys("").read("anything") is None


def test_a_person_is_told_from_the_operator() -> None:
    assert SESSION.person_id is not None
    assert Session("operator", "t", NOW, NOW).person_id is None
