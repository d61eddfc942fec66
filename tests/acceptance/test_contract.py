"""The contract on the wire, as a stranger with nothing but the documentation meets it: commands, answers, events."""

import re
from collections import defaultdict
from datetime import datetime
from uuid import UUID

import aio_pika
import pytest

from tests.acceptance.plain_client import Json, Message, PlainClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASK_FIELDS = {
    "id", "project", "processing_node", "processing_node_name", "images_count", "can_rerun_from", "available_assets",
    "uuid", "name", "processing_time", "auto_processing_node", "status", "last_error", "options",
    "ground_control_points", "created_at", "pending_action", "upload_progress", "resize_progress", "running_progress",
    "partial", "resize_to", "import_url", "tags", "size", "statistics", "extent", "srs", "media", "crop", "epsg", "wkt",
    "orthophoto_bands", "potree_scene", "public", "public_edit", "compacted",
    "stage", "reference", "priority", "attempt", "version", "updated_at", "reason",
}  # fmt: skip
ATTRIBUTES = {
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "partitionkey", "data",
}  # fmt: skip
NAMES = {None: "none", 10: "queued", 20: "running", 30: "failed", 40: "completed", 50: "canceled"}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def run_through(service, **said) -> Json:
    task = await service.create(**said)
    return await service.client.ended(task["id"])


def events_of(client: PlainClient, task: int) -> list[tuple[Message, Json]]:
    both = zip(client.events.messages, client.events.bodies, strict=True)
    return [(message, event) for message, event in both if event["subject"] == f"tasks/{task}"]


async def test_the_answer_shows_every_field_of_the_task(unharmed):
    said = {"name": "Field", "options": {"dsm": True}, "priority": 7, "tags": ["a"], "reference": "contract/1"}
    task = await unharmed.create(**said)
    assert TASK_FIELDS == set(task)
    assert [{"name": "dsm", "value": True}] == task["options"]
    told = {**said, "options": task["options"], "status": None, "stage": "waiting", "uuid": "", "images_count": 3}
    told |= {"attempt": 1, "version": 1, "project": 1, "processing_time": -1, "pending_action": None}
    assert told == {key: task[key] for key in told}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", task["created_at"])


async def test_a_task_goes_from_null_to_10_to_20_to_40(unharmed):
    task = await run_through(unharmed)
    events = [event for _, event in events_of(unharmed.client, task["id"])]
    statuses = [event["data"]["task"]["status"] for event in events]
    assert [None, 10, 20, 40] == [one for at, one in enumerate(statuses) if at == 0 or statuses[at - 1] != one]
    changes = [event for event in events if event["type"] == "task.status-changed"]
    assert [(None, 10), (10, 20), (20, 40)] == [
        (event["data"]["previous_status"], event["data"]["task"]["status"]) for event in changes
    ]


async def test_each_event_is_a_cloud_event_in_the_json_format(unharmed):
    task = await run_through(unharmed, name="Ångström 🛰")
    for message, event in events_of(unharmed.client, task["id"]):
        assert "application/cloudevents+json" == message.content_type
        assert ATTRIBUTES == set(event)
        assert ("1.0", "/orchestrator", "application/json") == tuple(
            event[key] for key in ("specversion", "source", "datacontenttype")
        )
        assert event["id"] == str(UUID(event["id"])) == message.message_id
        assert event["time"].endswith("Z")
        assert datetime.fromisoformat(event["time"]).tzinfo is not None
        assert f"tasks/{task['id']}" == event["subject"] == event["partitionkey"]
        assert {"task", "previous_status", "reason"} == set(event["data"])
        assert "Ångström 🛰" == event["data"]["task"]["name"]
        assert event["data"]["reason"]


async def test_the_routing_key_says_event_status_project_and_task(unharmed):
    project = (await unharmed.client.ok("create-project", {"name": "P"}))["id"]
    task = await run_through(unharmed, project=project)
    for message, event in events_of(unharmed.client, task["id"]):
        status = NAMES[event["data"]["task"]["status"]]
        assert f"{event['type']}.{status}.{project}.{task['id']}" == message.routing_key


