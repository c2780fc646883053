"""Whether a changed schema still keeps the promise of an earlier one.

For an event that we publish, old consumers must understand what is written today, and today's
consumers what stands in the log since then; so nothing may change but that fields are added which
may be absent. For what publishers send, what was good before must be good today; a schema may
become more lenient. The documents that compare here have no `$ref`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TEXTS = frozenset({"title", "description", "default", "examples", "$id", "$schema", "$comment"})
_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


def breaks(before: Schema, now: Schema, *, taken: bool, place: str = "") -> Iterator[str]:
    """Yield what a change breaks, one sentence each.

    Args:
        taken: publishers send it to us; otherwise we publish it.
    """
    yield from _fields(before, now, taken=taken, place=place)
    for name in ("items", "additionalProperties"):
        if isinstance(before.get(name), dict) and isinstance(now.get(name), dict):
            yield from breaks(before[name], now[name], taken=taken, place=f"{place}/{name}")
        elif before.get(name) != now.get(name) and not (taken and now.get(name) in (None, True)):
            yield f"{place or '/'}: {name} was {before.get(name)}, is {now.get(name)}"
    if "anyOf" in before or "anyOf" in now:
        yield from _choices(before, now, taken=taken, place=place)
    else:
        yield from _values(before, now, taken=taken, place=place)


def _fields(before: Schema, now: Schema, *, taken: bool, place: str) -> Iterator[str]:
    fields, fields_now = before.get("properties", {}), now.get("properties", {})
    required, required_now = set(before.get("required", ())), set(now.get("required", ()))
    for name in fields:
        if name not in fields_now:
            yield f"{place}/{name} was removed"
        else:
            yield from breaks(fields[name], fields_now[name], taken=taken, place=f"{place}/{name}")
    for name in sorted(required_now - required):
        yield f"{place}/{name} is required now"
    for name in sorted(required - required_now) if not taken else ():
        yield f"{place}/{name} may be absent now, and consumers count on it"


def _choices(before: Schema, now: Schema, *, taken: bool, place: str) -> Iterator[str]:
    """Compare unions by their alternatives; a schema without `anyOf` is a union of one."""
    alternatives, alternatives_now = (
        schema.get("anyOf", [_bare(schema)]) for schema in (before, now)
    )
    for alternative in alternatives:
        if all(any(breaks(alternative, each, taken=taken)) for each in alternatives_now):
            yield f"{place or '/'} does not take {_bare(alternative)} any longer"
    for alternative in alternatives_now if not taken else ():
        if all(any(breaks(each, alternative, taken=taken)) for each in alternatives):
            yield (
                f"{place or '/'} may hold {_bare(alternative)} now, and consumers do not know that"
            )


def _values(before: Schema, now: Schema, *, taken: bool, place: str) -> Iterator[str]:
    known = {"properties", "required", "items", "additionalProperties", "anyOf", *_TEXTS}
    for name in sorted((before.keys() | now.keys()) - known):
        was, is_ = before.get(name), now.get(name)
        if was == is_ or (taken and _is_wider(name, was, is_)):
            continue
        yield f"{place or '/'}: {name} was {was}, is {is_}"


def _is_wider(name: str, was: Any, is_: Any) -> bool:
    if is_ is None:
        return name != "type"
    if was is None:
        return False
    if name in _LOWER:
        return bool(is_ <= was)
    if name in _UPPER:
        return bool(is_ >= was)
    return name == "enum" and set(was) <= set(is_)


def _bare(schema: Schema) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in _TEXTS}
