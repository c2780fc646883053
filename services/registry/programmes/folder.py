"""Reads a programme kept as a folder of readable files into the bodies that the registry's routes
take.

`programme.toml` must be there; `projects.csv`, `members.csv`, `themes.csv`, `profiles.csv`,
`measures.csv`, `goals.toml`, `claimed_tables.toml`, `networks.toml`, `gatherings.toml`,
`commitments.toml`, `grants.toml`, `knowledge.toml` and one file `metrics/<metric id>.json` for each
metric of its own add to it. Columns that the registry has no use for (sources, names as printed,
remarks) are for people and are passed over. What the values must be is judged by the registry; here
only the form of the files is.
"""

import csv
import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from shared.errors import RuleBroken

Body = dict[str, Any]
"""A JSON object, as `PUT` takes it."""

MEASURE_COLUMNS = ("kind", "name", "municipality_ids", "starts_on", "ends_on", "status")


@dataclass(frozen=True, slots=True)
class ProgrammeFolder:
    """A programme and its projects, in the order of the files.

    Attributes:
        programme_id: where the programme goes: `PUT /api/registry/v1/programmes/<programme_id>`.
        programme: its body.
        projects: the body of each `PUT /api/registry/v1/projects/<project_id>`, by project id.
        metrics: the body of each `PUT /api/registry/v1/metrics/<metric_id>`, by metric id; they go
            in first, because goals name them.
        others: the body of each further `PUT`, by its path below `/api/registry/v1`, such as
            `networks/sickness-absence-1`, in the order in which they stand on each other.
    """

    programme_id: str
    programme: Body
    projects: dict[str, Body]
    metrics: dict[str, Body]
    others: dict[str, Body]


def read_programme_folder(folder: Path) -> ProgrammeFolder:
    """Read a folder.

    Raises:
        RuleBroken: `programme-folder-malformed`; a file is missing, no TOML or CSV, lacks a column
            or key, or speaks of a project that `projects.csv` does not have.
    """
    if not folder.is_dir():
        raise _malformed(folder, "this is no folder")
    content = _toml(folder / "programme.toml")
    programme_id = _key(content, "programme_id", folder / "programme.toml")
    programme = {
        "names": _key(content, "names", folder / "programme.toml"),
        "claimed": content.get("claimed", {}),
        "cohorts": [_without_source(cohort) for cohort in content.get("cohorts", [])],
        "themes": [_without_source(theme) for theme in content.get("themes", [])],
        "report_kinds": [_without_source(kind) for kind in content.get("report_kinds", [])],
        "claimed_tables": _tables(folder),
    }
    return ProgrammeFolder(
        programme_id,
        _plain(programme),
        _projects(folder, programme_id),
        _metrics(folder / "metrics"),
        _others(folder, programme_id),
    )


OTHERS = (
    ("networks", "network_id", True),
    ("gatherings", "gathering_id", True),
    ("commitments", "commitment_id", False),
    ("grants", "grant_id", False),
    ("knowledge", "id", True),
)
"""Files `<name>.toml`: what their tables and routes are called, the id, and whether a body names
the programme.
"""


def _others(folder: Path, programme_id: str) -> dict[str, Body]:
    found: dict[str, Body] = {}
    for name, id_name, names_programme in OTHERS:
        file = folder / f"{name}.toml"
        for content in _toml(file).get(name, []) if file.exists() else []:
            body = _plain(content)
            path = f"{name}/{_key(body, id_name, file)}"
            if path in found:
                raise _malformed(file, f"{path} stands twice")
            found[path] = {key: value for key, value in body.items() if key != "sources"}
            if names_programme:
                found[path]["programme_id"] = programme_id
    return found


def _tables(folder: Path) -> list[Body]:
    """Read what sources state as tables only. A missing cell is an empty text, as TOML has no
    other.
    """
    file = folder / "claimed_tables.toml"
    tables = _toml(file).get("claimed_tables", []) if file.exists() else []
    for table in tables:
        cells = _key(table, "cells", file)
        table["cells"] = [[cell if cell != "" else None for cell in row] for row in cells]
    return tables


def _metrics(folder: Path) -> dict[str, Body]:
    metrics: dict[str, Body] = {}
    for file in sorted(folder.glob("*.json")):
        content = _json(file)
        metric_id = _key(content, "metric_id", file)
        if not isinstance(metric_id, str) or metric_id in metrics:
            raise _malformed(file, f"metric {metric_id!r} is no text or stands in two files")
        metrics[metric_id] = content
    return metrics