async def test_versions_and_sequences_have_no_gaps(unharmed):
    tasks = [await unharmed.create() for _ in range(5)]
    await unharmed.client.ok("set-pending-action", {"task": tasks[0]["id"], "pending_action": "RESTART"})
    for task in tasks:
        await unharmed.client.ended(task["id"])
    sequences = defaultdict(list)
    for event in unharmed.client.events.bodies:
        sequences[event["subject"]].append(event["sequence"])
    for subject, found in sequences.items():
        assert list(range(1, len(found) + 1)) == found, subject
    for task in tasks:
        versions = [event["data"]["task"]["version"] for _, event in events_of(unharmed.client, task["id"])]
        assert list(range(1, len(versions) + 1)) == versions


async def test_progress_never_goes_backwards_within_an_attempt(unharmed):
    async with unharmed.another_node(seconds=1.5) as (_, id_):
        task = await run_through(unharmed, processing_node=id_)
    for key in ("upload_progress", "running_progress", "processing_time"):
        shown = [event["data"]["task"][key] for _, event in events_of(unharmed.client, task["id"])]
        assert sorted(shown) == shown, key
    assert 1.0 == task["running_progress"]


async def test_subscribers_filter_by_any_part_of_the_key(unharmed):
    client = unharmed.client
    project = (await client.ok("create-project", {"name": "P"}))["id"]
    completed = await client.subscribe("task.*.completed.#")
    of_project = await client.subscribe(f"task.*.*.{project}.*")
    failures = await client.subscribe("task.status-changed.failed.#")
    task = await run_through(unharmed, project=project)
    other = await run_through(unharmed)
    unharmed.node.fail_next(1, "out of memory")
    failed = await run_through(unharmed)

    await failures.find(lambda it: it.routing_key.endswith(f".{failed['id']}"), what="the failure")
    keys = [message.routing_key for message in completed.messages]
    assert [f"task.status-changed.completed.{it['project']}.{it['id']}" for it in (task, other)] == keys
    assert {task["id"]} == {event["data"]["task"]["id"] for event in of_project.bodies}
    assert [(30, "out of memory")] == [
        (event["data"]["task"]["status"], event["data"]["task"]["last_error"]) for event in failures.bodies
    ]


async def test_a_late_subscriber_replays_every_event_from_the_stream(unharmed):
    task = await run_through(unharmed)
    await unharmed.client.ok("set-pending-action", {"task": task["id"], "pending_action": "REMOVE"})
    gone = await unharmed.client.removed(task["id"])
    replayed = await unharmed.client.replay()
    await replayed.find(lambda it: it.message_id == gone["id"], what="the removal, replayed")
    live = [message.message_id for message in unharmed.client.events.messages]
    assert live == [message.message_id for message in replayed.messages][: len(live)]


async def test_a_removed_task_says_so_as_its_last_word(unharmed):
    task = await run_through(unharmed)
    await unharmed.client.ok("set-pending-action", {"task": task["id"], "pending_action": 2})
    gone = await unharmed.client.removed(task["id"])
    assert f"task.removed.completed.1.{task['id']}" == events_of(unharmed.client, task["id"])[-1][0].routing_key
    assert (40, "removed") == (gone["data"]["previous_status"], gone["data"]["reason"])
    assert not (unharmed.folder / "data" / "tasks" / str(task["id"])).exists()


async def test_a_node_event_has_its_own_key_and_sequence(unharmed):
    async with unharmed.another_node() as (_, id_):
        event = await unharmed.client.event(lambda it: it["subject"] == f"processing-nodes/{id_}")
    await unharmed.client.events.find(
        lambda it: it.routing_key == f"processing-node.status-changed.offline.{id_}", what="the node's removal"
    )
    both = zip(unharmed.client.events.messages, unharmed.client.events.bodies, strict=True)
    found = [(message.routing_key, it["sequence"]) for message, it in both if it["subject"] == event["subject"]]
    key = "processing-node.status-changed"
    assert [(f"{key}.online.{id_}", 1), (f"{key}.offline.{id_}", 2)] == found
    assert {"processing_node", "reason"} == set(event["data"])


