"""The command line and a daemon without a broker, as installed: child processes, real signals."""

import asyncio
import json
import signal

import pytest

from tests.acceptance.command_line import PATIENCE, QUICK, Shell, finish, interrupt, scene
from tests.daemon import Daemon

pytestmark = pytest.mark.timeout(180)  # Each story starts half a dozen programs.


@pytest.fixture
async def stage():
    async with scene(bus_url="memory://") as (shell, node):
        yield shell, node


@pytest.fixture
def shell(stage):
    return stage[0]


async def test_a_task_is_created_watched_and_read(shell):
    words = ("photos", "--name", "Field", "--option", "dsm=true", "--reference", "survey/1", "--wait", "--json")
    created = await shell("task", "create", *words)
    assert (0, "") == created.outcome
    assert (40, "ended", 4) == (created.json["status"], created.json["stage"], created.json["images_count"])
    assert [{"name": "dsm", "value": True}] == created.json["options"]
    assert "orthophoto.tif" in created.json["available_assets"]

    shown = await shell("task", "show", "survey/1", "--json")
    assert created.json == shown.json
    assert [created.json] == (await shell("task", "list", "--status", "completed", "--json")).json
    output = await shell("task", "output", "survey/1", "--json")
    assert output.json["count"] == len(output.json["lines"]) > 0
    assert (0, "") == (await shell("task", "watch", "survey/1", "--json")).outcome


async def test_for_people_there_are_words(shell):
    created = await shell("task", "create", "photos/DJI_0.JPG", "photos/DJI_1.JPG", "--wait")
    assert (0, "") == (created.code, created.stdout)
    assert "COMPLETED, ended (results are here, verified)" in created.stderr
    assert "North" in (await shell("task", "list")).stdout
    assert "online" in (await shell("node", "list")).stdout


async def test_nodes_are_added_changed_and_removed(shell):
    added = await shell("node", "add", "127.0.0.1:1", "--token", "geheim", "--json")
    assert (0, "http://127.0.0.1:1") == (added.code, added.json["url"])
    assert "geheim" not in added.stdout
    key = str(added.json["id"])
    assert 0 == (await shell("node", "update", key, "--label", "South")).code
    assert ["North", "South"] == [node["label"] for node in (await shell("node", "list", "--json")).json]
    assert (0, "") == (await shell("node", "remove", key)).outcome


async def test_a_task_that_fails_ends_the_watch_with_one(shell, stage):
    stage[1].fail_next(1)
    created = await shell("task", "create", "photos", "--wait", "--json")
    assert (1, 30) == (created.code, created.json["status"])


async def test_a_draft_grows_and_is_committed(shell):
    draft = await shell("task", "create", "--partial", "--json")
    assert "draft" == draft.json["stage"]
    key = str(draft.json["id"])
    assert 0 == (await shell("task", "update", key, "--name", "Later", "--priority", "9")).code
    committed = await shell("task", "commit", key, "photos/*.JPG", "--json")
    assert ("Later", 9, 4) == tuple(committed.json[it] for it in ("name", "priority", "images_count"))
    assert 0 == (await shell("task", "watch", key)).code
    removed = await shell("task", "remove", key)
    assert (0, "") == removed.outcome


async def test_what_is_refused_is_told_in_plain_words(shell):
    cancel = await shell("task", "cancel", "7")
    assert (1, "there is no task 7\n") == cancel.outcome
    outside = await shell("task", "create", "/etc/hostname")
    assert 1 == outside.code
    assert "files.import_roots" in outside.stderr
    assert "Traceback" not in outside.stderr


async def test_any_command_can_be_sent_and_sent_again(shell):
    words = ("send", "create-project", "-", "--message-id", "once")
    first, second = [await shell(*words, given='{"name": "Fields"}') for _ in range(2)]
    assert (0, True) == (first.code, first.json["ok"])
    assert first.json == second.json
    assert 2 == len((await shell("project", "list", "--json")).json)


async def test_events_are_followed_until_ctrl_c(shell):
    following = await shell.start("events", "task.created.#", "--json")
    assert following.stdout is not None
    created = None
    while created is None:
        # The command says nothing before the first event, so tasks are begun until it has seen one.
        await shell("task", "create", "--partial")
        try:
            async with asyncio.timeout(0.5):
                created = json.loads(await following.stdout.readline())
        except TimeoutError:
            continue
    assert "task.created" == created["type"]
    ended = await interrupt(following)
    assert (130, "") == ended.outcome


async def test_a_watch_outlives_a_restart_of_the_daemon(shell):
    task = (await shell("task", "create", "photos", "-o", "dsm=true", "--json")).json
    watching = await shell.start("task", "watch", str(task["id"]), "--json")
    assert watching.stdout is not None
    await watching.stdout.readline()
    await shell.daemon.kill()
    await shell.daemon.start()
    assert 0 == (await finish(watching)).code


async def test_a_killed_daemons_socket_is_no_hindrance_and_a_living_ones_is(shell):
    await shell.daemon.kill()
    assert 2 == (await shell("task", "list")).code
    await shell.daemon.start()
    assert 0 == (await shell("task", "list")).code
    second = await shell("serve", "--port", "0")
    assert 2 == second.code
    assert "Traceback" not in second.stderr
    assert 0 == (await shell("task", "list")).code


async def test_an_orderly_stop_takes_its_socket_along(shell):
    socket = shell.folder / "data" / "control.sock"
    assert socket.is_socket()
    assert 0 == await shell.daemon.stop()
    assert not socket.exists()
    listing = await shell("task", "list")
    assert (2, f"no daemon answers at {socket}; is 'orchestrator serve' running?\n") == listing.outcome


async def test_a_port_that_is_taken_is_one_sentence(shell, tmp_path):
    port = shell.daemon.env["ORCHESTRATOR__API__PORT"]
    other = Daemon(
        tmp_path, bus_url="memory://", **QUICK, api__port=port, api__control_socket=str(shell.folder / "o.sock")
    )
    elsewhere = Shell(other, tmp_path)
    try:
        ended = await elsewhere("serve")
    finally:
        await elsewhere.close()
    assert 2 == ended.code
    assert f"Cannot listen on 127.0.0.1 port {port}: address already in use. Set api.host and api.port." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_simulated_node_says_where_it_is_and_ends_quietly(shell, number, code):
    node = await shell.start("simulate-node", "--port", "0")
    assert node.stdout is not None
    async with asyncio.timeout(PATIENCE):
        told = await node.stdout.readline()
    assert told.startswith(b"A simulated processing node listens on http://127.0.0.1:")
    node.send_signal(number)
    assert (code, "") == (await finish(node)).outcome
