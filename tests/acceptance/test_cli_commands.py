"""Every command of the command line against a daemon on RabbitMQ: exit codes, pure JSON, never a traceback."""

import asyncio
import json

import pytest
import pytest_asyncio

from tests.acceptance.command_line import finish, interrupt
from tests.acceptance.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def task(shared: Service):
    """A task that has ended."""
    return await shared.client.ended((await shared.create(name="Field", reference="cli/1"))["id"])


GOOD = {
    "task list": ["task", "list"],
    "task list of a status": ["task", "list", "--status", "completed", "--stage", "ended", "--project", "1"],
    "task show": ["task", "show", "{id}"],
    "task show by reference": ["task", "show", "cli/1"],
    "task output": ["task", "output", "cli/1"],
    "the last lines": ["task", "output", "{id}", "--limit", "-2"],
    "task update": ["task", "update", "cli/1", "--name", "Field", "--priority", "5"],
    "node list": ["node", "list"],
    "node update": ["node", "update", "1", "--label", "North"],
    "project list": ["project", "list"],
    "project create": ["project", "create", "P"],
    "check-config": ["check-config"],
}


@pytest.mark.parametrize("words", GOOD.values(), ids=GOOD)
async def test_a_good_command_ends_with_0_and_prints_json_alone_if_asked(unharmed, task, words):
    words = [word.replace("{id}", str(task["id"])) for word in words]
    for_people, for_programs = await asyncio.gather(unharmed.shell(*words), unharmed.shell(*words, "--json"))
    assert (0, "") == for_people.outcome
    assert (0, "") == for_programs.outcome
    assert isinstance(for_programs.json, dict | list)
    assert for_people.stdout not in {"", for_programs.stdout}


BAD: dict[str, tuple[list[str], int, str]] = {
    "an unknown task": (["task", "show", "999"], 1, "There is no task 999."),
    "an unknown reference": (["task", "show", "no/such"], 1, "There is no task no/such."),
    "output of an unknown task": (["task", "output", "999"], 1, "There is no task 999."),
    "watching an unknown task": (["task", "watch", "999"], 1, "There is no task 999."),
    "canceling an unknown task": (["task", "cancel", "999"], 1, "there is no task 999"),
    "canceling what has ended": (["task", "cancel", "{id}"], 1, "task {id} has already ended (COMPLETED)"),
    "a missing image": (["task", "create", "photos/missing.jpg"], 1, "images[0]: "),
    "no image": (["task", "create"], 1, "images must hold at least one image, unless the task is partial"),
    "an image outside": (["task", "create", "/etc/hostname"], 1, "images[0]: /etc/hostname lies, or leads, outside"),
    "an unknown option": (
        ["task", "create", "photos", "-o", "dsn"],
        1,
        "no processing node knows the option 'dsn'; did you mean 'dsm'?",
    ),
    "an unknown project": (["task", "create", "photos", "--project", "999"], 1, "there is no project 999"),
    "an unknown node": (["node", "remove", "999"], 1, "there is no processing node 999"),
    "no address of a node": (["node", "add", "http://"], 1, "url must begin with http:// or https:// and a host"),
    "a bad port of a node": (["node", "add", "node:99999"], 1, "url must be an address such as http://node-1:3000"),
    "the default project": (["project", "delete", "1"], 1, "the default project cannot be deleted"),
    "an unknown status": (["task", "list", "--status", "DONE"], 1, "status: must be one of 10 QUEUED"),
    "a number that is none": (["node", "remove", "one"], 2, "Usage: "),
    "a priority of 10": (["task", "create", "photos", "--priority", "10"], 2, "Usage: "),
    "an unknown command": (["task", "begin"], 2, "Usage: "),
    "an unknown flag": (["task", "list", "--all"], 2, "Usage: "),
    "no arguments": (["task", "cancel"], 2, "Usage: "),
    "a body that is no JSON": (["send", "create-project", "{name: P}"], 2, "The body is not JSON: "),
    "a settings file that is not there": (
        ["task", "list", "--config", "/no/such.toml"],
        2,
        "/no/such.toml cannot be read: no such file or directory.",
    ),
    "another root": (["task", "list", "--root", "/no/such"], 2, "no daemon answers at /no/such/control.sock; "),
}


