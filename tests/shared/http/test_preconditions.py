"""Nobody overwrites what they have not seen, and nobody makes anew what is there."""

import pytest

from shared.errors import Conflict
from shared.http.preconditions import Precondition, etag, is_unchanged, version_tag


@pytest.mark.parametrize("if_match", [None, "*", '"3"', '"2", "3"'])
def test_a_change_of_what_was_seen_is_made(if_match: str | None) -> None:
    Precondition(if_match).check(3)


@pytest.mark.parametrize("stale", ['"2"', "3", 'W/"3"', '"2", "4"', ""])
def test_a_change_of_what_is_no_longer_there_is_refused(stale: str) -> None:
    with pytest.raises(Conflict, match='now "3"') as refused:
        Precondition(stale).check(3)
    assert refused.value.code == "lost-update"


@pytest.mark.parametrize("if_match", ["*", '"1"'])
def test_what_was_never_there_cannot_have_been_seen(if_match: str) -> None:
    with pytest.raises(Conflict, match="now absent"):
        Precondition(if_match).check(None)


def test_something_new_is_made_once() -> None:
    new = Precondition(if_none_match="*")
    new.check(None)
    with pytest.raises(Conflict, match=r'If-None-Match \*, now "1"'):
        new.check(1)


def test_a_tag_that_must_not_be_in_force() -> None:
    Precondition(if_none_match=version_tag(2)).check(3)
    with pytest.raises(Conflict):
        Precondition(if_none_match=version_tag(3)).check(3)


@pytest.mark.parametrize(
    ("current", "known"),
    [
        ('"3"', '"3"'),
        ('"3"', 'W/"3"'),
        ('W/"3"', '"3"'),
        ('"3"', '"2", "3"'),
        ('"3"', '"2" ,W/"3",'),
        ('"a,b"', '"x", "a,b"'),
        ('"3"', "*"),
        ('"3"', " * "),
    ],
)
def test_what_a_reader_knows_is_compared_weakly(current: str, known: str) -> None:
    assert is_unchanged(current, known)


@pytest.mark.parametrize("known", ["", "3", '"2"', '"33"', "W/3", '"a", *', '"3', "3*"])
def test_what_a_reader_does_not_know_is_sent(known: str) -> None:
    assert not is_unchanged('"3"', known)


def test_there_is_nothing_to_know_where_there_is_nothing() -> None:
    assert not is_unchanged(None, "*")


def test_a_change_is_not_based_on_a_weak_tag() -> None:
    with pytest.raises(Conflict):
        Precondition('W/"3"').check(3)


def test_what_has_no_version_is_tagged_by_its_content() -> None:
    assert etag({"a": 1, "b": 2}) == etag({"b": 2, "a": 1}) != etag({"a": 2, "b": 1})


def test_what_is_shown_beside_the_version_is_another_content_and_no_other_version() -> None:
    one, other = (version_tag(3, beside={"municipalities": count}) for count in (51, 60))
    assert one != other
    assert not is_unchanged(one, other)
    Precondition(one).check(3)
    Precondition(f'{other}, "9"').check(3)
    for refusing in (Precondition(one), Precondition(if_none_match=version_tag(4, beside=1))):
        with pytest.raises(Conflict):
            refusing.check(4)
