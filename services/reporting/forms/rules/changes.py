"""In what two versions of a form differ, for those who decide whether to publish."""

from collections.abc import Iterator, Mapping

from services.reporting.forms.rules.form import LANGUAGES, mapping, sequence
from services.reporting.forms.rules.schema import kinds_of
from services.reporting.forms.rules.values import Json

Definition = Mapping[str, Json]


def changes(before: Definition, now: Definition) -> Iterator[str]:
    """Yield each difference as a line: `+` what is new, `-` what is gone, `~` what is otherwise."""
    for name in ("report_kind", "valid_for", "names"):
        if before.get(name) != now.get(name):
            yield f"~ {name}"
    yield from _between("answer", _fields(before), _fields(now))
    yield from _between("component", _components(before), _components(now))
    yield from _between("page", _pages(before), _pages(now))
    yield from _between(
        "validation of", mapping(before.get("validations")), mapping(now.get("validations"))
    )
    yield from _between("options", mapping(before.get("options")), mapping(now.get("options")))
    for language in LANGUAGES:
        texts = (mapping(mapping(each.get("texts")).get(language)) for each in (before, now))
        yield from _between(f"text {language}", *texts)


def _between(what: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[str]:
    for name in [*now, *(name for name in before if name not in now)]:
        if name not in before:
            yield f"+ {what} {name}"
        elif name not in now:
            yield f"- {what} {name}"
        elif before[name] != now[name]:
            parts = sorted(_parts(before[name], now[name]))
            yield f"~ {what} {name}" + (f": {', '.join(parts)}" if parts else "")


def _parts(before: Json, now: Json) -> set[str]:
    one, other = mapping(before), mapping(now)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _fields(definition: Definition) -> dict[str, Json]:
    return {path: str(kind) for path, kind in kinds_of(mapping(definition.get("schema"))).items()}


def _components(definition: Definition) -> dict[str, Json]:
    return {
        str(mapping(one).get("id")): one
        for page in sequence(definition.get("pages"))
        for one in sequence(mapping(page).get("layout"))
    }


def _pages(definition: Definition) -> dict[str, Json]:
    return {
        str(mapping(page).get("page")): mapping(page).get("hidden", False)
        for page in sequence(definition.get("pages"))
    }
