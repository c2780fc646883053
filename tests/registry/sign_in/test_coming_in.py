"""Coming in by a link in a mail, over real HTTP and SMTP, and what must not let anybody in."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from deploy.containers.gateway import make_gateway
from deploy.local.mail_catcher import CaughtMail, MailCatcher
from services.registry.people import commands as people
from services.registry.people.commands import Invitation
from services.registry.people.events import person_event
from services.registry.people.mail import SIGN_IN_PAGE
from services.registry.people.pages import MY_ACCESS, PEOPLE
from services.registry.programmes.commands import put_programme
from services.registry.projects.commands import put_project
from services.registry.sign_in.rules import LINK_LASTS, LINKS_PER_HOUR, TRIES_MAX
from shared.access import persons
from shared.access.auth import OPERATOR
from shared.access.roles import Grant, Party, Role, Scope
from shared.access.sessions import COOKIE
from shared.service.clients import new_client
from tests.browser.serving import served
from tests.registry import factories
from tests.registry.sign_in.standin import CLIENT_ID, CLIENT_SECRET, stand_in
from tests.support.apps import OPERATOR_KEY
from tests.support.doors import open_doors, service_of
from tests.support.infrastructure import Infra

ADDRESS = "kari@vefsn.example"
NAME = "Kari Nordmann"
VEFSN = Scope("saman", "vefsn")


@dataclass(frozen=True, slots=True)
class Entrance:
    """The registry's doors, a mail server, and the browser of somebody who is invited."""

    app: FastAPI
    browser: AsyncClient
    stranger: AsyncClient
    catcher: MailCatcher

    async def invite(self, *grants: Grant) -> UUID:
        """Invite somebody, and let the service hear of it as it would over Kafka."""
        database, now = service_of(self.app).database, datetime.now(UTC)
        wanted = Invitation(ADDRESS, NAME, "en", grants or (Grant(Role.PROJECT_MANAGER, VEFSN),))
        async with database.transaction() as conn:
            put = await people.invite(conn, wanted, by=OPERATOR, today=date(2026, 3, 1), now=now)
            await persons.keep_persons(conn, [person_event(put.state, now=now)])
        return put.state.person_id

    async def ask(self, address: str = ADDRESS, by: AsyncClient | None = None) -> Response:
        return await (by or self.browser).post(f"{SIGN_IN_PAGE}/mail", data={"email": address})

    async def mail(self) -> CaughtMail:
        """Return the newest mail, which has come or comes."""
        return next(iter(self.catcher.mailbox.list_()), None) or await self.catcher.next_mail()

    async def mailed(self) -> tuple[str, str]:
        """Return the path of the link and the code of the next mail."""
        text = (await self.mail()).part("plain") or ""
        link = re.search(r"https?://[^/\s]+(/registry/sign-in/link/[A-Za-z0-9_-]+)", text)
        code = re.search(r"Code: (\d{4}) (\d{4})", text)
        assert link is not None
        assert code is not None
        return link[1], code[1] + code[2]

    async def come_in(self) -> Response:
        await self.ask()
        link, _ = await self.mailed()
        return await self.browser.post(link)

    async def send(self, page: str, form: str, **fields: str) -> Response:
        """Send one of a page's forms, with the token that stands in it."""
        shown = (await self.browser.get(page)).text
        token = re.search(r'name="form_token" value="([^"]+)"', shown)
        assert token is not None, shown
        return await self.browser.post(form, data={"form_token": token[1], **fields})

    async def execute(self, statement: str, *arguments: object) -> None:
        async with service_of(self.app).database.connection() as conn:
            await conn.execute(statement, *arguments)


@pytest_asyncio.fixture
async def entrance(
    infra: Infra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Entrance]:
    """A registry with a programme, a project and a mail server; nobody is invited yet."""
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        monkeypatch.setenv("SAMAN_REGISTRY_MAIL_HOST", "127.0.0.1")
        monkeypatch.setenv("SAMAN_REGISTRY_MAIL_PORT", str(catcher.smtp_port))
        async with open_doors(infra, "registry") as apps, served(make_gateway(apps)) as address:
            async with service_of(apps["registry"]).database.transaction() as conn:
                await put_programme(conn, factories.programme(), now=datetime.now(UTC))
                project = factories.project(members=(), goals=())
                await put_project(conn, project, now=datetime.now(UTC))
            options = {"base_url": address, "headers": {"Accept-Language": "en"}, "timeout": 60}
            async with new_client(**options) as browser, new_client(**options) as stranger:
                yield Entrance(apps["registry"], browser, stranger, catcher)


