"""A small form with one of everything."""

from copy import deepcopy
from typing import Any

TEXTS = (
    "goals",
    "baseline",
    "target",
    "change",
    "total",
    "has-goals",
    "why",
    "yes",
    "no",
    "started",
    "target-too-far",
    "why-short",
)
FORM: dict[str, Any] = {
    "form_id": "sample",
    "report_kind": "annual",
    "valid_for": {"programme_id": "saman-2011"},
    "names": {"nb": "Prøve", "nn": "Prøve", "en": "Sample"},
    "schema": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "has_goals": {"type": "string", "enum": ["yes", "no"]},
            "why": {"type": "string", "maxLength": 2000},
            "started": {"type": "string", "format": "date"},
            "goals": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "baseline": {"type": "number"},
                        "target": {"type": "number"},
                        "change": {"type": "number"},
                    },
                },
            },
            "total": {"type": "number"},
        },
    },
    "pages": [
        {
            "page": "goals",
            "layout": [
                {
                    "id": "has-goals",
                    "type": "RadioButtons",
                    "optionsId": "yes-no",
                    "dataModelBindings": {"simpleBinding": "has_goals"},
                    "textResourceBindings": {"title": "has-goals"},
                    "required": True,
                },
                {
                    "id": "why",
                    "type": "TextArea",
                    "dataModelBindings": {"simpleBinding": "why"},
                    "textResourceBindings": {"title": "why"},
                    "hidden": ["notEquals", ["dataModel", "has_goals"], "no"],
                    "required": True,
                },
                {
                    "id": "started",
                    "type": "Datepicker",
                    "dataModelBindings": {"simpleBinding": "started"},
                    "textResourceBindings": {"title": "started"},
                },
                {
                    "id": "goals",
                    "type": "RepeatingGroup",
                    "children": ["baseline", "target", "change"],
                    "dataModelBindings": {"group": "goals"},
                    "textResourceBindings": {"title": "goals"},
                    "hidden": ["equals", ["dataModel", "has_goals"], "no"],
                    "maxCount": 10,
                },
                {
                    "id": "baseline",
                    "type": "Input",
                    "dataModelBindings": {"simpleBinding": "goals.baseline"},
                    "textResourceBindings": {"title": "baseline"},
                    "required": True,
                },
                {
                    "id": "target",
                    "type": "Input",
                    "dataModelBindings": {"simpleBinding": "goals.target"},
                    "textResourceBindings": {"title": "target"},
                },
                {
                    "id": "change",
                    "type": "Input",
                    "dataModelBindings": {"simpleBinding": "goals.change"},
                    "textResourceBindings": {"title": "change"},
                    "calculation": ["minus", ["component", "target"], ["component", "baseline"]],
                },
                {
                    "id": "total",
                    "type": "Input",
                    "dataModelBindings": {"simpleBinding": "total"},
                    "textResourceBindings": {"title": "total"},
                    "calculation": ["sum", "goals.change"],
                },
            ],
        }
    ],
    "validations": {
        "goals.target": [
            {
                "condition": ["greaterThan", ["dataModel", ["argv", 0]], 100],
                "message": "target-too-far",
                "severity": "warning",
            }
        ],
        "why": [
            {
                "condition": ["lessThan", ["stringLength", ["dataModel", "why"]], 10],
                "message": "why-short",
            }
        ],
    },
    "options": {
        "yes-no": [{"value": "yes", "label": "yes"}, {"value": "no", "label": "no"}],
    },
    "texts": {
        language: {key: f"{key} ({language})" for key in TEXTS} for language in ("nb", "nn", "en")
    },
}


def form(**changes: Any) -> dict[str, Any]:
    """Return the definition with parts of it changed."""
    return deepcopy(FORM) | changes


def component(definition: dict[str, Any], component_id: str) -> dict[str, Any]:
    """Return a component of a definition, to change it."""
    found: dict[str, Any] = next(
        one for page in definition["pages"] for one in page["layout"] if one["id"] == component_id
    )
    return found
