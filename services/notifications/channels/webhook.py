"""Webhooks as Standard Webhooks describes them (https://www.standardwebhooks.com): signed, tried
again, thin on trust.

The receiver's name is resolved once for each try, every address it has is judged, and the
connection goes to a judged address while the certificate is checked against the name; so a name
that changes its mind cannot lead us inside. Connections are not kept: one made for a name must not
serve another name at the same address.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx2
from standardwebhooks import Webhook

from services.notifications.channels.addresses import (
    WebhookAddress,
    reachable_addresses,
    webhook_address,
)
from services.notifications.channels.resolving import Resolver, Unresolved
from services.notifications.channels.rules import Never, NotNow, Outcome, Taken, Unwanted
from shared.errors import RuleBroken

ANSWER_BYTES_MAX = 16 * 1024
DRAIN_SECONDS = 1.0
"""An answer's status says all; its body is read only so that the receiver can finish in peace."""

ADDRESSES_TRIED_MAX = 3
_GONE = 410
_ASK_LATER = (429, 503)


class Caller:
    """Calls webhooks.

    Args:
        allow_private: for tests and demonstrations: also http, any port, loopback and private
            networks.
        timeout_seconds: for a whole try, from the name's lookup to the answer, however slowly it
            drips.
        name_servers: see `Resolver`.
    """

    def __init__(
        self, *, allow_private: bool, timeout_seconds: float, name_servers: Sequence[str] = ()
    ) -> None:
        self._resolver = Resolver(name_servers)
        self._allow_private = allow_private
        self._timeout_seconds = timeout_seconds
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            # A connection gets half: one that is cut off by the time for the whole try would be
            # left open.
            timeout=httpx2.Timeout(timeout_seconds, connect=timeout_seconds / 2),
            limits=httpx2.Limits(max_keepalive_connections=0),
            headers={
                "User-Agent": "Saman-Webhooks/1",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
        )

    async def close(self) -> None:
        """End the client and the resolver."""
        await self._client.aclose()
        await self._resolver.close()

    async def call(
        self,
        address: str,
        body: str,
        *,
        secrets: Sequence[str],
        delivery_id: UUID,
        signed_at: datetime,
    ) -> Outcome:
        """Try to deliver once.

        Args:
            address: the receiver's URL, judged anew.
            body: what is sent and signed.
            secrets: `whsec_…`; each of them signs, the newest first.
            delivery_id: the `webhook-id`, the same on each try, by which a receiver knows a
                repetition.
            signed_at: the true time; receivers refuse signatures some minutes old.
        """
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(delivery_id),
            "webhook-timestamp": str(int(signed_at.timestamp())),
            "webhook-signature": " ".join(
                Webhook(secret).sign(str(delivery_id), signed_at.astimezone(UTC), body)
                for secret in secrets
            ),
        }
        try:
            target = webhook_address(address, allow_private=self._allow_private)
        except RuleBroken as broken:
            return Never(f"the address may not be called any more ({broken.code})")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(target, body.encode(), headers)
        except RuleBroken as broken:
            return NotNow(f"the name of the host leads where nothing may be sent ({broken.code})")
        except Unresolved as unresolved:
            return NotNow("the name of the host cannot be resolved", is_silent=unresolved.is_silent)
        except TimeoutError:
            return NotNow(f"no answer within {self._timeout_seconds:g} seconds", is_silent=True)
        except (httpx2.HTTPError, OSError) as error:
            is_silent = isinstance(error, httpx2.TimeoutException)
            return NotNow(f"no answer: {type(error).__name__}", is_silent=is_silent)

    async def _post(self, target: WebhookAddress, body: bytes, headers: dict[str, str]) -> Outcome:
        addresses = await self._addresses(target)
        for address in addresses[:-1]:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._post_to(address, target, body, headers)
        return await self._post_to(addresses[-1], target, body, headers)

    async def _addresses(self, target: WebhookAddress) -> list[str]:
        addresses = await self._resolver.addresses(target.host, target.port)
        return reachable_addresses(target.host, addresses, allow_private=self._allow_private)[
            :ADDRESSES_TRIED_MAX
        ]

    async def _post_to(
        self, address: str, target: WebhookAddress, body: bytes, headers: dict[str, str]
    ) -> Outcome:
        request = self._client.build_request(
            "POST",
            target.url_at(address),
            content=body,
            headers={**headers, "Host": target.authority},
            extensions={"sni_hostname": target.host} if target.scheme == "https" else None,
        )
        answer = await self._client.send(request, stream=True)
        try:
            with suppress(httpx2.HTTPError, TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await _drain(answer)
            return _judged(answer)
        finally:
            await answer.aclose()


async def _drain(answer: httpx2.Response) -> None:
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            return


def _judged(answer: httpx2.Response) -> Outcome:
    status = answer.status_code
    if answer.is_success:
        return Taken()
    error = f"the receiver answered {status}"
    if status == _GONE:
        return Unwanted(f"{error} Gone: it wants no more")
    if answer.is_redirect:
        return NotNow(f"{error}, and redirects are not followed; give the new address")
    return NotNow(
        error, _retry_after(answer.headers.get("retry-after")) if status in _ASK_LATER else None
    )


def _retry_after(text: str | None) -> int | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 §10.2.3: a number or a
    date).
    """
    if text is None:
        return None
    if text.strip().isdecimal():
        return int(text.strip()[:9])
    with suppress(ValueError, OverflowError):  # the latter for a year that no calendar has
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is not None:
            return max(0, int((moment - datetime.now(UTC)).total_seconds()))
    return None
