"""The kinds of components that forms are made of, and what each can take."""

from collections.abc import Mapping

from services.reporting.forms.rules.layout import REPEATING
from services.reporting.forms.rules.schema import Kind

GROUP, GRID, SUMMARY = "Group", "Grid", "Summary"

TAKES: Mapping[str, frozenset[Kind]] = {
    "Header": frozenset(),
    "Paragraph": frozenset(),
    SUMMARY: frozenset(),
    GROUP: frozenset(),
    GRID: frozenset(),
    REPEATING: frozenset({Kind.ROWS}),
    "Input": frozenset({Kind.TEXT, Kind.NUMBER}),
    "TextArea": frozenset({Kind.TEXT}),
    "Datepicker": frozenset({Kind.DATE}),
    "RadioButtons": frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.NUMBER}),
    "Likert": frozenset({Kind.TEXT, Kind.NUMBER}),
    "Dropdown": frozenset({Kind.TEXT, Kind.NUMBER}),
    "Checkboxes": frozenset({Kind.TEXT}),
}
"""By Altinn's name: what may stand where the component is bound to; none is for those that take no
answer. `Likert` is one question with a scale, where Altinn has several in one component.
"""

CHOICES = frozenset({"RadioButtons", "Likert", "Dropdown", "Checkboxes"})
"""Components that need a list of options."""

HOLDERS = frozenset({GROUP, GRID, REPEATING})
"""Components that others stand in."""
