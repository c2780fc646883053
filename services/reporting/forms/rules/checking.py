"""What is wrong with the definition of a form, found before anybody fills it in."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from services.reporting.forms.rules import expressions, schema
from services.reporting.forms.rules.components import CHOICES, HOLDERS, TAKES
from services.reporting.forms.rules.expressions import Known
from services.reporting.forms.rules.form import LANGUAGES, Severity, mapping, sequence
from services.reporting.forms.rules.layout import REPEATING
from services.reporting.forms.rules.schema import Kind
from services.reporting.forms.rules.values import Json
from shared.errors import FieldError

COMPONENTS_MAX = 500
"""A form that asks more than this is several forms."""

_PARTS = {
    "form_id",
    "report_kind",
    "valid_for",
    "names",
    "schema",
    "pages",
    "validations",
    "options",
    "texts",
}
_CONDITIONS = ("hidden", "hiddenRow", "required", "readOnly")

Component = Mapping[str, Json]
Definition = Mapping[str, Json]


def faults(definition: Definition) -> list[FieldError]:
    """Return everything that is wrong, with a pointer to its place; an empty list where nothing is.

    What refers to something is judged only when the parts as such can be read.
    """
    found = list(_shape(definition))
    if found:
        return found
    placed = _components(definition)
    found = list(_tree(placed))
    if found:
        return found
    known = _known(definition, placed)
    for pointer, component in placed.items():
        found += _component(pointer, component, definition, known)
    found += _pages(definition, known)
    found += _validations(definition, known)
    found += _texts(definition)
    found += _rows(placed)
    found += _circles(placed)
    found += _unreachable(placed, known)
    return found


def _fault(code: str, pointer: str, message: str) -> FieldError:
    return FieldError(f"form-{code}", message, pointer)


def _shape(definition: Definition) -> Iterator[FieldError]:
    for name in sorted(definition.keys() - _PARTS):
        yield _fault("part", f"/{name}", f'a form has no part "{name}"')
    for name in ("form_id", "report_kind"):
        if not isinstance(definition.get(name), str):
            yield _fault("part", f"/{name}", f"a form needs a {name}, a text")
    for name in ("names", "schema", "texts"):
        if not isinstance(definition.get(name), Mapping):
            yield _fault("part", f"/{name}", f"a form needs {name}, an object")
    pages = definition.get("pages")
    if not isinstance(pages, list) or not pages:
        yield _fault("part", "/pages", "a form needs pages, a list with at least one")
        return
    for number, page in enumerate(pages):
        pointer = f"/pages/{number}"
        if not isinstance(page, Mapping) or not isinstance(page.get("page"), str):
            yield _fault("part", pointer, "a page needs a name: page, a text")
        elif not isinstance(page.get("layout"), list):
            yield _fault("part", f"{pointer}/layout", "a page needs a layout, a list of components")
        else:
            yield from _layout_shape(pointer, page["layout"])


def _layout_shape(pointer: str, layout: Sequence[Json]) -> Iterator[FieldError]:
    for number, component in enumerate(layout):
        where = f"{pointer}/layout/{number}"
        if not isinstance(component, Mapping):
            yield _fault("part", where, "a component is an object")
            continue
        for name in ("id", "type"):
            if not isinstance(component.get(name), str):
                yield _fault("part", f"{where}/{name}", f"a component needs {name}, a text")


def _components(definition: Definition) -> dict[str, Component]:
    return {
        f"/pages/{number}/layout/{place}": mapping(component)
        for number, page in enumerate(sequence(definition["pages"]))
        for place, component in enumerate(sequence(mapping(page)["layout"]))
    }


def _tree(placed: Mapping[str, Component]) -> Iterator[FieldError]:
    """Judge ids and what stands in what; with a fault here no layout can be read."""
    if len(placed) > COMPONENTS_MAX:
        yield _fault(
            "size", "/pages", f"at most {COMPONENTS_MAX} components, the form has {len(placed)}"
        )
        return
    ids = Counter(str(component["id"]) for component in placed.values())
    parents: Counter[str] = Counter()
    for pointer, component in placed.items():
        if ids[str(component["id"])] > 1:
            yield _fault("id", f"{pointer}/id", f'the id "{component["id"]}" stands twice')
        for child in map(str, sequence(component.get("children"))):
            parents[child] += 1
            if child not in ids:
                yield _fault("child", f"{pointer}/children", f'there is no component "{child}"')
            elif parents[child] > 1:
                yield _fault("child", f"{pointer}/children", f'"{child}" stands in two components')
    inside = {
        str(one["id"]): {str(child) for child in sequence(one.get("children"))}
        for one in placed.values()
    }
    if circle := expressions.circle_in(inside):
        yield _fault("circle", "/pages", f"components stand in each other: {' > '.join(circle)}")


def _known(definition: Definition, placed: Mapping[str, Component]) -> Known:
    texts = [mapping(mapping(definition["texts"]).get(language)) for language in LANGUAGES]
    return Known(
        fields=schema.kinds_of(mapping(definition["schema"])),
        components={str(one["id"]): _path(one) for one in placed.values()},
        texts=frozenset().union(*texts),
        options=frozenset(mapping(definition.get("options"))),
    )


def _path(component: Component) -> str | None:
    bindings = mapping(component.get("dataModelBindings"))
    written = bindings.get("simpleBinding", bindings.get("group"))
    return written if isinstance(written, str) else None


def _component(
    pointer: str, component: Component, definition: Definition, known: Known
) -> Iterator[FieldError]:
    kind = str(component["type"])
    if kind not in TAKES:
        yield _fault(
            "component", f"{pointer}/type", f'there is no "{kind}"; known are {", ".join(TAKES)}'
        )
        return
    yield from _binding(pointer, component, known)
    if component.get("children") and kind not in HOLDERS:
        yield _fault("child", f"{pointer}/children", f'nothing can stand in a "{kind}"')
    listed = mapping(definition.get("options")).get(str(component.get("optionsId")))
    if kind in CHOICES and not sequence(listed):
        yield _fault("options", f"{pointer}/optionsId", f'a "{kind}" needs a list of options')
    for name, key in mapping(component.get("textResourceBindings")).items():
        if key not in known.texts:
            place = f"{pointer}/textResourceBindings/{name}"
            yield _fault("text", place, f'there is no text "{key}"')
    for name in _CONDITIONS:
        yield from _expression(f"{pointer}/{name}", component.get(name), known, Kind.BOOLEAN)
    path = _path(component)
    wanted = known.fields.get(path, Kind.ANY) if path else Kind.ANY
    yield from _expression(
        f"{pointer}/calculation",
        component.get("calculation"),
        known,
        wanted if wanted in (Kind.NUMBER, Kind.BOOLEAN) else Kind.ANY,
    )


def _binding(pointer: str, component: Component, known: Known) -> Iterator[FieldError]:
    kind, path = str(component["type"]), _path(component)
    taken = TAKES[kind]
    place = f"{pointer}/dataModelBindings"
    if path is None:
        if taken:
            name = "group" if kind == REPEATING else "simpleBinding"
            yield _fault("field", place, f'a "{kind}" needs a {name}: a path of the schema')
    elif path not in known.fields:
        yield _fault("field", place, f'the schema has no field "{path}"')
    elif known.fields[path] not in {*taken, Kind.ANY}:
        wanted = " or ".join(sorted(taken)) or "nothing"
        yield _fault(
            "type", place, f'a "{kind}" takes {wanted}, and "{path}" is {known.fields[path]}'
        )


def _pages(definition: Definition, known: Known) -> Iterator[FieldError]:
    names = Counter(str(mapping(page)["page"]) for page in sequence(definition["pages"]))
    for number, page in enumerate(map(mapping, sequence(definition["pages"]))):
        if names[str(page["page"])] > 1:
            yield _fault("id", f"/pages/{number}/page", f'the page "{page["page"]}" stands twice')
        yield from _expression(f"/pages/{number}/hidden", page.get("hidden"), known, Kind.BOOLEAN)


def _validations(definition: Definition, known: Known) -> Iterator[FieldError]:
    bound = set(known.components.values())
    for path, rules in mapping(definition.get("validations")).items():
        pointer = f"/validations/{path.replace('~', '~0').replace('/', '~1')}"
        if path not in bound:
            yield _fault("field", pointer, f'no component takes the answer "{path}"')
        for number, rule in enumerate(map(mapping, sequence(rules))):
            where = f"{pointer}/{number}"
            yield from _expression(f"{where}/condition", rule.get("condition"), known, Kind.BOOLEAN)
            if rule.get("message") not in known.texts:
                text = f'there is no text "{rule.get("message")}"'
                yield _fault("text", f"{where}/message", text)
            if rule.get("severity", "error") not in set(Severity):
                allowed = ", ".join(Severity)
                yield _fault("severity", f"{where}/severity", f"a severity is one of {allowed}")


def _texts(definition: Definition) -> Iterator[FieldError]:
    by_language = mapping(definition["texts"])
    for language in sorted(by_language.keys() - set(LANGUAGES)):
        known = ", ".join(LANGUAGES)
        yield _fault("text", f"/texts/{language}", f'"{language}" is none of {known}')
    keys = {key for language in LANGUAGES for key in mapping(by_language.get(language))}
    for language in LANGUAGES:
        for key in sorted(keys - mapping(by_language.get(language)).keys()):
            yield _fault("text", f"/texts/{language}", f'the text "{key}" is not in "{language}"')
    for list_id, listed in mapping(definition.get("options")).items():
        for number, option in enumerate(map(mapping, sequence(listed))):
            if option.get("label") not in keys or "value" not in option:
                place = f"/options/{list_id}/{number}"
                yield _fault("options", place, "an option needs a value and the key of a label")


def _expression(pointer: str, expression: Json, known: Known, wanted: Kind) -> Iterator[FieldError]:
    if expression is not None:
        for sentence in expressions.faults_of(expression, known, wanted=wanted):
            yield _fault("expression", pointer, sentence)


def _circles(placed: Mapping[str, Component]) -> Iterator[FieldError]:
    """Judge whether something is worked out from itself: what is shown and what is computed."""
    id_of = {path: str(one["id"]) for one in placed.values() if (path := _path(one))}
    reads: dict[str, set[str]] = {}
    for component in placed.values():
        said = [component.get(name) for name in ("hidden", "hiddenRow", "calculation")]
        named = {each for part in said for each in expressions.components_read(part)}
        if component.get("calculation") is not None:
            looked_up = expressions.paths_read(component.get("calculation"))
            named |= {id_of[path] for path in looked_up if path in id_of}
        reads[str(component["id"])] = named
    if circle := expressions.circle_in(reads):
        yield _fault("circle", "/pages", f"worked out from itself: {' > '.join(circle)}")


def _rows(placed: Mapping[str, Component]) -> Iterator[FieldError]:
    """Judge whether an expression names an answer in rows that it does not stand in itself."""
    parents = {
        str(child): one for one in placed.values() for child in sequence(one.get("children"))
    }

    def groups(component_id: str) -> list[str]:
        above = parents.get(component_id)
        if above is None:
            return []
        own = [str(above["id"])] if above["type"] == REPEATING else []
        return [*groups(str(above["id"])), *own]

    for pointer, component in placed.items():
        around = groups(str(component["id"]))
        for name in (*_CONDITIONS, "calculation"):
            for named in sorted(expressions.components_read(component.get(name))):
                inside = groups(named)
                if inside != around[: len(inside)]:
                    message = f'"{named}" has a row for each of "{inside[-1]}"; use sum or the like'
                    yield _fault("expression", f"{pointer}/{name}", message)


def _unreachable(placed: Mapping[str, Component], known: Known) -> Iterator[FieldError]:
    """Name answers that nobody can give."""
    for pointer, component in placed.items():
        if component.get("hidden") is True and _path(component) is not None:
            yield _fault("unreachable", f"{pointer}/hidden", f'"{component["id"]}" is never shown')
    bound = set(known.components.values())
    for path, kind in known.fields.items():
        if kind is not Kind.PART and path not in bound:
            yield _fault("unreachable", "/schema", f'no component takes the answer "{path}"')
