"""What an expression may look at while it is worked out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.reporting.forms.rules.layout import DEFAULT_MODEL, Layout, Place
from services.reporting.forms.rules.values import ExpressionFailed, Json, Value

FormatDate = Callable[[datetime, str | None, str], str]
"""Writes a moment by a pattern of CLDR, or the usual one, in a language."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What stands for `{0}`, `{1}`, … in a text: the answer at a path, or else a default."""

    key: str
    source: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a form in one language."""

    value: str
    variables: Sequence[Variable] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression may look at.

    Attributes:
        models: the answers by model; a form has one, `default`.
        layout: the components that can be named.
        place: the component that the expression belongs to.
        language: `nb`, `nn` or `en`.
        texts: by key, in that language.
        options: value and label by the id of a list of options.
        arguments: what a validation passes, such as the value that it judges.
        values: what the surroundings name, with the key that is meant where none is.
        format_date: how dates are written for people.
    """

    models: Mapping[str, Json]
    format_date: FormatDate
    layout: Layout = field(default_factory=lambda: Layout({}, {}))
    place: Place | None = None
    language: str = "nb"
    texts: Mapping[str, Text] = field(default_factory=dict)
    options: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    arguments: Sequence[Value] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    default_value: str | None = None

    def model(self, name: str = DEFAULT_MODEL) -> Json:
        """Return one model of the answers.

        Raises:
            ExpressionFailed: there is none of that name.
        """
        if name not in self.models:
            raise ExpressionFailed(f"Data model with type {name} not found")
        return self.models[name]
