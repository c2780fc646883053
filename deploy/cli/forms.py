"""`saman forms`: report forms as folders of readable files."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.connection import Api, AsJson, Connection, Folder, find_connection, reached
from services.reporting.forms.commands import judged_by, read_definition
from services.reporting.forms.folder import file_of, read_form_folder
from services.reporting.forms.rules.changes import changes
from services.reporting.forms.rules.form import Form
from services.reporting.forms.rules.judging import Judged, Shown, answer_at, title_key
from services.reporting.forms.rules.values import shown
from shared import strict_json
from shared.errors import RuleBroken

FORMS = "/api/reporting/v1/forms"
_MARKS = {Shown.VISIBLE: " ", Shown.HIDDEN: "-", Shown.UNDECIDED: "?"}

forms = typer.Typer(help="Report forms as folders of readable files.", no_args_is_help=True)
FormFolder = Annotated[
    Path, typer.Argument(help="Folder with form.json.", metavar="FOLDER", exists=True)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(forms, name="forms")


@forms.command()
def lint(
    folders: Annotated[list[Path], typer.Argument(help="Folders with form.json.", exists=True)],
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with forms, each fault with its file and place; exit code 1 when it is."""
    found = [fault for folder in folders for fault in _faults(folder)]
    if as_json:
        typer.echo(json.dumps({"faults": found}))
    else:
        for fault in found:
            typer.echo(f"{fault['folder']}/{fault['place']}: {fault['message']}")
        typer.echo(f"{len(found)} fault(s) in {len(folders)} form(s)")
    if found:
        raise typer.Exit(1)


@forms.command()
def preview(
    folder: FormFolder,
    answers: Annotated[
        Path | None, typer.Option(help="JSON file with answers, to see what they change.")
    ] = None,
    language: Annotated[str, typer.Option(help="nb, nn or en.")] = "nb",
) -> None:
    """Show what a form asks, page by page, with what these answers hide (-) or leave open (?)."""
    form = read_definition(read_form_folder(folder))
    given = strict_json.loads(answers.read_bytes()) if answers is not None else {}
    judged = judged_by(form, given, language=language)
    typer.echo("\n".join(_outline(form, judged, language)))


@forms.command()
def diff(folder: FormFolder, dir_: Folder = None, as_json: AsJson = False) -> None:
    """Say in what a folder differs from the version that is published."""
    definition = strict_json.loads(read_form_folder(folder))
    connection = find_connection(dir_)
    version, kept = asyncio.run(_newest(connection, str(definition["form_id"])))
    lines = list(changes(kept, definition))
    if as_json:
        typer.echo(json.dumps({"version": version, "changes": lines}))
    else:
        typer.echo("\n".join(lines) or f"as version {version}")


@forms.command()
def publish(
    folders: Annotated[list[Path], typer.Argument(help="Folders with form.json.", exists=True)],
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Publish the next version of each form that differs from its newest one. Repeatable."""
    texts = [read_form_folder(folder) for folder in folders]
    for text in texts:
        read_definition(text)
    connection = find_connection(dir_)
    done = reached(connection.bus, publish_forms(connection, texts))
    if as_json:
        typer.echo(json.dumps(done))
        return
    for form in done:
        words = "published" if form["is_new"] else "as it is published"
        typer.echo(f"{form['form_id']} version {form['version']}: {words}")


async def publish_forms(connection: Connection, texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """Publish definitions that differ from what is there; return version and whether it is new."""
    done = []
    async with connection.client() as api:
        for text in texts:
            definition = strict_json.loads(text)
            form_id = str(definition["form_id"])
            version, kept = await _newest_of(api, form_id)
            is_new = kept != definition
            if is_new:
                version += 1
                headers = {"Content-Type": "application/json"}
                path = f"{FORMS}/{form_id}/versions/{version}"
                await api.call("PUT", path, content=text, headers=headers)
            done.append({"form_id": form_id, "version": version, "is_new": is_new})
    return done


async def _newest(connection: Connection, form_id: str) -> tuple[int, dict[str, Any]]:
    async with connection.client() as api:
        return await _newest_of(api, form_id)


async def _newest_of(api: Api, form_id: str) -> tuple[int, dict[str, Any]]:
    """Return the newest version of a form and its definition; 0 and nothing where there is none."""
    cursor: dict[str, Any] = {}
    while True:
        listed = await api.call("GET", FORMS, params={"limit": 1_000, **cursor})
        for form in listed["items"]:
            if form["form_id"] == form_id:
                path = f"{FORMS}/{form_id}/versions/{form['version']}"
                kept = await api.answer("GET", path)
                return form["version"], strict_json.loads(kept.content)
        if listed["next"] is None:
            return 0, {}
        cursor = {"cursor": listed["next"]}


def _faults(folder: Path) -> Iterator[dict[str, str]]:
    try:
        read_definition(read_form_folder(folder))
    except RuleBroken as error:
        if not error.errors:
            yield {"folder": str(folder), "place": "", "code": error.code, "message": error.message}
        for fault in error.errors:
            place = file_of(folder, fault.pointer)
            yield {
                "folder": str(folder),
                "place": place,
                "code": fault.code,
                "message": fault.message,
            }


def _outline(form: Form, judged: Judged, language: str) -> Iterator[str]:
    texts = form.texts[language]
    yield f"{form.names.get(language) or next(iter(form.names.values()))} ({form.form_id})"
    page = None
    for place, state in judged.shown.items():
        component = form.layout.components[place.component_id]
        if component.page != page:
            page = component.page
            yield f"\n== {page}"
        key = title_key(component)
        title = texts[key].value if key is not None else place.component_id
        rows = "".join(f" [{row + 1}]" for row in place.rows)
        given = answer_at(form.layout, judged.answers, place)
        answer = "" if given is None or isinstance(given, list) else f" = {shown(given)}"
        needed = " *" if place in judged.required else ""
        depth = "  " * len(component.parents)
        yield f"{_MARKS[state]} {depth}{title}{rows}{needed}  ({component.type}){answer}"
    for finding in judged.findings:
        yield f"{finding.severity.value}: {finding.pointer or '/'}: {finding.message}"
