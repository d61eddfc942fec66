"""The command line and a daemon on RabbitMQ: commands and events go over the bus, reading stays local."""

import json

import pytest

from tests.acceptance.command_line import scene

pytestmark = pytest.mark.timeout(180)  # Each story starts half a dozen programs.


@pytest.fixture
async def stage(amqp_url, bus_prefix):
    async with scene(bus_url=amqp_url, prefix=bus_prefix) as (shell, _):
        yield shell


async def test_a_task_is_created_and_watched_over_the_bus(stage):
    created = await stage("task", "create", "photos", "--wait", "--json")
    assert (0, "") == created.outcome
    assert (40, [created.json]) == (created.json["status"], (await stage("task", "list", "--json")).json)


async def test_events_are_replayed_from_the_first(stage):
    assert 0 == (await stage("task", "create", "photos", "--wait")).code
    following = await stage.start("events", "task.#", "--replay", "--json")
    assert following.stdout is not None
    events: list[dict] = []
    while not events or events[-1]["data"]["task"]["status"] != 40:
        events.append(json.loads(await following.stdout.readline()))
    assert list(range(1, len(events) + 1)) == [event["sequence"] for event in events]
    following.kill()
    await following.wait()


async def test_a_command_that_is_rejected_on_the_bus_reads_as_everywhere(stage):
    assert (1, "there is no task 7\n") == (await stage("task", "cancel", "7")).outcome
    answer = await stage("send", "create-task", '{"image": []}')
    assert (1, "validation") == (answer.code, answer.json["error"]["type"])


async def test_without_a_broker_commands_go_nowhere_and_say_so(stage):
    stage.environment = {"ORCHESTRATOR__BUS__URL": "amqp://user:geheim@127.0.0.1:1/"}
    ended = await stage("project", "create", "P")
    assert 2 == ended.code
    assert "geheim" not in ended.stderr
    assert ended.stderr.startswith("The broker at amqp://user:***@127.0.0.1:1/ cannot be used")
    assert 0 == (await stage("project", "list")).code


async def test_without_a_daemon_commands_are_not_taken(stage):
    stage.environment = {"ORCHESTRATOR__BUS__PREFIX": "nobody"}
    ended = await stage("project", "create", "P")
    assert 2 == ended.code
    assert ended.stderr.startswith("Nobody takes commands for nobody")
