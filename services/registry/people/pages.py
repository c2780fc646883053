"""The pages of people: what I may do, and who else may do what in my project or programme."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.registry.people import commands, store
from services.registry.people.api import fields_of
from services.registry.people.commands import Invitation
from services.registry.people.mail import Mailer
from services.registry.people.rules import Person
from services.registry.programmes import store as programmes
from shared.access.auth import Principal, require
from shared.access.roles import OF_PROJECTS, Action, Grant, Party, Role, Scope
from shared.errors import AppError, NotAuthenticated, NotFound, RuleBroken
from shared.http.session_cookie import forget
from shared.service.runtime import Service
from shared.web.forms import own_session, read_own_form
from shared.web.notices import leave_notice, notice_of, take_notice
from shared.web.pages import Pages

MY_ACCESS = "/registry/my-access"
PEOPLE = "/registry/people"
PEOPLE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with."""

    service: Service
    pages: Pages
    mailer: Mailer

    async def person(self, request: Request) -> Person:
        """Return who looks at the page.

        Raises:
            NotAuthenticated: nobody who is a person signed in.
        """
        principal = await self.service.access.principal(request)
        if principal.person_id is None:
            raise NotAuthenticated("this page is for people who signed in")
        async with self.service.database.connection() as conn:
            found = await store.find_person(conn, principal.person_id)
        if found is None:
            raise NotAuthenticated("this page is for people who signed in")
        return found

    def show(self, request: Request, template: str, **view: object) -> Response:
        """Answer with a page that is nobody else's."""
        view |= {"notice": notice_of(request), "form_token": own_session(request).form_token}
        response = self.pages.answer(request, template, view)
        response.headers["Cache-Control"] = "no-store"
        take_notice(response, request)
        return response

    def back(self, request: Request, to: str, kind: str, **told: str) -> Response:
        """Lead back to a page that tells what was done."""
        response = RedirectResponse(to, 303)
        leave_notice(response, request, {"kind": kind, **told})
        return response


def add_routes(router: APIRouter, service: Service, pages: Pages, mailer: Mailer) -> None:
    """Add the pages of people."""
    desk = Desk(service, pages, mailer)
    _add_own(router, desk)
    _add_own_changes(router, desk)
    _add_people(router, desk)
    _add_changes(router, desk)


def _add_own(router: APIRouter, desk: Desk) -> None:
    @router.get(MY_ACCESS)
    async def my_access(request: Request) -> Response:
        person = await desk.person(request)
        today = desk.service.clock.today()
        return desk.show(
            request,
            "my_access.html",
            person=person,
            grants=[(grant, grant.holds(today)) for grant in person.grants],
            places=_places(person.grants, today),
            today=today,
            latest_deputy_day=today + timedelta(days=366),
        )

    @router.get(f"{MY_ACCESS}/file")
    async def my_file(request: Request) -> Response:
        """All that is kept of who asks, to take along."""
        person = await desk.person(request)
        content = json.dumps(fields_of(person), ensure_ascii=False, indent=2) + "\n"
        return Response(
            content,
            media_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="saman-person.json"',
                "Cache-Control": "no-store",
            },
        )


def _add_own_changes(router: APIRouter, desk: Desk) -> None:
    @router.post(f"{MY_ACCESS}/person")
    async def change(request: Request) -> Response:
        person, fields = await desk.person(request), await read_own_form(request)
        async with desk.service.database.transaction() as conn:
            await commands.change_self(
                conn,
                person.person_id,
                display_name=fields.get("display_name", ""),
                language=fields.get("language", ""),
                now=datetime.now(UTC),
            )
        return desk.back(request, MY_ACCESS, "changed")

    @router.post(f"{MY_ACCESS}/deputy")
    async def name_deputy(request: Request) -> Response:
        person, fields = await desk.person(request), await read_own_form(request)
        wanted = Invitation(
            fields.get("email", ""), fields.get("display_name", ""), person.language, ()
        )
        try:
            async with desk.service.database.transaction() as conn:
                put = await commands.name_deputy(
                    conn,
                    person.person_id,
                    wanted,
                    to=_day(fields.get("to", "")),
                    today=desk.service.clock.today(),
                    now=datetime.now(UTC),
                )
        except RuleBroken as broken:
            return desk.back(request, MY_ACCESS, "refused", sentence=broken.message)
        desk.mailer.send_invitation(put.state)
        return desk.back(request, MY_ACCESS, "deputy", name=put.state.display_name)

    @router.post(f"{MY_ACCESS}/sessions")
    async def end_sessions(request: Request) -> Response:
        person = await desk.person(request)
        await read_own_form(request)
        async with desk.service.database.transaction() as conn:
            await commands.end_sessions(conn, person.person_id, now=datetime.now(UTC))
        response = RedirectResponse("/", 303)
        forget(response, request)
        return response

    @router.post(f"{MY_ACCESS}/leave")
    async def leave(request: Request) -> Response:
        person, fields = await desk.person(request), await read_own_form(request)
        if fields.get("sure") != "yes":
            return desk.back(request, MY_ACCESS, "not-sure")
        async with desk.service.database.transaction() as conn:
            await commands.erase(conn, person.person_id, reason="own wish", now=datetime.now(UTC))
        response = RedirectResponse("/", 303)
        forget(response, request)
        return response


