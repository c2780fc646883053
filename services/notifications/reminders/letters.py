"""What a reminder says: which reports are owed, by when, and what of them is missing."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.notifications.heard import store as heard
from services.notifications.heard.rules import Name, name_of
from services.notifications.mails.store import DueMail
from services.notifications.reminders import store
from services.notifications.reminders.rules import Missing, Obligation
from shared.clock import Clock
from shared.mail.letter import Letter
from shared.postgres.database import Connection
from shared.values import Period
from shared.web import wording
from shared.web.languages import Texts


class ReminderWriter:
    """Writes reminders as things stand when they are sent.

    Args:
        clock: the service's, which deadlines go by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, conn: Connection, mail: DueMail, texts: Texts) -> Letter | None:
        """Return the letter, or None where everything has arrived since it was planned."""
        owed = await store.list_in_mail(conn, mail.mail_id)
        if not owed:
            return None
        today = self._clock.today()
        subjects = {
            subject
            for each in owed
            for subject in (f"project/{each.project_id}", f"report-kind/{each.report_kind}")
        }
        metrics = {
            f"metric/{missing.code}"
            for each in owed
            for missing in each.missing
            if missing.part == "figures"
        }
        names = await heard.list_names(conn, subjects | metrics, on=today)
        return write(owed, texts, names, today=today)


def write(
    owed: Sequence[Obligation], texts: Texts, names: Mapping[str, Name], *, today: date
) -> Letter:
    """Put into words what is owed.

    Args:
        owed: at least one, the longest due first.
    """
    late = sum(each.due_on < today for each in owed)
    values = {"reports": _report(owed[0], texts, names), "count": len(owed), "late": late}
    if len(owed) == 1:
        headline = (
            texts.gettext("Overdue: %(reports)s") if late else texts.gettext("Due: %(reports)s")
        )
    elif late:
        headline = texts.gettext("%(count)s reports are waited for, %(late)s of them overdue")
    else:
        headline = texts.gettext("%(count)s reports are due")
    return Letter(
        language=texts.language,
        subject=headline % values,
        headline=headline % values,
        sentences=(texts.gettext("This is still missing:"),),
        facts=tuple(
            (_report(each, texts, names), _state(each, texts, names, today)) for each in owed
        ),
        path="/",
        action=texts.gettext("See it in Saman"),
        why=(
            texts.gettext(
                "You get this mail because you have a role in a project that owes a report. Each"
                " step of the reminders comes once, and they end when the report has come in."
            ),
        ),
    )


def _report(owed: Obligation, texts: Texts, names: Mapping[str, Name]) -> str:
    return texts.gettext("%(kind)s for %(period)s from %(project)s") % {
        "kind": texts.named(name_of(f"report-kind/{owed.report_kind}", names)),
        "period": wording.period_name(Period.parse(owed.period), texts),
        "project": texts.named(name_of(f"project/{owed.project_id}", names)),
    }


def _state(owed: Obligation, texts: Texts, names: Mapping[str, Name], today: date) -> str:
    days = abs((owed.due_on - today).days)
    values = {"day": texts.day(owed.due_on), "days": texts.number(days, 0)}
    if owed.due_on < today:
        when = texts.ngettext(
            "was due %(day)s, %(days)s day ago", "was due %(day)s, %(days)s days ago", days
        )
    elif days:
        when = texts.ngettext("due %(day)s, in %(days)s day", "due %(day)s, in %(days)s days", days)
    else:
        when = texts.gettext("due today, %(day)s")
    missing = [_part(each, texts, names) for each in owed.missing]
    if not missing:
        return when % values
    return texts.gettext("%(when)s. Missing: %(parts)s") % {
        "when": when % values,
        "parts": ", ".join(dict.fromkeys(missing)),
    }


def _part(missing: Missing, texts: Texts, names: Mapping[str, Name]) -> str:
    match missing.part:
        case "signature":
            return texts.gettext("the signature of %(party)s") % {
                "party": _party(missing.party or "", texts)
            }
        case "explanation":
            return texts.gettext("an explanation of %(code)s") % {"code": missing.code or ""}
        case "figures":
            return texts.gettext("%(metric)s for %(period)s") % {
                "metric": texts.named(name_of(f"metric/{missing.code}", names)),
                "period": wording.period_name(Period.parse(missing.period), texts)
                if missing.period
                else "",
            }
        case _:
            return texts.gettext("the report")


def _party(party: str, texts: Texts) -> str:
    return {
        "elected": texts.gettext("the elected members"),
        "administration": texts.gettext("the administration"),
        "union_and_staff": texts.gettext("the unions and staff"),
    }.get(party, party)
