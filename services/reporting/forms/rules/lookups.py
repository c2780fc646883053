"""Functions of expressions that look at the form: texts, options, language, arguments, display."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from services.reporting.forms.rules.context import Context, Text, Variable
from services.reporting.forms.rules.dates import parse_date
from services.reporting.forms.rules.functions import check_count
from services.reporting.forms.rules.layout import Component, lookup
from services.reporting.forms.rules.outcome import Outcome
from services.reporting.forms.rules.values import ExpressionFailed, Value, plain, shown, to_text

_ROW_MARK = re.compile(r"\[\{(\d+)\}\]")
_WITHOUT_VALUE = frozenset({"Paragraph", "Header", "Group", "RepeatingGroup", "Summary"})


def _format_date(arguments: Sequence[Value], context: Context) -> Value:
    check_count("formatDate", arguments, 1, 2)
    moment = parse_date(arguments[0])
    if moment is None:
        return None
    pattern = to_text(arguments[1]) if len(arguments) > 1 else None
    return context.format_date(moment.at, pattern, context.language)


def _language(arguments: Sequence[Value], context: Context) -> Value:
    check_count("language", arguments, 0, 0)
    return context.language


def _text(arguments: Sequence[Value], context: Context) -> Value:
    check_count("text", arguments, 1, 1)
    key = to_text(arguments[0])
    return None if key is None else written_out(key, context)


def written_out(key: str, context: Context) -> str:
    """Return a text of the form with its variables; of an unknown key the key itself."""
    text = context.texts.get(key, Text(key))
    told = text.value
    for number, variable in enumerate(text.variables):
        told = told.replace(f"{{{number}}}", _variable(variable, context))
    return told


def _variable(variable: Variable, context: Context) -> str:
    source, _, model = variable.source.partition(".")
    found: Value = None
    if source == "dataModel":
        rows = context.layout.row_paths(context.place)
        own = context.place.rows if context.place else ()
        path = _ROW_MARK.sub(
            lambda mark: f"[{own[int(mark[1])]}]" if int(mark[1]) < len(own) else "", variable.key
        )
        found = plain(lookup(context.model(model), path, rows))
    written = to_text(found)
    if written is not None:
        return written
    return variable.key if variable.default is None else variable.default


def _option_label(arguments: Sequence[Value], context: Context) -> Value:
    check_count("optionLabel", arguments, 2, 2)
    list_id, chosen = (to_text(argument) for argument in arguments)
    if list_id is None or list_id not in context.options:
        raise ExpressionFailed(f"Could not find options with id {shown(list_id)}")
    return _label(context.options[list_id], chosen, context)


def _label(options: Sequence[tuple[str, str]], chosen: str | None, context: Context) -> str | None:
    labels = (label for value, label in options if value == chosen)
    label = next(labels, None)
    return None if label is None else written_out(label, context)


def _argument(arguments: Sequence[Value], context: Context) -> Value:
    check_count("argv", arguments, 1, 1)
    if not context.arguments:
        raise ExpressionFailed("No positional arguments available")
    index = arguments[0]
    if not isinstance(index, Decimal) or not 0 <= index < len(context.arguments):
        raise ExpressionFailed(f"Index {shown(index)} out of range")
    return context.arguments[int(index)]


def _value(arguments: Sequence[Value], context: Context) -> Value:
    check_count("value", arguments, 0, 1)
    key = to_text(arguments[0]) if arguments else context.default_value
    if key not in context.values:
        known = ", ".join(context.values)
        raise ExpressionFailed(f"Unknown key {key}, Valid keys are: {known}")
    return context.values[str(key)]


def display_value(component: Component, context: Context, given: Outcome | None) -> str | None:
    """Return what a component shows, as a person reads it.

    Args:
        given: the value that the layout gives the component itself, where it does.

    Raises:
        ExpressionFailed: the component shows no value.
    """
    if component.type in _WITHOUT_VALUE:
        raise ExpressionFailed(f"Component {component.component_id} does not have a displayValue")
    if given is not None:
        value = to_text(given.value)
    else:
        rows = context.layout.row_paths(context.place)
        bound = {
            name: to_text(plain(lookup(context.model(binding.model), binding.path, rows)))
            for name, binding in component.bindings.items()
        }
        value = bound.get("simpleBinding", _together(component, bound))
    if value is None:
        return None
    return _as_shown(component, value, context)


def _together(component: Component, bound: Mapping[str, str | None]) -> str | None:
    shown_one = component.settings.get("bindingToShowInSummary")
    if shown_one is not None:
        names = [name for name, one in component.bindings.items() if one.path == shown_one]
        return next((bound[name] for name in names), None)
    values = [value for value in bound.values() if value]
    return (" " if component.type == "Address" else ", ").join(values) or None


def _as_shown(component: Component, value: str, context: Context) -> str | None:
    match component.type:
        case "Date" | "Datepicker":
            moment = parse_date(value)
            if moment is None:
                return None
            return context.format_date(moment.at, None, context.language)
        case "Checkboxes" | "MultipleSelect":
            chosen = (_label(component.options, one, context) for one in value.split(","))
            return ", ".join(label for label in chosen if label is not None)
        case "Map":
            return ", ".join(part.strip() for part in value.split(","))
    if component.options:
        return _label(component.options, value, context)
    formatting = component.settings.get("formatting")
    number = formatting.get("number") if isinstance(formatting, Mapping) else None
    if isinstance(number, Mapping):
        return f"{number.get('prefix', '')}{value}{number.get('suffix', '')}"
    return value


FUNCTIONS: dict[str, Callable[[Sequence[Value], Context], Value]] = {
    "formatDate": _format_date,
    "language": _language,
    "text": _text,
    "optionLabel": _option_label,
    "argv": _argument,
    "value": _value,
}
