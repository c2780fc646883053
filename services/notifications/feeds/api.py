"""HTTP doors of calendars and feeds, open to all."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.notifications.deliveries import letters
from services.notifications.deliveries.store import ToldEvent
from services.notifications.feeds import atom, store
from services.notifications.feeds.atom import FeedEntry, feed_of
from services.notifications.feeds.calendars import calendar_of
from services.notifications.feeds.store import Entry, Gathering, News
from services.notifications.heard import store as heard
from services.notifications.heard.rules import Name, name_of
from shared.clock import OSLO
from shared.errors import NotFound
from shared.events.envelope import Slug
from shared.http import problems
from shared.moments import Day
from shared.postgres.database import Connection
from shared.service.runtime import Service
from shared.web.languages import Language, Texts, preferred

NEWS_COUNT = 100
CALENDAR = "text/calendar; charset=utf-8"
_FAR = datetime(9999, 1, 1, tzinfo=UTC)

Kind = Literal["programme", "project", "municipality", "cohort", "theme", "network"]
Wanted = Annotated[
    Language | None, Query(alias="lang", description="nb, nn or en; else by Accept-Language.")
]
Until = Annotated[
    Day | None,
    Query(description="Only what happened up to this day in Europe/Oslo, such as 2014-01-31."),
]


class Feeds:
    """Writes calendars and feeds.

    Args:
        public_url: of the pages; links begin with it.
    """

    def __init__(self, service: Service, public_url: str) -> None:
        self._service = service
        self._public_url = public_url.rstrip("/")
        self._domain = urlsplit(public_url).hostname or "saman.invalid"
        self._texts = letters.load_texts()

    def texts(self, request: Request, wanted: Language | None) -> Texts:
        """Return the reader's language."""
        header = ",".join(request.headers.getlist("accept-language"))
        return self._texts[wanted or preferred(header)]

    async def calendar(self, kind: Kind, subject_id: str, texts: Texts) -> bytes:
        """Return the calendar of a subject.

        Raises:
            NotFound: nobody has told of the subject.
        """
        subject = f"{kind}/{subject_id}"
        async with self._service.database.connection() as conn:
            entries = await _entries(conn, kind, subject_id)
            gatherings = await _gatherings(conn, kind, subject_id)
            shown = {f"report-kind/{entry.report_kind}" for entry in entries}
            shown |= {f"project/{entry.project_id}" for entry in entries if entry.project_id}
            today = self._service.clock.today()
            names = await heard.list_names(conn, shown | {subject}, on=today)
            known = subject in names or entries or gatherings
        if not known:
            raise NotFound(
                f"there is no calendar of {subject}: nothing is known of it, or it was removed"
            )
        name = texts.named(name_of(subject, names))
        return calendar_of(name, entries, texts, names, domain=self._domain, gatherings=gatherings)

    async def milestones(self, subject: str | None, until: date | None, texts: Texts) -> bytes:
        """Return the newest milestones, of one subject or of all, as a feed."""
        before = _FAR
        if until is not None:
            before = datetime.combine(until + timedelta(days=1), time(), OSLO)
        async with self._service.database.connection() as conn:
            news = await store.list_news(conn, subject, before=before, count=NEWS_COUNT)
            entries = [await self._entry(conn, each, texts) for each in news]
            shown = [subject] if subject else []
            names = await heard.list_names(conn, shown, on=self._service.clock.today())
        asked = {"lang": texts.language.value} | ({"subject": subject} if subject else {})
        return feed_of(
            _title(subject, names, texts),
            entries,
            address=f"{self._public_url}{MILESTONES}?{urlencode(asked)}",
            home=self._public_url,
            language=texts.language.value,
        )

    async def _entry(self, conn: Connection, news: News, texts: Texts) -> FeedEntry:
        told = ToldEvent(news.event_id, news.type, news.happened_at, news.payload)
        event = letters.read_event(told)
        on = self._service.clock.today()
        names = await heard.list_names(conn, letters.subjects_of(event), on=on)
        metrics = await heard.list_metrics(conn, letters.metrics_of(event))
        letter = letters.write(event, texts, names, metrics)
        return FeedEntry(
            id=_urn(news.event_id),
            title=letter.subject,
            summary=" ".join(letter.sentences),
            updated=news.happened_at,
            link=f"{self._public_url}{letter.path}?lang={texts.language}",
        )


MILESTONES = "/api/notifications/v1/feeds/milestones.atom"


def add_routes(router: APIRouter, service: Service, *, public_url: str) -> None:
    """Add the routes of calendars and feeds."""
    feeds = Feeds(service, public_url)

    @router.get(
        "/calendars/{kind}/{subject_id}.ics",
        summary="Deadlines and gatherings of a programme, network, project or municipality",
        responses=problems.of(404)
        | {200: {"content": {"text/calendar": {"schema": {"type": "string"}}}}},
        response_class=Response,
    )
    async def get_calendar(
        request: Request, kind: Kind, subject_id: Slug, language: Wanted = None
    ) -> Response:
        content = await feeds.calendar(kind, subject_id, feeds.texts(request, language))
        return Response(content, media_type=CALENDAR, headers={"Vary": "Accept-Language"})

    @router.get(
        "/feeds/milestones.atom",
        summary="Goals that were reached or lost, the newest first",
        responses={200: {"content": {atom.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
        response_class=Response,
    )
    async def get_milestones(
        request: Request,
        subject: Annotated[
            str | None,
            Query(
                max_length=200,
                pattern=r"^[a-z-]+/[a-z0-9-]+(/[a-z0-9-]+)?$",
                description="Such as municipality/vefsn-1824; else all.",
            ),
        ] = None,
        until: Until = None,
        language: Wanted = None,
    ) -> Response:
        content = await feeds.milestones(subject, until, feeds.texts(request, language))
        return Response(content, media_type=atom.MEDIA_TYPE, headers={"Vary": "Accept-Language"})


async def _entries(conn: Connection, kind: Kind, subject_id: str) -> list[Entry]:
    if kind == "programme":
        return await store.list_of_programme(conn, subject_id)
    if kind == "network":
        return []
    if kind == "project":
        return await store.list_of_projects(conn, [subject_id])
    projects = await heard.list_projects_of(conn, f"{kind}/{subject_id}")
    return await store.list_of_projects(conn, projects)


async def _gatherings(conn: Connection, kind: Kind, subject_id: str) -> list[Gathering]:
    if kind == "programme":
        return await store.list_gatherings(conn, programme_id=subject_id)
    if kind == "network":
        return await store.list_gatherings(conn, network_id=subject_id)
    return []


def _title(subject: str | None, names: dict[str, Name], texts: Texts) -> str:
    if subject is None:
        return texts.gettext("Milestones in Saman")
    name = texts.named(name_of(subject, names))
    return texts.gettext("Milestones in Saman: %(name)s") % {"name": name}


def _urn(event_id: UUID) -> str:
    return f"urn:uuid:{event_id}"
