"""The wiring of notifications."""

from datetime import time
from functools import partial
from pathlib import Path

from fastapi import APIRouter, FastAPI
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.notifications import handlers
from services.notifications.channels.mail import MailSettings
from services.notifications.channels.signing import KEY_LENGTH_MIN, Signer
from services.notifications.channels.webhook import Caller
from services.notifications.deliveries import api as deliveries
from services.notifications.deliveries import letters
from services.notifications.feeds import api as feeds
from services.notifications.heard import commands as heard
from services.notifications.mails import postman
from services.notifications.reminders import api as reminders_api
from services.notifications.reminders import commands as reminders
from services.notifications.reminders.letters import ReminderWriter
from services.notifications.sending import api as sending
from services.notifications.sending.sender import Dependencies, Sender
from services.notifications.subscriptions import api as subscriptions
from services.notifications.subscriptions.rules import Bounds, Channel
from shared.clock import Clock
from shared.http.limits import Rate
from shared.http.routes import StrictRoute
from shared.mail.composing import Composer
from shared.service import calendar
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings

PLAN_SECONDS = 60.0
"""How often reminders are planned besides midnight, for what came late."""

ROUTE = "/api/notifications/v1"
MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(ServiceSettings):
    """What notifications is told."""

    model_config = SettingsConfigDict(
        env_prefix="SAMAN_NOTIFICATIONS_", extra="ignore", populate_by_name=True
    )

    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address of the pages as readers reach it; links begin with it.",
    )
    mail: MailSettings = Field(
        default_factory=MailSettings,
        description="Where mail is handed in; SAMAN_NOTIFICATIONS_MAIL_…",
    )
    mail_places: int = Field(
        default=4, ge=1, le=50, description="Mail subscriptions that are served at once."
    )
    mailbox_per_minute: int = Field(
        default=1,
        ge=1,
        le=1_000,
        description="Mails to one address per minute on average, from each replica.",
    )
    mailbox_burst: int = Field(
        default=200,
        ge=1,
        le=100_000,
        description="Of these so many at once; a due date may mean many municipalities.",
    )
    subscriptions_per_address: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Active subscriptions of one mail address or webhook.",
    )
    mails_at: time = Field(
        default=time(8),
        description="When on a day reminders go out, in Europe/Oslo; when people come to work.",
    )
    webhook_key: SecretStr | None = Field(
        default=None,
        min_length=KEY_LENGTH_MIN,
        description=(
            "Secrets of webhooks follow from it; the same for all replicas. Without it there are no"
            " webhooks."
        ),
    )
    webhook_places: int = Field(
        default=16, ge=1, le=200, description="Webhook subscriptions that are served at once."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0, gt=0, le=20, description="For one try, start to end."
    )
    webhook_name_servers: list[str] = Field(
        default=[],
        description=(
            "Addresses of the name servers to ask for hosts; the system's where none is given."
        ),
    )
    allow_private_webhooks: bool = Field(
        default=False,
        description="For tests and demonstrations: http, any port, loopback and private networks.",
    )


class Outgoing:
    """What leaves the house by mail and webhook, with what both senders share.

    Args:
        settings: the service's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._by = f"notifications-{settings.bus.replica}"
        self._composer = Composer(settings.mail, settings.public_url)
        self._texts = letters.load_texts()
        self._mailbox_rate = Rate(
            per_minute=settings.mailbox_per_minute, burst=settings.mailbox_burst
        )
        key = settings.webhook_key
        self.signer = Signer(key.get_secret_value().encode()) if key else None

    async def send(self, service: Service) -> None:
        """Send what subscriptions are owed, as long as the service runs."""
        settings = self._settings
        caller = Caller(
            allow_private=settings.allow_private_webhooks,
            timeout_seconds=settings.webhook_timeout_seconds,
            name_servers=settings.webhook_name_servers,
        )
        parts = Dependencies(
            database=service.database,
            clock=service.clock,
            true_clock=Clock(),
            by=self._by,
            places={Channel.MAIL: settings.mail_places, Channel.WEBHOOK: settings.webhook_places},
            composer=self._composer,
            mail=settings.mail,
            texts=self._texts,
            mailbox_rate=self._mailbox_rate,
            caller=caller,
            signer=self.signer,
        )
        try:
            await Sender(parts).run()
        finally:
            await caller.close()

    async def plan(self, service: Service) -> None:
        """Plan the reminders of each day."""
        turn = partial(reminders.plan, send_at=self._settings.mails_at)
        await calendar.follow(service.database, service.clock, turn, seconds=PLAN_SECONDS)

    async def post(self, service: Service) -> None:
        """Send mails to persons, as long as the service runs."""
        parts = postman.Dependencies(
            database=service.database,
            clock=service.clock,
            by=self._by,
            places=self._settings.mail_places,
            composer=self._composer,
            mail=self._settings.mail,
            texts=self._texts,
            mailbox_rate=self._mailbox_rate,
            writers={reminders.KIND: ReminderWriter(service.clock)},
        )
        await postman.Postman(parts).run()


def create_app(settings: Settings) -> FastAPI:
    """Return notifications as an ASGI app; its lifespan runs consumers, relay and senders."""
    outgoing = Outgoing(settings)
    service = Service(
        "notifications",
        settings,
        migrations=MIGRATIONS,
        router=handlers.router,
        inbound=handlers.late_router,
        hear_people=heard.hear_people,
        background=[outgoing.send, outgoing.post, outgoing.plan],
    )
    app = make_app(
        service,
        "Saman notifications",
        "Who gets told: subscriptions, mail, webhooks, and what arrived.",
    )
    bounds = Bounds(settings.allow_private_webhooks, settings.subscriptions_per_address)
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    subscriptions.add_routes(router, service, signer=outgoing.signer, bounds=bounds)
    deliveries.add_routes(router, service)
    sending.add_routes(router, service)
    reminders_api.add_routes(router, service)
    feeds.add_routes(router, service, public_url=settings.public_url)
    app.include_router(router)
    return app