async def test_who_is_invited_comes_in_by_the_link_and_sees_their_own_page(
    entrance: Entrance,
) -> None:
    await entrance.invite()
    assert (await entrance.browser.get(MY_ACCESS)).headers["location"].startswith(SIGN_IN_PAGE)

    answer = await entrance.come_in()

    assert (answer.status_code, answer.headers["location"]) == (303, MY_ACCESS)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    page = await entrance.browser.get(MY_ACCESS)
    assert NAME in page.text
    assert "Project manager" in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "grant",
    [
        Grant(Role.SECRETARIAT, Scope("saman")),
        Grant(Role.NETWORK_LEAD, Scope("saman", network_ids=frozenset({"nordland"}))),
        Grant(Role.REVIEWER, Scope("saman", report_kinds=frozenset({"annual"}))),
        Grant(Role.PARTY_REPRESENTATIVE, VEFSN, Party.ELECTED, None, date(2030, 1, 1)),
    ],
    ids=lambda grant: grant.role.value,
)
async def test_everybody_sees_their_own_roles(entrance: Entrance, grant: Grant) -> None:
    await entrance.invite(grant)
    await entrance.come_in()
    page = await entrance.browser.get(MY_ACCESS)
    assert page.status_code == 200
    assert "holds" in page.text
    people_page = await entrance.browser.get(f"{PEOPLE}?programme=saman")
    assert people_page.status_code == (200 if grant.role is Role.SECRETARIAT else 403)


async def test_the_answer_is_the_same_whether_the_address_is_known_or_not(
    entrance: Entrance,
) -> None:
    await entrance.invite()
    known, unknown = await entrance.ask(), await entrance.ask("nobody@vefsn.example")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


