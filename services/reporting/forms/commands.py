"""Publishing forms, and judging answers by them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.reporting.forms import schemas, store
from services.reporting.forms.events import published_event
from services.reporting.forms.rules import checking
from services.reporting.forms.rules.form import Form, mapping, read_form
from services.reporting.forms.rules.judging import Judged, held_at, judge, put_at
from services.reporting.forms.rules.values import Json
from services.reporting.forms.store import PublishedForm
from services.reporting.forms.written_dates import format_date
from shared import strict_json
from shared.audit import log as audit
from shared.errors import Conflict, FieldError, RuleBroken
from shared.fields import refuse_unseen
from shared.identity_numbers import refuse_identity_numbers
from shared.outbox import outbox
from shared.postgres.database import Connection


def read_definition(text: bytes) -> Form:
    """Read the definition of a form.

    Raises:
        RuleBroken: `form-faulty`, with everything that is wrong and where.
    """
    definition = strict_json.loads(text)
    refuse_identity_numbers(definition)
    refuse_unseen(definition)
    if not isinstance(definition, Mapping):
        raise RuleBroken("a form is a JSON object", code="form-faulty")
    found = checking.faults(definition)
    found += schemas.faults(mapping(definition.get("schema"))) if not found else ()
    if found:
        raise RuleBroken(
            f"the form has {len(found)} fault(s); first: {found[0].message}",
            code="form-faulty",
            errors=tuple(found),
        )
    return read_form(definition)


async def publish_form(
    conn: Connection, form_id: str, version: int, text: bytes, *, now: datetime
) -> tuple[PublishedForm, bool]:
    """Publish a version of a form; return it, and whether it is new.

    A version never changes. The same again gives what is there.

    Raises:
        RuleBroken: `form-faulty`, or `form-id`; it says another id than its address.
        Conflict: `form-version-fixed`; that version asks something else. `form-version-next`; it
            would leave a gap.
    """
    form = read_definition(text)
    if form.form_id != form_id:
        sentence = f"the form says form_id {form.form_id!r}, its address {form_id!r}"
        raise RuleBroken(
            sentence, code="form-id", errors=(FieldError("form-id", sentence, "/form_id"),)
        )
    newest = await store.newest_version(conn, form_id)
    if version > newest + 1:
        raise Conflict(
            f"the next version of form {form_id} is {newest + 1}, got {version}",
            code="form-version-next",
        )
    wanted = PublishedForm(form_id, version, form.report_kind, form.valid_for, form.names, "", now)
    definition = text.decode("utf-8-sig")
    added = await store.add_version(conn, wanted, definition)
    if added is None:
        if not await store.is_same(conn, form_id, version, definition):
            raise Conflict(
                f"version {version} of form {form_id} is published and asks something else;"
                f" publish version {newest + 1}",
                code="form-version-fixed",
            )
        return (await store.get_version(conn, form_id, version))[0], False
    change = {"version": added.version, "digest": added.digest}
    await audit.note(conn, audit.Change("form-published", f"form/{form_id}", change))
    await outbox.put(conn, [published_event(added)])
    return added, True


async def judge_answers(
    conn: Connection, form_id: str, version: int, answers: Mapping[str, Json], *, language: str
) -> Judged:
    """Judge answers by a published form; nothing is kept.

    Raises:
        NotFound: `form-unknown`.
    """
    _, text = await store.get_version(conn, form_id, version)
    return judged_by(read_form(strict_json.loads(text.encode())), answers, language=language)


def judged_by(form: Form, answers: Mapping[str, Json], *, language: str) -> Judged:
    """Judge answers by the schema of a form and by its rules.

    To the rules an answer that does not fit the schema is missing, so that everything is told at
    once; where not even the parts are those of the form, only that is told.
    """
    unfit = schemas.findings(form, answers)
    fitting = answers
    for finding in unfit:
        steps = finding.pointer.split("/")[1:]
        if isinstance(held_at(answers, steps), Mapping | list | None):
            return Judged(answers, {}, frozenset(), unfit)
        fitting = put_at(fitting, steps, None)
    judged = judge(form, fitting, language=language, format_date=format_date)
    if not unfit:
        return judged
    places = {finding.pointer for finding in unfit}
    known = [finding for finding in judged.findings if finding.pointer not in places]
    whole = judged.answers
    for pointer in places:
        steps = pointer.split("/")[1:]
        whole = put_at(whole, steps, held_at(answers, steps))
    return replace(judged, answers=whole, findings=[*unfit, *known])
