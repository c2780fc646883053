"""What a digest says: each event in a line, the oldest first."""

from collections.abc import Mapping, Sequence

from services.notifications.deliveries import letters
from services.notifications.deliveries.letters import Told
from services.notifications.heard.rules import HeardMetric, Name
from services.notifications.subscriptions.rules import Rhythm
from shared.mail.letter import Letter
from shared.web.languages import Texts


def write(
    events: Sequence[Told],
    rhythm: Rhythm,
    texts: Texts,
    names: Mapping[str, Name],
    metrics: Mapping[str, HeardMetric],
) -> Letter:
    """Put what happened into one letter.

    Args:
        events: at least one.
        rhythm: daily or weekly.
        names, metrics: for what any of the events speaks of.
    """
    items = [letters.write(event, texts, names, metrics) for event in events]
    values = {"count": texts.number(len(items), 0), "first": items[0].headline}
    if rhythm is Rhythm.WEEKLY:
        headline = texts.ngettext(
            "The week in Saman: %(first)s", "The week in Saman: %(count)s news", len(items)
        )
    else:
        headline = texts.ngettext(
            "Today in Saman: %(first)s", "Today in Saman: %(count)s news", len(items)
        )
    return Letter(
        language=texts.language,
        subject=headline % values,
        headline=headline % values,
        sentences=(texts.gettext("This has happened in what you follow:"),),
        facts=tuple((item.subject, item.sentences[0]) for item in items),
        path=items[0].path if len(items) == 1 else "/",
        action=texts.gettext("See it in Saman"),
        is_generated=any(item.is_generated for item in items),
    )