async def test_a_program_that_looks_at_the_link_does_not_use_it_up(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.ask()
    link, _ = await entrance.mailed()
    for who in (entrance.stranger, entrance.browser):
        assert (await who.get(link)).status_code == 200
    assert (await entrance.browser.post(link)).status_code == 303


async def test_a_link_is_good_once_and_in_the_browser_that_asked(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.ask()
    link, _ = await entrance.mailed()
    elsewhere = await entrance.stranger.post(link)
    assert (elsewhere.status_code, COOKIE in entrance.stranger.cookies) == (403, False)
    assert (await entrance.browser.post(link)).status_code == 303
    assert (await entrance.browser.post(link)).status_code == 403


async def test_a_code_is_good_in_the_browser_that_asked_and_not_after_five_guesses(
    entrance: Entrance,
) -> None:
    await entrance.invite()
    await entrance.ask()
    _, code = await entrance.mailed()
    assert (
        await entrance.stranger.post(f"{SIGN_IN_PAGE}/code", data={"code": code})
    ).status_code == 403
    for _ in range(TRIES_MAX):
        wrong = await entrance.browser.post(f"{SIGN_IN_PAGE}/code", data={"code": "00000000"})
        assert wrong.status_code == 403
    late = await entrance.browser.post(f"{SIGN_IN_PAGE}/code", data={"code": code})
    assert (late.status_code, COOKIE in entrance.browser.cookies) == (403, False)


async def test_a_code_can_be_typed_with_spaces(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.ask()
    _, code = await entrance.mailed()
    typed = f" {code[:4]} {code[4:]} "
    assert (
        await entrance.browser.post(f"{SIGN_IN_PAGE}/code", data={"code": typed})
    ).status_code == 303


async def test_a_link_is_over_after_a_quarter_of_an_hour(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.ask()
    link, _ = await entrance.mailed()
    await entrance.execute(
        "UPDATE sign_in_link SET expires_at = expires_at - $1::interval", LINK_LASTS
    )
    assert (await entrance.browser.post(link)).status_code == 403


async def test_nobodys_box_is_filled_from_here(entrance: Entrance) -> None:
    await entrance.invite()
    answers = [await entrance.ask() for _ in range(LINKS_PER_HOUR + 2)]
    assert {answer.status_code for answer in answers} == {200}
    async with service_of(entrance.app).database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sign_in_link") == LINKS_PER_HOUR


async def test_what_was_mailed_stands_nowhere_in_the_database(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.ask()
    link, code = await entrance.mailed()
    async with service_of(entrance.app).database.connection() as conn:
        kept = str(await conn.fetch("SELECT * FROM sign_in_link")) + str(
            await conn.fetch("SELECT * FROM audit_entry")
        )
    assert link.rpartition("/")[2] not in kept
    assert code not in kept


async def test_a_cookie_that_was_there_before_is_not_taken_over(entrance: Entrance) -> None:
    await entrance.invite()
    entrance.browser.cookies.set(COOKIE, "fixed-by-an-attacker")
    await entrance.come_in()
    assert entrance.browser.cookies.get(COOKIE, domain="127.0.0.1") != "fixed-by-an-attacker"


async def test_signing_out_everywhere_ends_every_copy_of_a_session(entrance: Entrance) -> None:
    person_id = await entrance.invite()
    await entrance.come_in()
    kept = dict(entrance.browser.cookies)
    assert (await entrance.send(MY_ACCESS, f"{MY_ACCESS}/sessions")).status_code == 303
    now = datetime.now(UTC)
    async with service_of(entrance.app).database.transaction() as conn:
        person = await people.end_sessions(conn, person_id, now=now)
        await persons.keep_persons(conn, [person_event(person, now=now)])
    answer = await entrance.stranger.get(MY_ACCESS, headers={"Cookie": f"{COOKIE}={kept[COOKIE]}"})
    assert answer.status_code == 303


async def test_who_leaves_is_erased_and_cannot_come_in_again(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.come_in()
    unsure = await entrance.send(MY_ACCESS, f"{MY_ACCESS}/leave")
    assert unsure.headers["location"] == MY_ACCESS
    assert NAME in (await entrance.browser.get(MY_ACCESS)).text
    await entrance.send(MY_ACCESS, f"{MY_ACCESS}/leave", sure="yes")
    async with service_of(entrance.app).database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM person") == 0


async def test_all_that_is_kept_can_be_taken_along(entrance: Entrance) -> None:
    person_id = await entrance.invite()
    await entrance.come_in()
    file = (await entrance.browser.get(f"{MY_ACCESS}/file")).json()
    assert (file["person_id"], file["email"]) == (str(person_id), ADDRESS)
    assert file["roles"][0]["role"] == "project-manager"


async def test_a_project_manager_invites_for_their_project_and_ends_it(entrance: Entrance) -> None:
    await entrance.invite()
    await entrance.come_in()
    here = f"{PEOPLE}?programme=saman&project=vefsn"
    invited = {"programme": "saman", "project": "vefsn", "display_name": "Ola", "language": "nb"}
    await entrance.send(
        here, f"{PEOPLE}/invite", email="ola@vefsn.example", role="project-owner", **invited
    )
    page = (await entrance.browser.get(here)).text
    assert "Ola is invited" in page
    assert "Project owner" in page
    while (mail := await entrance.mail()).header("To") != "ola@vefsn.example":
        await entrance.catcher.next_mail()
    assert mail.header("Subject") == "Du er invitert til Saman"

    await entrance.send(
        here, f"{PEOPLE}/invite", email="x@vefsn.example", role="secretariat", **invited
    )
    assert "secretariat" in (await entrance.browser.get(here)).text


@pytest.mark.parametrize("address", [f"{PEOPLE}?programme=saman", f"{PEOPLE}?programme=other"])
async def test_people_of_elsewhere_are_not_shown(entrance: Entrance, address: str) -> None:
    await entrance.invite()
    await entrance.come_in()
    answer = await entrance.browser.get(address)
    assert answer.status_code == 403
    assert "This is not open to you" in answer.text


async def test_a_role_that_ended_lets_nobody_invite(entrance: Entrance) -> None:
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - a day is what a role ends on
    await entrance.invite(Grant(Role.PROJECT_MANAGER, VEFSN, None, None, yesterday))
    await entrance.come_in()
    answer = await entrance.browser.get(f"{PEOPLE}?programme=saman&project=vefsn")
    assert answer.status_code == 403


async def test_no_page_of_people_can_stand_in_anothers_frame(entrance: Entrance) -> None:
    answer = await entrance.browser.get(SIGN_IN_PAGE)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_link_that_the_operator_makes_opens_once_in_any_browser(
    entrance: Entrance,
) -> None:
    person_id = await entrance.invite()
    made = await entrance.stranger.post(
        f"/api/registry/v1/people/{person_id}/sign-in-links",
        headers={"Authorization": f"Bearer {OPERATOR_KEY}"},
    )
    assert made.status_code == 201
    assert (await entrance.browser.post(made.json()["path"])).status_code == 303
    assert (await entrance.stranger.post(made.json()["path"])).status_code == 403


async def test_who_is_invited_comes_in_by_the_provider_and_a_stranger_is_told_what_to_do(
    infra: Infra, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand_in() as issuer:
        monkeypatch.setenv("SAMAN_REGISTRY_OIDC_ISSUER", issuer.issuer)
        monkeypatch.setenv("SAMAN_REGISTRY_OIDC_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("SAMAN_REGISTRY_OIDC_CLIENT_SECRET", CLIENT_SECRET)
        async with (
            open_doors(infra, "registry", public_url="http://127.0.0.1") as apps,
            AsyncClient(
                transport=ASGITransport(apps["registry"]), base_url="http://127.0.0.1"
            ) as browser,
            new_client(timeout=60) as outside,
        ):

            async def come() -> Response:
                leaving = await browser.get(f"{SIGN_IN_PAGE}/provider", params={"lang": "en"})
                answer = await outside.get(leaving.headers["location"])
                back = answer.headers["location"].removeprefix("http://127.0.0.1")
                return await browser.get(back, headers={"Accept-Language": "en"})

            issuer.person = {"name": "Ola", "email": "ola@x.example", "email_verified": True}
            stranger = await come()
            assert stranger.status_code == 403
            assert "nobody has given you a role here yet" in stranger.text

            entrance = Entrance(apps["registry"], browser, outside, MailCatcher("", 0, Path()))
            async with service_of(apps["registry"]).database.transaction() as conn:
                await put_programme(conn, factories.programme(), now=datetime.now(UTC))
            await entrance.invite(Grant(Role.READER, Scope("saman")))
            issuer.person |= {"email": ADDRESS.upper()}
            assert (await come()).headers["location"] == MY_ACCESS
            assert NAME in (await browser.get(MY_ACCESS)).text