async def test_the_trace_of_a_command_goes_on_in_its_events(unharmed):
    task = await unharmed.client.ok(
        "create-task", {"images": [], "partial": True}, headers={"traceparent": TRACE}, message_id="traced-1"
    )
    event = await unharmed.client.event(lambda it: it["subject"] == f"tasks/{task['id']}")
    assert TRACE == event["traceparent"]
    untraced = await unharmed.client.ok(
        "create-task", {"images": [], "partial": True}, headers={"traceparent": "nonsense"}, message_id="traced-2"
    )
    assert "traceparent" not in await unharmed.client.event(lambda it: it["subject"] == f"tasks/{untraced['id']}")


# ----------------------------------------------------------------------------------------------------------- answers


async def test_an_answer_without_correlation_id_has_none(unharmed):
    client = unharmed.client
    await client.publish("create-project", {"name": "uncorrelated"}, reply_to=client.reply_to)
    answer = await client.answers.find(lambda it: b'"uncorrelated"' in it.body, what="the answer")
    assert (None, "application/json") == (answer.correlation_id, answer.content_type)


async def test_a_command_without_reply_to_is_settled_in_silence(unharmed):
    answers = len(unharmed.client.answers.messages)
    await unharmed.client.publish("create-task", {"images": [], "partial": True, "name": "silent"})
    await unharmed.client.event(lambda it: it["data"].get("task", {}).get("name") == "silent")
    assert answers == len(unharmed.client.answers.messages)


async def test_answers_come_by_direct_reply_to_as_well(unharmed):
    connection = unharmed.client.connection
    channel = await connection.channel()
    direct = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
    answers = unharmed.client.answers
    await direct.consume(answers.put, no_ack=True)
    said = {"reply_to": "amq.rabbitmq.reply-to", "correlation_id": "direct-1", "channel": channel}
    await unharmed.client.publish("create-project", {"name": "direct"}, **said)
    assert "direct" == (await unharmed.client.answer("direct-1"))["project"]["name"]
    await channel.close()


@pytest.mark.parametrize("said", [{}, {"type": "create-project"}, {"content_type": None}, {"delivery_mode": 1}])
async def test_the_routing_key_alone_names_the_command_and_the_type_may_repeat_it(unharmed, said):
    assert "P" == (await unharmed.client.ok("create-project", {"name": "P"}, **said))["name"]


async def test_an_answer_comes_within_milliseconds_whatever_the_task_takes(unharmed):
    """Long work never holds a delivery: with a prefetch of one the next command would wait for it."""
    async with unharmed.another_node(seconds=30) as (node, id_):
        task = await unharmed.create(processing_node=id_)
        await node.wait_for("started")
        queue = await unharmed.client.channel.declare_queue(f"{unharmed.client.prefix}.commands", passive=True)
        await unharmed.serves()
        assert 0 == queue.declaration_result.message_count
        await unharmed.client.ok("set-pending-action", {"task": task["id"], "pending_action": "cancel"})
        assert 50 == (await unharmed.client.ended(task["id"]))["status"]


async def test_the_queues_are_what_the_contract_says(unharmed):
    """The broker refuses a declaration that differs from what is there."""
    prefix, channel = unharmed.client.prefix, await unharmed.client.connection.channel()
    commands = {
        "x-queue-type": "quorum", "x-delivery-limit": 20, "x-dead-letter-exchange": f"{prefix}.dead-letters",
        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
    }  # fmt: skip
    await channel.declare_queue(f"{prefix}.commands", durable=True, arguments=commands)
    for exchange in ("commands", "events", "dead-letters"):
        await channel.declare_exchange(f"{prefix}.{exchange}", aio_pika.ExchangeType.TOPIC, durable=True)
    with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed):
        await channel.declare_queue(f"{prefix}.commands", durable=True, arguments=commands | {"x-delivery-limit": 21})