def _add_people(router: APIRouter, desk: Desk) -> None:
    @router.get(PEOPLE)
    async def people(request: Request, programme: str = "", project: str = "") -> Response:
        principal, scope = await _where(desk, request, programme, project)
        async with desk.service.database.connection() as conn:
            found = await store.list_people(
                conn,
                programme_id=None if scope.project_id else scope.programme_id,
                project_id=scope.project_id,
                count=PEOPLE_MAX,
            )
            known = await programmes.get_programme(conn, scope.programme_id)
        today = desk.service.clock.today()
        held = [
            (person, number, grant, grant.holds(today))
            for person in found
            for number, grant in enumerate(person.grants)
            if _is_listed(grant, scope)
        ]
        return desk.show(
            request,
            "people.html",
            held=held,
            scope=scope,
            programme=known,
            roles=_givable(principal, scope, today),
            parties=list(Party),
            today=today,
        )


def _add_changes(router: APIRouter, desk: Desk) -> None:
    @router.post(f"{PEOPLE}/invite")
    async def invite(request: Request) -> Response:
        fields = await read_own_form(request)
        principal = await desk.service.access.principal(request)
        to = _address(fields)
        try:
            wanted = Invitation(
                fields.get("email", ""),
                fields.get("display_name", ""),
                fields.get("language", "nb"),
                (_grant(fields),),
            )
            async with desk.service.database.transaction() as conn:
                put = await commands.invite(
                    conn,
                    wanted,
                    by=principal,
                    today=desk.service.clock.today(),
                    now=datetime.now(UTC),
                )
        except AppError as refused:
            return desk.back(request, to, "refused", sentence=refused.message)
        desk.mailer.send_invitation(put.state)
        return desk.back(request, to, "invited", name=put.state.display_name)

    @router.post(f"{PEOPLE}/{{person_id}}/end")
    async def end(request: Request, person_id: UUID) -> Response:
        fields = await read_own_form(request)
        principal = await desk.service.access.principal(request)
        to, number = _address(fields), fields.get("number", "")
        try:
            async with desk.service.database.transaction() as conn:
                person = await store.get_person(conn, person_id)
                if not number.isdecimal() or int(number) >= len(person.grants):
                    raise NotFound("the person does not hold that role", code="role-unknown")
                await commands.end_role(
                    conn,
                    person_id,
                    person.grants[int(number)],
                    last_day=_day(fields.get("last_day", "")),
                    by=principal,
                    today=desk.service.clock.today(),
                    now=datetime.now(UTC),
                )
        except AppError as refused:
            return desk.back(request, to, "refused", sentence=refused.message)
        return desk.back(request, to, "ended", name=person.display_name)


async def _where(
    desk: Desk, request: Request, programme: str, project: str
) -> tuple[Principal, Scope]:
    """Return who asks and which people are meant: as the address says, else those of their own
    first role.

    Raises:
        NotAuthenticated, NotAllowed: as `require`.
        NotFound: there is no role to go by.
    """
    own_session(request)
    principal = await desk.service.access.principal(request)
    today = desk.service.clock.today()
    if programme:
        scope = Scope(programme, project or None)
    else:
        require(principal, Action.INVITE, on=today)
        own = _places(principal.roles_on(today), today)
        if not own:
            raise NotFound("name the programme in the address")
        scope = own[0]
    require(principal, Action.INVITE, on=today, within=scope)
    return principal, scope


def _places(grants: tuple[Grant, ...], today: date) -> list[Scope]:
    """Return where somebody may see and invite people: programmes first, then projects."""
    scopes = {
        Scope(grant.scope.programme_id, grant.scope.project_id): None
        for grant in grants
        if grant.holds(today)
        and grant.role in (Role.SECRETARIAT, Role.PROJECT_OWNER, Role.PROJECT_MANAGER)
    }
    return sorted(scopes, key=lambda scope: (scope.programme_id, scope.project_id or ""))


def _givable(principal: Principal, scope: Scope, today: date) -> list[Role]:
    is_leading = principal.is_operator or any(
        grant.role is Role.SECRETARIAT and grant.reaches(scope)
        for grant in principal.roles_on(today)
    )
    in_project = [role for role in Role if role in OF_PROJECTS]
    if scope.project_id is not None:
        return in_project
    return [Role.SECRETARIAT, Role.REVIEWER, Role.READER] if is_leading else []


def _is_listed(grant: Grant, scope: Scope) -> bool:
    if scope.project_id is not None:
        return grant.scope.project_id == scope.project_id
    return grant.scope.programme_id == scope.programme_id


def _grant(fields: dict[str, str]) -> Grant:
    """Read the role of the invitation's form.

    Raises:
        RuleBroken: `role-unknown` or `day-malformed`.
    """
    try:
        role = Role(fields.get("role", ""))
        party = Party(fields["party"]) if fields.get("party") else None
    except ValueError:
        raise RuleBroken("choose one of the roles of the list", code="role-unknown") from None
    scope = Scope(fields.get("programme", ""), fields.get("project") or None)
    end = fields.get("to", "")
    return Grant(
        role,
        scope,
        party if role is Role.PARTY_REPRESENTATIVE else None,
        None,
        _day(end) if end else None,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RuleBroken(
            f"a day is written like 2026-12-31, got {text[:20]!r}", code="day-malformed"
        ) from None


def _address(fields: dict[str, str]) -> str:
    programme, project = fields.get("programme", ""), fields.get("project", "")
    query = f"?programme={programme}" + (f"&project={project}" if project else "")
    return f"{PEOPLE}{query if programme.replace('-', '').isalnum() else ''}"
