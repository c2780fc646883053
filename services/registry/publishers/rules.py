"""A publisher: an organisation whose systems post figures, for whom it may speak, and its keys."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.registry.municipalities.rules.membership import Membership, check_memberships
from shared.errors import Conflict, RuleBroken

LIVE_KEYS_MAX = 2
"""Two, so that a key can be replaced without a gap: make the new one, switch over, revoke the old
one.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept.

    Attributes:
        key_id: the part of the key that may be shown.
        hash: SHA-256 of the whole key, in hex.
        expires_at: when it stops working; none means never.
        revoked_at: when it was taken back.
    """

    key_id: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether the key works."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Publisher:
    """An organisation that may publish.

    Attributes:
        organisation_number: nine digits, checked by their last.
        may_speak_for: the municipalities whose figures it may post, each for a time.
        keys: all that were ever made.
        revoked_at: when it lost the right to publish altogether.
        version: rises by one with every change of this state, from 1.
    """

    organisation_number: str
    name: str
    may_speak_for: tuple[Membership, ...] = ()
    keys: tuple[Key, ...] = ()
    revoked_at: datetime | None = None
    version: int = 1

    def live_keys(self, now: datetime) -> tuple[Key, ...]:
        """Return the keys that work."""
        return tuple(key for key in self.keys if key.is_live(now))


def revised_publisher(present: Publisher | None, wanted: Publisher) -> Publisher | None:
    """Judge a publisher's name and mandates that were put; none when they are as they were. Keys
    are kept.

    Raises:
        RuleBroken: `name-malformed`, `days-reversed` or `member-repeated`.
        Conflict: `publisher-revoked`.
    """
    if not wanted.name.strip():
        raise RuleBroken(
            f"a publisher's name must not be blank, got {wanted.name!r}", code="name-malformed"
        )
    check_memberships(wanted.may_speak_for)
    if present is None:
        return replace(wanted, keys=(), revoked_at=None, version=1)
    _check_not_revoked(present)
    kept = replace(present, name=wanted.name, may_speak_for=wanted.may_speak_for)
    return None if kept == present else _next(kept)


def with_key(present: Publisher, key: Key, now: datetime) -> Publisher:
    """Return the publisher with one more key.

    Raises:
        Conflict: `publisher-revoked`, or `keys-two-live`; one of the two must be revoked first.
        RuleBroken: `key-expired`; it would not work from the start.
    """
    _check_not_revoked(present)
    live = present.live_keys(now)
    if len(live) >= LIVE_KEYS_MAX:
        raise Conflict(
            f"{present.organisation_number} has {len(live)} live keys"
            f" ({', '.join(k.key_id for k in live)}), at most {LIVE_KEYS_MAX}; revoke one first",
            code="keys-two-live",
        )
    if not key.is_live(now):
        raise RuleBroken(
            f"expires_at must be after {now.isoformat()}, got {key.expires_at}", code="key-expired"
        )
    return _next(replace(present, keys=(*present.keys, key)))


def without_key(present: Publisher, key_id: str, now: datetime) -> Publisher | None:
    """Return the publisher with a key taken back; none when it was taken back before or never
    was.
    """
    if not any(key.key_id == key_id and key.revoked_at is None for key in present.keys):
        return None
    keys = tuple(
        replace(key, revoked_at=now) if key.key_id == key_id else key for key in present.keys
    )
    return _next(replace(present, keys=keys))


def revoked(present: Publisher, now: datetime) -> Publisher | None:
    """Return the publisher without the right to publish, its keys taken back; none when it had lost
    it before.
    """
    if present.revoked_at is not None:
        return None
    keys = tuple(
        key if key.revoked_at is not None else replace(key, revoked_at=now) for key in present.keys
    )
    return _next(replace(present, keys=keys, revoked_at=now))


def reinstated(present: Publisher) -> Publisher | None:
    """Return the publisher with the right to publish again, still without keys; none when it has
    the right.
    """
    return None if present.revoked_at is None else _next(replace(present, revoked_at=None))


def _next(publisher: Publisher) -> Publisher:
    return replace(publisher, version=publisher.version + 1)


def _check_not_revoked(publisher: Publisher) -> None:
    if publisher.revoked_at is not None:
        raise Conflict(
            f"publisher {publisher.organisation_number} was revoked at"
            f" {publisher.revoked_at.isoformat()}; lift the revocation first",
            code="publisher-revoked",
        )
