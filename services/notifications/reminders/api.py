"""HTTP door of the reminders: who was reminded of a report, when, and whether it arrived."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.notifications.reminders import store
from shared.access.roles import Action
from shared.fields import Uuid
from shared.http import problems
from shared.service.runtime import Service


class ReminderAnswer(BaseModel):
    """A step of the ladder that somebody was reminded by, or is by a mail that waits.

    Attributes:
        step_id: of the round's ladder.
        person_id: who; no address is shown.
        day: of the mail, which may hold reminders of other reports as well.
        state: `dropped` where everything had arrived before the mail was sent.
    """

    step_id: str
    person_id: UUID
    day: date
    state: Literal["waiting", "delivered", "failed", "dropped"]
    attempts: int
    last_error: str | None
    ended_at: datetime | None


class ReminderList(BaseModel):
    """The reminders of one report, by day."""

    items: list[ReminderAnswer]


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of the reminders."""

    @router.get(
        "/obligations/{obligation_id}/reminders",
        summary="Who was reminded of a report",
        responses=problems.of(401, 403),
        dependencies=[service.needs(Action.OPERATE)],
    )
    async def list_reminders(obligation_id: Uuid) -> ReminderList:
        async with service.database.connection() as conn:
            sent = await store.list_sent(conn, obligation_id)
        items = [ReminderAnswer.model_validate(each, from_attributes=True) for each in sent]
        return ReminderList(items=items)
