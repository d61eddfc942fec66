"""Both sites together: health on TCP, control on a Unix socket."""

import asyncio
import socket

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from orchestrator.api.access.names import Names
from orchestrator.api.access.origins import Origins
from orchestrator.api.control import control_application
from orchestrator.api.server import Server
from orchestrator.api.unix_socket import ListenError
from orchestrator.api.window import window_application
from tests.unit.api.gates import OpenGate


@pytest.fixture
def server(rooms, folder):
    def make(*, ready=(), registry=None, **changes):
        given = {"host": "127.0.0.1", "port": 0, "control_socket": folder / "c.sock"}
        applications = {
            "window": lambda: window_application(
                rooms.rest_ports(), OpenGate(), origins=Origins(Names("127.0.0.1")), ready=ready, figures=dict,
                registry=registry or CollectorRegistry(),
            ),
            "control": lambda: control_application(rooms.ports(), checks=ready),
        }  # fmt: skip
        return Server(**(given | applications | changes))

    return make


async def fetch(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def fetch_json(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


async def test_it_is_live_and_ready_when_nothing_is_wrong(server):
    async with server(ready=[lambda: ("bus", None)]) as running:
        for page in ("live", "ready"):
            assert (200, {"status": "ok", "problems": {}}) == await fetch_json(f"{running.url}/health/{page}")


async def test_it_is_not_ready_while_something_is_wrong_and_says_what(server):
    problem = {"bus": "the broker at amqp://mq is away"}
    async with server(ready=[lambda: ("bus", problem["bus"]), lambda: ("store", None)]) as running:
        assert (503, {"status": "unhealthy", "problems": problem}) == await fetch_json(f"{running.url}/health/ready")
        assert 200 == (await fetch_json(f"{running.url}/health/live"))[0]


async def test_a_check_that_fails_itself_is_no_sign_of_health(server):
    def broken():
        raise RuntimeError("secret")

    async with server(ready=[broken]) as running:
        status, body = await fetch_json(f"{running.url}/health/ready")
        assert (500, False) == (status, body["ok"])
        assert "secret" not in str(body)


async def test_metrics_are_prometheus_text(server):
    registry = CollectorRegistry()
    Counter("orchestrator_tries", "Tries", registry=registry).inc()
    async with server(registry=registry) as running:
        status, text = await fetch(f"{running.url}/metrics")
        assert (200, True) == (status, "orchestrator_tries_total 1.0" in text)


async def test_the_control_socket_answers_and_goes_with_the_server(server, folder):
    async with server():
        connector = aiohttp.UnixConnector(str(folder / "c.sock"))
        async with aiohttp.ClientSession(connector=connector) as session, session.get("http://c/health") as response:
            assert 200 == response.status
    assert [] == list(folder.iterdir())


async def test_commands_are_not_taken_on_tcp(server):
    async with (
        server() as running,
        aiohttp.ClientSession() as session,
        session.post(f"{running.url}/commands/create-task", data=b"{}") as response,
    ):
        assert 404 == response.status


async def test_a_port_that_is_taken_is_told_and_nothing_stays_open(server, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"Cannot listen on 127\.0\.0\.1 port {port}: address already in use"):
            await server(port=port).start()
    assert [] == list(folder.iterdir())


async def test_start_and_stop_may_be_called_again_and_at_once(server, folder):
    one = server()
    await one.stop()
    for _ in range(5):
        await asyncio.gather(*(one.start() for _ in range(3)))
        assert (folder / "c.sock").exists()
        await asyncio.gather(*(one.stop() for _ in range(3)))
        assert not (folder / "c.sock").exists()


async def test_a_second_daemon_on_the_same_files_is_refused(server):
    async with server():
        with pytest.raises(ListenError, match="Another daemon answers"):
            await server().start()


async def test_an_ipv6_address_is_shown_in_brackets(server):
    assert "http://[::1]:8000" == server(host="::1", port=8000).url
