"""The daemon as a process: an orderly stop, a kill, a second one on the same files, and a start after each."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.acceptance.command_line import Ended, finish
from tests.acceptance.service import Service, service
from tests.daemon import free_port

SOON = 15.0


@pytest.fixture
async def running(amqp_url):
    async with service(amqp_url) as begun:
        yield begun


async def serve(running: Service, **environment: str) -> Ended:
    """Start another daemon that is to end by itself."""
    pipe = asyncio.subprocess.PIPE
    env = running.daemon.env | {"ORCHESTRATOR__API__PORT": str(free_port())} | environment
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator", "serve", env=env, cwd=running.folder, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        return await finish(process)
    finally:
        if process.returncode is None:
            process.kill()


def told(ended: Ended) -> str:
    """Give the one line that is no log."""
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    return line


@pytest.mark.parametrize("event", ["upload-started", "started", "download-started"])
async def test_a_stop_is_orderly_wherever_a_task_is_and_costs_it_no_attempt(amqp_url, event):
    slow = {"seconds": 2, "slow_upload": 10_000, "slow_download": 200_000, "result_bytes": 400_000}
    async with service(amqp_url, node=slow) as running:
        task = await running.create()
        await running.node.wait_for(event)
        async with asyncio.timeout(SOON):
            assert 0 == await running.daemon.stop()
        assert not (running.folder / "data" / "control.sock").exists()
        assert ["app.stopping", "app.stopped"] == [
            line["event"] for name in ("app.stopping", "app.stopped") for line in running.daemon.said(name)
        ]
        await running.daemon.start()
        ended = await running.client.ended(task["id"])
        assert (40, 1) == (ended["status"], ended["attempt"])
        assert [] == running.complaints()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_daemon_stops_at_once(running, number):
    await running.serves()
    process = running.daemon._process
    process.send_signal(number)
    async with asyncio.timeout(SOON):
        assert 0 == await process.wait()
    assert [] == running.complaints()


async def test_a_hanging_node_does_not_hold_up_a_stop(running):
    await running.create()
    await running.node.wait_for("started")
    running.node.hang()
    async with asyncio.timeout(SOON):
        assert 0 == await running.daemon.stop()
    running.node.unhang()


async def test_a_second_signal_ends_it_now(running):
    running.node.hang()
    process = running.daemon._process
    process.send_signal(signal.SIGTERM)
    while not running.daemon.said("app.stopping") and process.returncode is None:
        await asyncio.sleep(0.01)
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SOON):
        assert await process.wait() in {0, 128 + signal.SIGTERM, -signal.SIGTERM}  # the last: as Python itself ends


async def test_a_second_daemon_on_the_same_files_refuses_with_a_sentence(running):
    second = await serve(running)
    assert (2, "") == (second.code, second.stdout)
    database, pid = running.folder / "data" / "orchestrator.db", running.daemon._process.pid
    assert f"The database {database} is in use by process {pid}; only one daemon can use it." == told(second)
    await running.serves()


async def test_a_port_that_is_taken_is_told_in_a_sentence_and_the_stop_is_orderly(running):
    port = running.daemon.env["ORCHESTRATOR__API__PORT"]
    root = str(running.folder / "other")
    second = await serve(running, ORCHESTRATOR__API__PORT=port, ORCHESTRATOR__FILES__ROOT=root)
    assert 2 == second.code
    assert f"Cannot listen on 127.0.0.1 port {port}: address already in use. Set api.host and api.port." == told(second)
    assert not Path(root, "control.sock").exists()


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("BUS__URL", "http://u:canary@broker", "ORCHESTRATOR__BUS__URL must be a URL such as memory:// or amqp://"),
        ("STORE__URL", "mysql://u:canary@h/d", "ORCHESTRATOR__STORE__URL must be a URL such as sqlite+aiosqlite:///"),
        ("TASKS__MAX_ATTEMPTS", "many", "ORCHESTRATOR__TASKS__MAX_ATTEMPTS must be a whole number."),
        ("FILES__ROOT", "/proc/nowhere", "The folder /proc/nowhere cannot be made: no such file or directory."),
        ("FILES__ROOT", "/dev/null", "The folder /dev/null cannot be made: file exists. Set files.root."),
        ("FILES__ROOT", "/proc/self", "The database /proc/self/orchestrator.db cannot be opened for writing: "),
    ],
)
async def test_settings_that_cannot_be_used_are_told_in_a_sentence(running, key, value, sentence):
    ended = await serve(running, **{f"ORCHESTRATOR__{key}": value})
    assert 2 == ended.code
    assert "canary" not in ended.stderr
    assert told(ended).startswith(sentence)


async def test_a_socket_that_a_killed_daemon_left_is_taken_over(running):
    task = await running.create(images=[], partial=True)
    socket = running.folder / "data" / "control.sock"
    await running.daemon.kill()
    assert socket.is_socket()
    asked = await running.shell("task", "list")
    assert (2, f"no daemon answers at {socket}; is 'orchestrator serve' running?\n") == asked.outcome
    await running.daemon.start()
    assert [task["id"]] == [it["id"] for it in (await running.shell("task", "list", "--json")).json]
    await running.serves()
    assert [] == running.complaints()
