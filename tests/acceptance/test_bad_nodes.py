"""Addresses at which no processing node answers: the node says what is wrong, its tasks wait, nobody else notices."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.acceptance.plain_client import fields
from tests.daemon import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works!</body></html>"


def http(body: bytes, *, status: str = "200 OK", kind: str = "text/html", more: str = "") -> bytes:
    headers = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode() + body


def as_json(body: bytes) -> bytes:
    return http(body, kind="application/json")


@asynccontextmanager
async def answering(answer: bytes):
    """Answer everything with the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


ANSWERS = {
    "a web page": (http(HTML), "The node's answer is not JSON (200): "),
    "a web page as JSON": (as_json(HTML), "The node's answer is not JSON (200): "),
    "not found": (http(HTML, status="404 Not Found"), "The node answered 404: "),
    "bad gateway": (http(HTML, status="502 Bad Gateway"), "The node answered 502: "),
    "a way elsewhere": (
        http(b"", status="302 Found", more="Location: /login?next=%2Finfo\r\n"),
        "The node's address redirects (302) to ",
    ),
    "nothing": (as_json(b""), "The node's answer is not JSON (200): nothing"),
    "null": (as_json(b"null"), "The node's answer is not JSON (200): 'null'"),
    "an empty object": (as_json(b"{}"), "The node's answer does not say "),
    "a list": (as_json(b"[]"), "The node's answer does not say "),
    "a number": (as_json(b"1e999"), "The node's answer does not say "),
    "wrong types": (
        as_json(b'{"version": [], "taskQueueCount": "many", "maxImages": -1}'),
        "The node's answer does not say ",
    ),
    "an abyss": (as_json(b"[" * 100_000), "The node's answer is not JSON (200): "),
    "half a text": (as_json(b'{"version": "\\ud800", "taskQue'), "The node's answer is not JSON (200): "),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "The node's answer is not HTTP."),
    "silence": (b"", "The node closed the connection without an answer."),
    "half an answer": (http(HTML)[:-20], "The node cut its answer short."),
    "an error of its own": (as_json(b'{"error": "out of coffee"}'), "out of coffee"),
    "a flood": (
        as_json(b"[" + b"1," * (10 * 2**20) + b"1]"),
        "The node's answer (200) is larger than 16,777,216 bytes.",
    ),
    "terminal tricks": (http(b"\x1b[2J\x1b]0;owned\x07\x00\xff" * 50), "The node's answer is not JSON (200): "),
}


@asynccontextmanager
async def added(service, url: str):
    node = await service.client.ok("add-processing-node", {"url": url})
    try:
        yield node["id"]
    finally:
        await service.client.ok("remove-processing-node", {"processing_node": node["id"], "force": True})


async def offline(service, id_: int) -> dict:
    """Wait until the node is said to be away, and give it."""
    key = f"processing-node.status-changed.offline.{id_}"
    await service.client.events.find(lambda it: it.routing_key == key, what=key)
    event = await service.client.event(lambda it: it["subject"] == f"processing-nodes/{id_}")
    assert event["data"]["reason"] == event["data"]["processing_node"]["problem"]
    return event["data"]["processing_node"]


@pytest.mark.parametrize(("answer", "problem"), ANSWERS.values(), ids=ANSWERS)
async def test_a_node_that_answers_nonsense_is_offline_with_the_reason(unharmed, answer, problem):
    async with answering(answer) as url, added(unharmed, url) as id_:
        node = await offline(unharmed, id_)
        assert (False, "offline") == (node["online"], node["health"])
        assert node["problem"].startswith(problem)
        assert len(node["problem"]) < 500
        assert node["problem"].isprintable()


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "[::1]"])
async def test_a_node_where_nobody_listens_is_offline_with_the_reason(unharmed, host):
    async with added(unharmed, f"http://{host}:{free_port()}") as id_:
        problem = (await offline(unharmed, id_))["problem"]
        assert problem.startswith("No connection: ")


