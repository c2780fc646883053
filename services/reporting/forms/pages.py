"""Pages of forms: which there are, and each to try out. Nothing that is written there is kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from services.reporting.forms import commands, store
from services.reporting.forms.drawing import draw
from services.reporting.forms.rules import posted
from services.reporting.forms.rules.form import Form, Severity, read_form
from services.reporting.forms.rules.judging import Answers, Judged
from services.reporting.forms.rules.layout import REPEATING
from services.reporting.forms.written_dates import format_date
from shared import strict_json
from shared.http.inputs import SlugPath
from shared.http.routes import BodyUpTo
from shared.service.runtime import Service
from shared.web.forms import read_fields
from shared.web.pages import Pages

FORMS = "/reporting/forms"
FORM = f"{FORMS}/{{form_id}}/{{version}}"
FORMS_MAX = 1_000
FIELDS_MAX = 5_000
BODY_BYTES_MAX = 1024 * 1024
Version = Annotated[int, Path(ge=1, le=1_000_000)]


def add_routes(router: APIRouter, service: Service, pages: Pages) -> None:
    """Add the pages of forms."""

    @router.get(FORMS)
    async def list_forms(request: Request) -> Response:
        async with service.database.connection() as conn:
            forms = await store.list_newest(conn, after="", count=FORMS_MAX)
        return pages.answer(request, "forms.html", {"forms": forms})

    @router.get(FORM)
    async def show_form(request: Request, form_id: SlugPath, version: Version) -> Response:
        form = await _form_of(service, form_id, version)
        return _page(request, pages, form, version, _first_rows(form), with_faults=False)

    @router.post(FORM, dependencies=[Depends(BodyUpTo(BODY_BYTES_MAX))])
    async def try_form(request: Request, form_id: SlugPath, version: Version) -> Response:
        form = await _form_of(service, form_id, version)
        fields = read_fields(await request.body(), count_max=FIELDS_MAX)
        answers = posted.answers_of(form, fields)
        action, _, pointer = dict(fields).get("action", "check").partition(":")
        if action == "add":
            answers = posted.with_row(form, answers, pointer)
        if action == "remove":
            answers = posted.without_row(answers, pointer)
        return _page(request, pages, form, version, answers, with_faults=action == "check")


async def _form_of(service: Service, form_id: str, version: int) -> Form:
    async with service.database.connection() as conn:
        _, text = await store.get_version(conn, form_id, version)
    return read_form(strict_json.loads(text.encode()))


def _first_rows(form: Form) -> Answers:
    """Return an empty row for each list that must have one."""
    return {
        component.bindings["group"].path: [{}]
        for component in form.layout.components.values()
        if component.type == REPEATING
        and not component.parents
        and component.settings.get("required") is True
    }


def _page(
    request: Request,
    pages: Pages,
    form: Form,
    version: int,
    answers: Answers,
    *,
    with_faults: bool,
) -> Response:
    language = pages.texts(request).language.value
    judged = _judged(form, answers, language)
    context = form.context(judged.answers, language=language, format_date=format_date)
    view = {
        "form": form,
        "version": version,
        "drawing": draw(form, judged, context, with_faults=with_faults),
        "checked": with_faults,
        "blocks": judged.blocks,
        "warnings": [one for one in judged.findings if one.severity is Severity.WARNING],
    }
    return pages.answer(request, "form.html", view)


def _judged(form: Form, answers: Answers, language: str) -> Judged:
    """Judge answers; those to what is not asked any more are dropped before."""
    judged = commands.judged_by(form, answers, language=language)
    kept = posted.without_hidden(form, judged)
    return commands.judged_by(form, kept, language=language) if kept != answers else judged