def _projects(folder: Path, programme_id: str) -> dict[str, Body]:
    projects: dict[str, Body] = {}
    for row in _csv(folder / "projects.csv", "project_id", "cohort_id", "name"):
        if row["project_id"] in projects:
            raise _malformed(folder / "projects.csv", f"project {row['project_id']!r} stands twice")
        projects[row["project_id"]] = {
            "programme_id": programme_id,
            "names": {"nb": row["name"]},
            "cohort_id": row["cohort_id"] or None,
            "planned_end_year": _whole(row.get("planned_end_year"), folder / "projects.csv"),
        }
    themes = _grouped(folder / "themes.csv", projects, "theme_id", lambda row: row["theme_id"])
    members = _grouped(
        folder / "members.csv",
        projects,
        "municipality_id",
        lambda row: {"municipality_id": row["municipality_id"]},
    )
    goals = _goals(folder / "goals.toml", projects)
    profiles = _profiles(folder / "profiles.csv", projects)
    measures = _grouped(folder / "measures.csv", projects, "measure_id", _measure, *MEASURE_COLUMNS)
    for project_id, body in projects.items():
        body["theme_ids"] = list(dict.fromkeys(themes[project_id]))
        body["members"] = members[project_id]
        body["goals"] = goals[project_id]
        body["profile"] = profiles[project_id]
        body["measures"] = measures[project_id]
    return projects


def _profiles(file: Path, projects: dict[str, Body]) -> defaultdict[str, Body]:
    """Read a line per option that a project has chosen; of `other` the note is the text."""
    found: defaultdict[str, Body] = defaultdict(dict)
    for row in _csv(file, "project_id", "theme_id", "option", "every_nth", "note"):
        of_project = found[_known(row["project_id"], projects, file)]
        profile = of_project.setdefault(row["theme_id"], {"other": [], "not_decided": False})
        match row["option"]:
            case "other":
                profile["other"].append(row["note"])
            case "not_decided":
                profile["not_decided"] = True
            case option:
                every_nth = _whole(row["every_nth"], file)
                profile[option] = {"every_nth": every_nth, "note": row["note"] or None}
    return found


def _measure(row: dict[str, str]) -> Body:
    return {
        "measure_id": row["measure_id"],
        "kind": row["kind"],
        "names": {"nb": row["name"]},
        "municipality_ids": row["municipality_ids"].split(),
        "starts_on": row["starts_on"],
        "ends_on": row["ends_on"] or None,
        "status": row["status"],
    }


def _whole(text: str | None, file: Path) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise _malformed(file, f"{text[:40]!r} is no whole number")
    return int(text)


def _grouped(
    file: Path,
    projects: dict[str, Body],
    column: str,
    read: Callable[[dict[str, str]], Any],
    *others: str,
) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in _csv(file, "project_id", column, *others):
        found[_known(row["project_id"], projects, file)].append(read(row))
    return found


def _goals(file: Path, projects: dict[str, Body]) -> defaultdict[str, list[Body]]:
    found: defaultdict[str, list[Body]] = defaultdict(list)
    for goal in _toml(file).get("goals", []) if file.exists() else []:
        body = _plain(_without_source(goal))
        project_id = _known(_key(body, "project_id", file), projects, file)
        found[project_id].append({key: value for key, value in body.items() if key != "project_id"})
    return found


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _malformed(file, "the file does not exist") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _malformed(file, str(error)) from None


def _json(file: Path) -> Body:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _malformed(file, str(error)) from None
    if not isinstance(content, dict):
        raise _malformed(file, "the file must hold one JSON object")
    return content


def _csv(file: Path, *columns: str) -> Iterator[dict[str, str]]:
    if not file.exists():
        return
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise _malformed(file, f"the column {min(missing)!r} is missing")
            for row in reader:
                if None in row.values() or None in row:
                    raise _malformed(
                        file, f"line {reader.line_num} has not as many cells as the first line"
                    )
                yield row
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise _malformed(file, str(error)) from None


def _without_source(content: Body) -> Body:
    return {key: value for key, value in content.items() if key != "source"}


def _plain(content: Any) -> Any:
    match content:
        case dict():
            return {key: _plain(value) for key, value in content.items()}
        case list():
            return [_plain(each) for each in content]
        case date():
            return content.isoformat()
        case _:
            return content


def _key(content: Body, key: str, file: Path) -> Any:
    if key not in content:
        raise _malformed(file, f"{key!r} is missing")
    return content[key]


def _known(project_id: str, projects: dict[str, Body], file: Path) -> str:
    if project_id not in projects:
        raise _malformed(file, f"project {project_id!r} is not in projects.csv")
    return project_id


def _malformed(file: Path, fault: str) -> RuleBroken:
    return RuleBroken(f"{file.name}: {fault}", code="programme-folder-malformed")