async def test_a_task_for_such_a_node_waits_says_why_and_can_be_canceled(unharmed):
    async with answering(http(HTML)) as url, added(unharmed, url) as id_:
        await offline(unharmed, id_)
        task = await unharmed.create(processing_node=id_)
        waiting = await unharmed.client.task(task["id"], lambda it: "offline" in it["reason"])
        assert (None, "waiting", "") == (waiting["status"], waiting["stage"], waiting["uuid"])
        await unharmed.client.ok("set-pending-action", {"task": task["id"], "pending_action": "CANCEL"})
        assert 50 == (await unharmed.client.ended(task["id"]))["status"]


async def test_a_task_that_may_choose_goes_to_the_node_that_works(unharmed):
    async with answering(http(HTML)) as url, added(unharmed, url) as id_:
        await offline(unharmed, id_)
        task = await unharmed.create()
        ended = await unharmed.client.ended(task["id"])
        assert (40, unharmed.node_id) == (ended["status"], ended["processing_node"])


async def test_once_a_real_node_is_there_its_tasks_go_on(unharmed):
    port = free_port()
    async with added(unharmed, f"http://127.0.0.1:{port}") as id_:
        await offline(unharmed, id_)
        task = await unharmed.create(processing_node=id_)
        async with SimulatedNode(SimulatedNodeOptions(port=port, seconds=0.1)):
            ended = await unharmed.client.ended(task["id"])
    assert (40, id_, 1) == (ended["status"], ended["processing_node"], ended["attempt"])


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, HTML.decode(), "text/html"),
        (502, HTML.decode(), "text/html"),
        (200, "{}", "application/json"),
        (200, "[]", "application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/task/new/*", "/task/*/info", "/task/*/download/*"])
async def test_nonsense_in_the_middle_of_a_job_costs_no_task(unharmed, path, status, body, kind):
    async with unharmed.another_node(seconds=0.2) as (node, id_):
        await unharmed.client.event(lambda it: it["subject"] == f"processing-nodes/{id_}")
        node.respond_with(status, body, content_type=kind, times=1, path=path)
        task = await unharmed.create(processing_node=id_)
        assert 40 == (await unharmed.client.ended(task["id"]))["status"]


async def test_a_node_that_does_not_take_the_token_is_unauthorized_and_its_tasks_wait(unharmed):
    async with unharmed.another_node(seconds=0.1, token="right") as (node, id_):
        await unharmed.client.event(lambda it: it["subject"] == f"processing-nodes/{id_}")
        node.set_token("another")
        task = await unharmed.create(processing_node=id_)
        await unharmed.client.task(task["id"], lambda it: "unauthorized" in it["reason"] or "token" in it["reason"])
        node.set_token("right")
        assert 40 == (await unharmed.client.ended(task["id"]))["status"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://node:3000"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://user:geheim@node:3000"}, "url"),
        ({"url": "http://node:99999"}, "url"),
        ({"url": "http://node:3000/?a=b"}, "url"),
        ({"url": "http://node:3000/#x"}, "url"),
        ({"url": "http://no de:3000"}, "url"),
        ({"url": "http://node:3000", "hostname": "node", "port": 3000}, "url"),
        ({"url": "http://node:3000/?token=geheim", "token": "other"}, "token"),
        ({"hostname": "node"}, "port"),
        ({"port": 3000}, "hostname"),
        ({"hostname": "http://node", "port": 3000}, "hostname"),
        ({"hostname": "node/../x", "port": 3000}, "hostname"),
    ],
)
async def test_an_address_that_is_none_is_refused_at_once(unharmed, body, field):
    problem = await unharmed.client.refused("add-processing-node", body)
    assert [field] == fields(problem)
    assert "geheim" not in problem["detail"]


async def test_an_address_that_is_known_is_a_conflict(unharmed):
    problem = await unharmed.client.refused("add-processing-node", {"url": f"{unharmed.node.url}/"})
    assert ("conflict", 409) == (problem["type"], problem["status"])
    assert f"processing node {unharmed.node_id} has the address {unharmed.node.url} already" == problem["detail"]
