"""Every short call against a server that plays each trap: what goes out, and what a bad answer becomes."""

import asyncio
import logging
import traceback
from urllib.parse import parse_qs

import pytest

from orchestrator.domain.errors import (
    JobNotFound,
    NodeError,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
)
from orchestrator.domain.task import Option
from orchestrator.nodes.nodeodm import Deadlines
from orchestrator.nodes.nodeodm import client as client_module
from orchestrator.nodes.registry import NodeRegistry
from tests.faults.proxy import FaultyProxy
from tests.unit.nodes.nodeodm_bundle import QUICK, TOKEN, UUID, client_of, node_at
from tests.unit.nodes.scripted_node import Act, ScriptedNode, http, says

INFO = {"version": "2.2.4", "taskQueueCount": 0, "maxImages": None, "maxParallelTasks": 1, "engine": "odm"}
JOB = {"uuid": UUID, "status": {"code": 20}, "imagesCount": 3, "progress": 50, "processingTime": 7}
DONE = {"success": True}

CALLS = {
    "info": lambda client: client.info(),
    "options": lambda client: client.options(),
    "begin": lambda client: client.begin(UUID, name="x", options=[]),
    "commit": lambda client: client.commit(UUID),
    "job": lambda client: client.job(UUID),
    "job_list": lambda client: client.job_list(),
    "job_card": lambda client: client.job_card(UUID),
    "cancel": lambda client: client.cancel(UUID),
    "remove": lambda client: client.remove(UUID),
    "restart": lambda client: client.restart(UUID, options=[]),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


CLUSTER = INFO | {"cpuCores": 99_999_999_999, "maxParallelTasks": 99_999_999_999, "engine": "?", "engineVersion": "?"}


async def error_of(call, act: Act, *, deadlines: Deadlines | None = None) -> NodeError:
    async with ScriptedNode([act]) as node, client_of(node.url, deadlines=deadlines) as client:
        with pytest.raises(NodeError) as caught:
            await call(client)
    shown = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in shown
    assert "s3cret" not in shown
    return caught.value


@every_call
@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Act(http(401)), NodeUnauthorized),
        (says({"error": "Invalid authentication token: token does not match."}), NodeUnauthorized),
        (says({"error": "No way"}), NodeRefused),
        (says({"success": False, "error": "No way"}), NodeRefused),
        (Act(http(200, b"<html>Welcome to nginx</html>")), NodeFault),
        (Act(http(502, b"<h1>Bad gateway</h1>")), NodeFault),
        (Act(http(429)), NodeFault),
        (Act(http(408), close=True), NodeFault),
        (Act(http(301, Location=f"https://elsewhere/?token={TOKEN}")), NodeFault),
        (says(7), NodeFault),
        (says({"uuid": 7, "success": "perhaps"}), NodeFault),
        (Act(http(200, b'{"vers', length=80), close=True), NodeFault),
        (Act(b"", close=True), NodeFault),
        (Act(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True), NodeFault),
        (Act(http(200, length=17 << 30)), NodeFault),
        (Act(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), NodeFault),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else repr(value.answer[:40]),
)
async def test_bad_answers_are_sorted_and_never_show_the_token(call, act: Act, kind: type):
    assert kind is type(await error_of(call, act))


@pytest.mark.parametrize(
    ("call", "deadline"),
    [
        ("info", "info of 0.1 s"),
        ("options", "answer of 0.2 s"),
        ("begin", "answer of 0.2 s"),
        ("commit", "commit of 0.3 s"),
        ("job", "answer of 0.2 s"),
        ("job_list", "answer of 0.2 s"),
        ("restart", "answer of 0.2 s"),
    ],
)
async def test_silence_ends_at_a_deadline_that_the_error_names(call: str, deadline: str):
    error = await error_of(CALLS[call], Act(hang=True), deadlines=QUICK)
    assert f"The node did not answer within the deadline {deadline}." == str(error)
    assert NodeFault is type(error)


async def test_an_answer_that_only_drips_ends_at_the_deadline_too():
    drip = Act(http(200, b"{" + b" " * 10_000), slowly=0.02)
    assert "the deadline info" in str(await error_of(CALLS["info"], drip, deadlines=QUICK))