@pytest.mark.parametrize(("words", "code", "sentence"), BAD.values(), ids=BAD)
async def test_a_bad_command_ends_with_its_code_and_a_sentence(unharmed, task, words, code, sentence):
    ended = await unharmed.shell(*(word.replace("{id}", str(task["id"])) for word in words))
    assert (code, "") == (ended.code, ended.stdout)
    assert ended.stderr.startswith(sentence.replace("{id}", str(task["id"])))
    assert "Traceback" not in ended.stderr


async def test_a_task_is_created_canceled_restarted_watched_and_removed(unharmed):
    shell = unharmed.shell
    created = await shell("task", "create", "photos", "--name", "CLI", "-o", "dsm", "--tag", "a", "--json")
    assert (0, "") == created.outcome
    key = str(created.json["id"])
    assert 0 == (await shell("task", "watch", key)).code
    restarted = await shell("task", "restart", key, "--json")
    assert (0, [2]) == (restarted.code, [it["attempt"] for it in restarted.json])
    watched = await shell("task", "watch", key, "--json")
    assert (0, "") == watched.outcome
    states = [json.loads(line) for line in watched.stdout.splitlines()]
    assert (40, "ended") == (states[-1]["status"], states[-1]["stage"])
    assert 0 == (await shell("task", "remove", key)).code
    await unharmed.client.removed(created.json["id"])
    assert 1 == (await shell("task", "show", key)).code


async def test_cancel_says_which_of_several_it_could_not_do(unharmed, task):
    draft = await unharmed.create(images=[], partial=True)
    ended = await unharmed.shell("task", "cancel", str(draft["id"]), "999", "cli/1", "--json")
    assert (1, [draft["id"]]) == (ended.code, [it["id"] for it in ended.json])
    unknown, over = ended.stderr.splitlines()
    assert "there is no task 999" == unknown
    assert over.startswith(f"task {task['id']} has already ended (COMPLETED)")


async def test_a_task_that_fails_ends_the_watch_with_1(unharmed):
    unharmed.node.fail_next(1, "not enough overlap")
    ended = await unharmed.shell("task", "create", "photos", "--wait", "--json")
    assert (1, 30, "not enough overlap") == (ended.code, ended.json["status"], ended.json["last_error"])


async def test_events_are_followed_as_they_come_until_ctrl_c(unharmed):
    following = await unharmed.shell.start("events", "task.created.#", "--replay", "--json")
    assert following.stdout is not None
    async with asyncio.timeout(20):
        event = json.loads(await following.stdout.readline())
    assert ("1.0", "task.created", "tasks/1") == (event["specversion"], event["type"], event["subject"])
    ended = await interrupt(following)
    assert (130, "") == ended.outcome


async def test_a_reader_that_goes_away_ends_it_quietly(unharmed):
    following = await unharmed.shell.start("events", "--replay")
    assert following.stdout is not None
    async with asyncio.timeout(20):
        await following.stdout.readline()
    following._transport.get_pipe_transport(1).close()
    await unharmed.serves()
    for _ in range(50):
        await unharmed.create(images=[], partial=True)
    async with asyncio.timeout(20):
        assert 141 == await following.wait()
    assert following.stderr is not None
    assert b"" == await following.stderr.read()


async def test_send_prints_the_answer_whatever_it_says(unharmed):
    good = await unharmed.shell("send", "create-project", '{"name": "P"}', "--message-id", "cli-send-1")
    assert (0, "", True) == (*good.outcome, good.json["ok"])
    again = await unharmed.shell("send", "create-project", '{"name": "Q"}', "--message-id", "cli-send-1")
    assert good == again
    bad = await unharmed.shell("send", "create-projct", "{}")
    assert (1, "", "unknown-command") == (*bad.outcome, bad.json["error"]["type"])
    piped = await finish(await unharmed.shell.start("send", "create-project"), given='{"name": "piped"}')
    assert (0, "piped") == (piped.code, piped.json["project"]["name"])


async def test_a_watch_survives_a_restart_of_the_daemon(unharmed):
    async with unharmed.another_node(seconds=3) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        watching = await unharmed.shell.start("task", "watch", str(task["id"]), "--json")
        assert watching.stdout is not None
        await watching.stdout.readline()
        assert 0 == await unharmed.daemon.stop()
        await unharmed.daemon.start()
        assert (0, "") == (await finish(watching)).outcome
