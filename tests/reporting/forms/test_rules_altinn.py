"""Altinn's own test files for its expression language, read by ours.

`altinn.toml` names the files that need an Altinn instance, and those that we answer otherwise. In
the latter only the cases with a missing number differ; the others are run.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.reporting.forms.rules.context import Context, Text, Variable
from services.reporting.forms.rules.evaluation import evaluate
from services.reporting.forms.rules.layout import Layout, Place
from services.reporting.forms.rules.values import ExpressionFailed, plain
from services.reporting.forms.written_dates import format_date

FOLDER = Path(__file__).parent / "altinn"
LISTED = tomllib.loads(FOLDER.with_suffix(".toml").read_text())
DEVIATIONS_MAX = 10


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(), parse_float=Decimal)
    return content


def name_of(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def is_in_scope(path: Path) -> bool:
    return not any(Path(name_of(path)).match(pattern) for pattern in LISTED["out_of_scope"])


FILES = [path for path in sorted(FOLDER.rglob("*.json")) if is_in_scope(path)]
FUNCTIONS = sorted({path.parent for path in FILES if "context-lists" not in path.parts})


def cases(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every expression of a folder, with the surroundings that its file gives."""
    for path in sorted(set(FILES) & set(folder.glob("*.json"))):
        content = content_of(path)
        own = [content] if "expression" in content else []
        for case in own + content.get("testCases", []):
            yield name_of(path), content, case


def context_of(content: Mapping[str, Any]) -> Context:
    models = {"default": content.get("dataModel", {})}
    models |= {m["dataElement"]["dataType"]: m["data"] for m in content.get("dataModels", [])}
    where = content.get("context")
    named = content.get("valueArguments", {})
    return Context(
        models=models,
        format_date=format_date,
        layout=Layout.read(content.get("layouts", {})),
        place=where and Place(where["component"], tuple(where.get("rowIndices", ()))),
        language=content.get("profileSettings", {}).get("language", "nb"),
        texts={
            text["id"]: Text(
                text["value"],
                [
                    Variable(v["key"], v["dataSource"], v.get("defaultValue"))
                    for v in text.get("variables", [])
                ],
            )
            for text in content.get("textResources", [])
        },
        options={
            key: [(option["value"], option["label"]) for option in options]
            for key, options in content.get("codeLists", {}).items()
        },
        arguments=[plain(one) for one in content.get("positionalArguments", [])],
        values={key: plain(value) for key, value in named.get("data", {}).items()},
        default_value=named.get("defaultKey"),
    )


def deviates(name: str, case: Mapping[str, Any]) -> bool:
    return name in LISTED["deviations"] and None in case["expression"]


def answer_of(case: Mapping[str, Any], context: Context) -> object:
    try:
        return evaluate(case["expression"], context)
    except ExpressionFailed as failed:
        return failed


def is_as_expected(answer: object, case: Mapping[str, Any]) -> bool:
    if "expectsFailure" in case:
        return isinstance(answer, ExpressionFailed) and case["expectsFailure"] in answer.message
    return answer == plain(case["expects"])


@pytest.mark.parametrize("folder", FUNCTIONS, ids=name_of)
def test_every_expression_gives_what_altinn_expects(folder: Path) -> None:
    others = [
        (name, case["expression"], answer)
        for name, content, case in cases(folder)
        if not is_as_expected(
            answer := answer_of(case, context_of(content)),
            {"expects": None} if deviates(name, case) else case,
        )
    ]
    assert others == []


@pytest.mark.parametrize(
    "path", sorted(set(FILES) & set(FOLDER.glob("context-lists/*/*.json"))), ids=name_of
)
def test_a_form_has_the_places_that_altinn_expects(path: Path) -> None:
    content = content_of(path)
    expected = [
        (one["component"], tuple(one.get("rowIndices", ())))
        for page in content["expectedContexts"]
        for one in below(page)
    ]

    layout = Layout.read(content["layouts"])
    found = [(p.component_id, p.rows) for p in layout.places(content.get("dataModel", {}))]

    assert found == expected


def below(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in context.get("children", []):
        yield child
        yield from below(child)


def test_few_files_are_answered_otherwise_and_every_one_that_is_listed_exists() -> None:
    assert len(LISTED["deviations"]) <= DEVIATIONS_MAX
    assert all((FOLDER / name).exists() for name in LISTED["deviations"])
    assert all(list(FOLDER.glob(pattern)) for pattern in LISTED["out_of_scope"])
    assert all(is_in_scope(FOLDER / name) for name in LISTED["deviations"])


def test_dates_are_written_by_a_pattern_and_by_the_language() -> None:
    moment = datetime(2023, 3, 4)  # noqa: DTZ001 - a date has no zone
    assert [format_date(moment, None, language) for language in ("nb", "nn", "en")] == [
        "04.03.2023",
        "04.03.2023",
        "3/4/23",
    ]
