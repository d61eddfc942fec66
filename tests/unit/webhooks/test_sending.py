"""One attempt to deliver: what is sent, and what is said when it fails."""

import asyncio
import ipaddress
from datetime import UTC, datetime

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Signature
from standardwebhooks.webhooks import WebhookVerificationError

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.webhooks import Webhook
from orchestrator.webhooks.sending import LONGEST_WAIT, Outcome, sender, signed
from tests.integration.api.receiving import SECRET

pytestmark = pytest.mark.enable_socket
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
EVENT = OutboxEntry(7, "an-id", "tasks/1", "task.created.none.1.1", '{"name": "Ä"}'.encode())


def hook(url="http://example.org/", secret=SECRET):
    return Webhook(id=1, url=url, secret=secret, created_at=datetime.now(UTC))


async def sent_to(handler, *, allowed=LOOPBACK, deadline=10.0, path="/"):
    """Send to an endpoint that answers like that."""
    application = web.Application()
    application.router.add_post("/", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with sender(deadline=deadline, allowed=allowed) as opened:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
            return await opened.send(hook(url), EVENT, now=datetime.now(UTC))
    finally:
        await runner.cleanup()


def test_the_signature_is_right_for_this_secret_and_body_only():
    headers = signed(SECRET, EVENT, now=datetime.now(UTC))
    assert {"name": "Ä"} == Signature(SECRET).verify(EVENT.body, headers)
    for secret, body in (("whsec_" + "QUJE" * 8, EVENT.body), (SECRET, b"{}")):
        with pytest.raises(WebhookVerificationError):
            Signature(secret).verify(body, headers)


def test_a_subscription_shows_neither_secret_nor_address():
    assert not any(word in repr(hook("https://example.org/?key=canary")) for word in ("canary", SECRET))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome()), (204, Outcome()), (299, Outcome()),
        (302, Outcome("It answered 302; redirects are not followed.")),
        (400, Outcome("It answered 400.")), (410, Outcome("It answered 410.", gone=True)),
        (429, Outcome("It answered 429.", wait=7.0)), (503, Outcome("It answered 503.", wait=7.0)),
    ],
)  # fmt: skip
async def test_what_an_answer_means(status, outcome):
    async def answer(_):
        return web.Response(status=status, headers={"Retry-After": "7"} if status in {429, 503} else {})

    assert outcome == await sent_to(answer)


@pytest.mark.parametrize(("given", "wait"), [("99999", LONGEST_WAIT), ("Tue, 24 Nov 2026", 0.0), ("-1", 0.0)])
async def test_an_endpoint_cannot_have_us_wait_for_ever(given, wait):
    async def answer(_):
        return web.Response(status=503, headers={"Retry-After": given})

    assert wait == (await sent_to(answer)).wait


async def test_what_fails_is_said_without_the_address():
    async def cut(request):
        request.transport.abort()

    never = asyncio.Event()

    async def hang(_):
        await never.wait()

    assert "The connection failed: ServerDisconnectedError." == (await sent_to(cut, path="/?key=canary")).problem
    assert "There was no answer within 0.1 s." == (await sent_to(hang, deadline=0.1)).problem
    refused = "Its address is not public, and webhooks.allow_private_addresses does not allow it."
    assert refused == (await sent_to(cut, allowed=())).problem
    async with sender(deadline=10.0, allowed=LOOPBACK) as opened:
        found = await opened.send(hook("http://127.0.0.1:1/?key=canary"), EVENT, now=datetime.now(UTC))
        assert "No connection: nobody listens at 127.0.0.1:1 (connection refused)." == found.problem
        found = await opened.send(hook("http://name.invalid/?key=canary"), EVENT, now=datetime.now(UTC))
        assert "No connection: the name name.invalid is not known." == found.problem