async def test_an_answer_without_a_length_that_stalls_ends_at_the_deadline():
    stalled = Act(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
    assert "the deadline info" in str(await error_of(CALLS["info"], stalled, deadlines=QUICK))


async def test_nothing_listening_is_unreachable(unused_tcp_port: int):
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(NodeUnreachable) as caught:
            await client.info()
    assert f"No connection: nobody listens at 127.0.0.1:{unused_tcp_port} (connection refused)." == str(caught.value)


async def test_an_unknown_name_is_unreachable(monkeypatch):
    async def unknown(*_: object, **__: object):
        raise OSError(-2, "Name or service not known")

    async with client_of("http://no-such-node.invalid:3000") as client:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
        with pytest.raises(NodeUnreachable, match=r"the name no-such-node\.invalid is not known"):
            await client.info()


async def test_tls_that_is_no_tls_is_unreachable():
    plain = Act(http(400, b"The plain HTTP request was sent to HTTPS port"), close=True)
    url, deadlines = "https://127.0.0.1:{}", Deadlines(connect=0.1)
    async with ScriptedNode([plain]) as node, client_of(url.format(node.port), deadlines=deadlines) as client:
        with pytest.raises(NodeUnreachable):
            await client.info()


async def test_a_connection_that_is_not_made_in_time_is_unreachable(monkeypatch):
    async def never(*_: object, **__: object):
        await asyncio.Event().wait()

    monkeypatch.setattr("aiohappyeyeballs.start_connection", never)
    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", never)
    async with client_of("http://127.0.0.1:3000", deadlines=Deadlines(connect=0.05)) as client:
        with pytest.raises(NodeUnreachable, match=r"No connection within the deadline connect of 0\.05 s"):
            await client.info()


@every_call
async def test_a_useless_address_is_unreachable(call):
    async with client_of("ftp://node") as client:
        with pytest.raises(NodeUnreachable, match="no http or https address"):
            await call(client)


@every_call
async def test_after_closing_nodes_are_unreachable(call):
    registry = NodeRegistry()
    client = registry.client(node_at("http://127.0.0.1:1"))
    await registry.close()
    with pytest.raises(NodeUnreachable, match="connections to nodes are closed"):
        await call(client)


@pytest.mark.parametrize("call", ["job", "cancel", "remove", "restart"])
@pytest.mark.parametrize("words", [f"{UUID} not found", f"Invalid route for taskId {UUID}, no nodes in routing table."])
async def test_unknown_jobs_are_told_apart(call: str, words: str):
    assert JobNotFound is type(await error_of(CALLS[call], says({"error": words})))


@pytest.mark.parametrize(
    "words", ["Invalid uuid (not found)", "ENOENT: no such file or directory, open 'tmp/x/body.json'"]
)
async def test_committing_what_is_gone_is_told_apart(words: str):
    assert JobNotFound is type(await error_of(CALLS["commit"], says({"error": words})))


async def test_a_uuid_in_use_is_refused_in_the_nodes_words():
    error = await error_of(CALLS["begin"], says({"error": f"Invalid set-uuid: {UUID}"}))
    assert (NodeRefused, f"Invalid set-uuid: {UUID}") == (type(error), str(error))


async def test_large_answers_are_cut_off_without_a_length_too(monkeypatch):
    monkeypatch.setattr(client_module, "JOB_CAP", 1_000)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    error = await error_of(CALLS["job"], Act(head + b"400\r\n" + b" " * 1024 + b"\r\n"))
    assert "The node's answer (200) is larger than 1,000 bytes." == str(error)


async def test_answers_without_a_length_are_read_whole():
    whole = Act(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"ver\r\n0a\r\nsion":"2"}\r\n0\r\n\r\n')
    async with ScriptedNode([whole]) as node, client_of(node.url) as client:
        assert "2" == (await client.info()).api_version


async def test_the_token_goes_into_the_query_once_under_the_prefix():
    async with ScriptedNode([says(INFO), says(JOB)]) as node, client_of(f"{node.url}/odm/") as client:
        await client.info()
        await client.job(UUID, from_line=-4)
    assert ["/odm/info", f"/odm/task/{UUID}/info"] == [request.path for request in node.requests]
    assert {"with_output": ["0"], "token": [TOKEN]} == node.requests[1].query
    assert not any("s3cret" in str(request.headers) for request in node.requests)


async def test_jobs_are_told_about_in_the_encodings_that_all_servers_take():
    answers = [says({"uuid": UUID}), says({"uuid": UUID}), says(DONE), says(DONE), says(DONE)]
    async with ScriptedNode(answers) as node, client_of(node.url) as client:
        await client.begin(UUID, name="", options=[Option("dsm", value=True)])
        await client.commit(UUID)
        await client.cancel(UUID)
        await client.remove(UUID)
        await client.restart(UUID, options=[Option("dsm", value=False)])
    begin, commit, *others = node.requests
    assert (UUID, "POST", "/task/new/init") == (begin.headers["set-uuid"], begin.method, begin.path)
    assert begin.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert ("POST", f"/task/new/commit/{UUID}", b"") == (commit.method, commit.path, commit.body)
    assert ["/task/cancel", "/task/remove", "/task/restart"] == [request.path for request in others]
    assert {"application/x-www-form-urlencoded"} == {request.headers["content-type"] for request in others}
    assert {"uuid": [UUID], "options": ['[{"name": "dsm", "value": false}]']} == parse_qs(others[2].body.decode())


async def test_job_output_is_asked_for_only_when_wanted():
    async with ScriptedNode([says(JOB | {"output": ["a\n"]})]) as node, client_of(node.url, "") as client:
        assert () == (await client.job(UUID)).output
        assert ("a",) == (await client.job(UUID, from_line=5)).output
    assert [f"/task/{UUID}/info", f"/task/{UUID}/info?with_output=5"] == [r.target for r in node.requests]


@pytest.mark.parametrize("call", ["begin", "commit", "job", "cancel", "remove", "restart"])
async def test_only_a_proper_uuid_is_sent(call: str):
    async with ScriptedNode([says(DONE)]) as node, client_of(node.url) as client:
        calls = {
            "begin": lambda: client.begin("../x", name="x", options=[]),
            "restart": lambda: client.restart("../x", options=[]),
        }
        with pytest.raises(NodeRefused, match="not a version 4 uuid"):
            await calls.get(call, lambda: getattr(client, call)("../x"))()
    assert [] == node.requests


async def test_a_stale_connection_is_asked_again_for_answers_but_not_for_deeds():
    acts = [says(INFO), Act(close=True), says(INFO), Act(close=True), says(DONE)]
    async with ScriptedNode(acts) as node, client_of(node.url) as client:
        await client.info()
        await client.info()
        with pytest.raises(NodeFault, match="closed the connection without an answer"):
            await client.cancel(UUID)
    assert ["GET", "GET", "GET", "POST"] == [request.method for request in node.requests]


async def test_a_canceled_call_closes_its_connection():
    async with ScriptedNode([Act(hang=True)]) as node, client_of(node.url) as client:
        call = asyncio.create_task(client.job(UUID))
        while not node.requests:
            await asyncio.sleep(0)
        call.cancel()
        async with asyncio.timeout(10):
            await node.gone.wait()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_reset_connection_is_a_fault_that_says_so():
    async with ScriptedNode([Act(hang=True)]) as node, FaultyProxy(node.port) as proxy:
        proxy.cut_after(10)
        async with client_of(proxy.url) as client:
            with pytest.raises(NodeFault, match="connection"):
                await client.cancel(UUID)


async def test_polls_share_connections_and_keep_no_cookies():
    cookie = Act(http(200, b'{"version": "2"}', Set_Cookie="a=b"))
    async with ScriptedNode([cookie]) as node, NodeRegistry(connections_per_node=2, user_agent="me/1") as registry:
        client = registry.client(node_at(node.url))
        await asyncio.gather(*(client.info() for _ in range(10)))
    assert 2 == node.connections
    assert {"me/1"} == {request.headers["user-agent"] for request in node.requests}
    assert not any("cookie" in request.headers for request in node.requests)


async def test_nothing_is_logged_about_addresses(caplog):
    caplog.set_level(logging.DEBUG)
    for act in (Act(close=True), says(INFO), Act(http(500))):
        async with ScriptedNode([act]) as node, client_of(node.url) as client:
            await asyncio.gather(client.info(), return_exceptions=True)
    assert "s3cret" not in caplog.text


async def test_a_cluster_without_a_node_is_as_good_as_away():
    error = await error_of(CALLS["info"], says(CLUSTER))
    assert (NodeFault, "The cluster has no processing node that is online.") == (type(error), str(error))


async def test_a_cluster_with_a_node_is_online():
    async with ScriptedNode([says(CLUSTER | {"engine": "odm"})]) as node, client_of(node.url) as client:
        assert (await client.info()).is_cluster
