"""Nobody keeps the window busy by being slow or large, and what is no HTTP neither harms nor is repeated in the log."""

import asyncio
import logging
import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from orchestrator.api import server as serving
from orchestrator.api.access.headers import secure
from orchestrator.api.rest.application import rest_application
from orchestrator.api.rest.reading import MAX_FORM
from orchestrator.api.rest.route import Form, Route
from orchestrator.api.server import Server
from orchestrator.telemetry.logging import _route_others as quieten

pytestmark = pytest.mark.enable_socket


HEAD = b"POST /api/things/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Body(Form):
    name: str


async def take(_):
    return web.Response(text="taken")


@pytest.fixture
async def port(folder, monkeypatch):
    monkeypatch.setattr(serving, "SILENCE", 0.2)
    route = Route(method="POST", path="/things/", name="take", summary="Take.", handler=take, body=Body)

    def window():
        application = web.Application(client_max_size=1000)
        application.add_subapp("/api", rest_application([route], deadline=0.2))
        return application

    server = Server(
        host="127.0.0.1", port=0, control_socket=folder / "c.sock", window=window, control=web.Application
    )  # fmt: skip
    async with server:
        yield int(server.url.rpartition(":")[2])


async def said(port, piece=b""):
    """Send something, and give all that is answered until the other side ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(piece)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer


async def answered(port, request_):
    """Give the first line of the answer, and hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_)
    async with asyncio.timeout(30):
        line = await reader.readline()
    writer.close()
    return line.rstrip()


async def test_headers_that_do_not_come_end_the_connection(port):
    assert b"" == await said(port, b"POST /api/things/ HTTP/1.1\r\nHost: local")
    assert b"" == await said(port)


async def test_a_body_that_does_not_come_is_not_waited_for(port):
    assert b"HTTP/1.1 503 Service Unavailable" == await answered(port, HEAD % 99 + b"{")


async def test_a_body_that_is_too_large_is_not_taken(port):
    assert (await answered(port, HEAD % (MAX_FORM + 1))).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer canary" + b"a" * 9000 + b"\r\n\r\n",
        b"canary nonsense\r\n\r\n",
        b"GET http://[canary/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01canary",
    ],
)
async def test_what_is_no_http_is_answered_and_not_logged(port, caplog, request_):
    told = logging.getLogger("aiohttp.server")
    before = told.level
    try:
        quieten(logging.WARNING, sys.stderr)
        assert b" 400 " in (await said(port, request_)).splitlines()[0]
    finally:
        told.setLevel(before)
    assert [] == caplog.records


@pytest.mark.parametrize(
    ("path", "kind", "policy"),
    [
        ("/", "text/html", "default-src 'self'"),
        ("/api/docs", "text/html", "default-src 'self'"),
        ("/api/projects/1/tasks/1/assets/report.html", "text/html", "default-src 'none'"),
        ("/api/projects/1/tasks/1/assets/map.svg", "image/svg+xml", "default-src 'none'"),
    ],
)
async def test_only_our_own_pages_may_run_anything(path, kind, policy):
    response = web.Response(text="", content_type=kind)
    await secure(make_mocked_request("GET", path), response)
    given = response.headers["Content-Security-Policy"]
    assert (policy, policy.endswith("'none'")) == (given.partition(";")[0], given.endswith("; sandbox"))
