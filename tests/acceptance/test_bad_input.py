"""Messages that cannot be understood: each gets a clear answer and a place on the shelf, and nothing else is harmed."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import aio_pika
import pytest

from orchestrator.contract.headers import COMMANDS
from tests.acceptance.plain_client import Json, fields, problem_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

numbers = count(1)

UNREADABLE = {
    "words": (b"please process my images", "The body is not JSON: "),
    "nothing": (b"", "The body is empty; it must be a JSON object"),
    "half an object": (b'{"images": ["/photos/', "The body is not JSON: "),
    "no UTF-8": (b'{"name": "\xff\xfe"}', "The body is not UTF-8 text (byte 10)"),
    "UTF-16": ('{"name": "P"}'.encode("utf-16"), "The body is not UTF-8 text (byte 0)"),
    "zeros": (b"\0" * 100, "The body is not JSON: "),
    "a list": (b'[{"name": "P"}]', "The body must be a JSON object"),
    "a text": (b'"name"', "The body must be a JSON object"),
    "null": (b"null", "The body must be a JSON object"),
    "a key twice": (b'{"name": "P", "name": "Q"}', "The body holds the key name twice in one object"),
    "an abyss": (b'{"name": ' + b"[" * 100_000, "The body is not JSON: "),
}

UNKNOWN = {
    "create-tsak": "There is no command create-tsak. Did you mean create-task?",
    "create_task": "There is no command create_task. Did you mean create-task?",
    "CREATE-TASK": "There is no command CREATE-TASK. Did you mean create-task?",
    "remove-node": "There is no command remove-node. Did you mean remove-processing-node?",
    "x": f"There is no command x. There are: {', '.join(COMMANDS)}.",
    "create.task": "There is no command create.task. Did you mean create-task?",
    "Ω" * 120: f"There is no command {'Ω' * 100}…. There are: {', '.join(COMMANDS)}.",
}

P = "/photos/1.jpg"
ONE_KEY = "must be given, as the task's id or its reference, and only once"
ACTIONS = "1 or CANCEL, 2 or REMOVE, 3 or RESTART"
WRONG: list[tuple[str, Json, dict[str, str]]] = [
    ("create-task", {}, {"images": "must hold at least one image, unless the task is partial"}),
    ("create-task", {"images": []}, {"images": "must hold at least one image, unless the task is partial"}),
    ("create-task", {"image": [P]}, {"image": "is not a field of create-task; did you mean images?"}),
    ("create-task", {"images": P}, {"images": "must be a list"}),
    ("create-task", {"images": [5]}, {"images[0]": "must be text or an object"}),
    ("create-task", {"images": [P], "priority": "9"}, {"priority": "must be a whole number"}),
    ("create-task", {"images": [P], "priority": 10}, {"priority": "must be at most 9"}),
    ("create-task", {"images": [P], "project": "1"}, {"project": "must be a whole number"}),
    ("create-task", {"images": [P], "project": 2**31}, {"project": "must be at most 2147483647"}),
    ("create-task", {"images": [P], "partial": "yes"}, {"partial": "must be true or false"}),
    ("create-task", {"images": [P], "tags": ["a", 1]}, {"tags[1]": "must be text"}),
    ("create-task", {"images": [P], "name": "a\x00b"}, {"name": "must be one line of text without control characters"}),
    ("create-task", {"images": [P], "reference": "r" * 256}, {"reference": "must be at most 255 characters long"}),
    ("create-task", {"images": [P], "resize_to": 0}, {"resize_to": "must be -1 or at least 1"}),
    (
        "create-task",
        {"images": [P], "options": {"dsm": [1]}},
        {"options.dsm": "must be true or false, a number or text"},
    ),
    ("create-task", {"images": [P], "options": [{"name": "dsm"}]}, {"options[0].value": "is required"}),
    ("set-pending-action", {"task": 1}, {"pending_action": "is required"}),
    *(
        ("set-pending-action", {"task": 1, "pending_action": wrong}, {"pending_action": f"must be {ACTIONS}"})
        for wrong in (4, True, "EXPLODE", None, 1.0)
    ),
    ("update-task", {"name": "N"}, {"task": ONE_KEY}),
    ("update-task", {"task": 1, "reference": "r"}, {"task": ONE_KEY}),
    ("update-task", {"task": 1, "status": 40}, {"status": "is not a field of update-task"}),
    ("create-project", {}, {"name": "is required"}),
    ("create-project", {"name": ""}, {"name": "must be at least 1 character long"}),
    ("add-processing-node", {"label": "N"}, {"hostname": "must be given with port; or give url"}),
    ("add-processing-node", {"hostname": "n", "port": 0}, {"port": "must be at least 1"}),
    ("add-processing-node", {"url": "node-1:3000"}, {"url": "must begin with http:// or https:// and a host"}),
]


def new_id() -> str:
    return f"bad-{next(numbers)}"


async def refused_and_shelved(service, command: str, body: bytes | Json, **said) -> Json:
    """Send what cannot be understood: the answer and the dead letter say the same, and the letter is what was sent."""
    id_ = new_id()
    problem = await service.client.refused(command, body, message_id=id_, **said)
    letter = await service.client.dead_letter(id_)
    assert (body if isinstance(body, bytes) else json.dumps(body).encode()) == letter.body
    told = letter.headers
    assert (problem["type"], problem["detail"]) == (told["x-orchestrator-error-type"], told["x-orchestrator-error"])
    assert problem["errors"] == json.loads(told.get("x-orchestrator-error-fields", "[]"))
    exchange = f"{service.client.prefix}.commands"
    assert (exchange, command) == (told["x-orchestrator-exchange"], told["x-orchestrator-routing-key"])
    failed_at = datetime.fromisoformat(told["x-orchestrator-failed-at"])
    assert timedelta() <= datetime.now(UTC) - failed_at < timedelta(minutes=1)
    return problem


@pytest.mark.parametrize(("body", "detail"), UNREADABLE.values(), ids=UNREADABLE)
async def test_a_body_that_is_no_json_object_is_refused_and_shelved(unharmed, body, detail):
    problem = await refused_and_shelved(unharmed, "create-project", body)
    assert ("unreadable", 400, []) == (problem["type"], problem["status"], problem["errors"])
    assert problem["detail"].startswith(detail)


@pytest.mark.parametrize(("name", "detail"), UNKNOWN.items())
async def test_an_unknown_command_is_told_the_nearest(unharmed, name, detail):
    problem = await refused_and_shelved(unharmed, name, {})
    assert ("unknown-command", 404, detail) == (problem["type"], problem["status"], problem["detail"])


@pytest.mark.parametrize(("command", "body", "wrong"), WRONG, ids=[f"{it[0]} {it[1]}"[:60] for it in WRONG])
async def test_each_wrong_field_is_named_with_what_would_be_right(unharmed, command, body, wrong):
    problem = await refused_and_shelved(unharmed, command, body)
    assert ("validation", 422) == (problem["type"], problem["status"])
    assert wrong == {error["field"]: error["message"] for error in problem["errors"]}
    assert "; ".join(f"{field} {message}" for field, message in wrong.items()) == problem["detail"]


@pytest.mark.parametrize(
    "uri", ["photos/1.jpg", "ftp://host/1.jpg", "s3://bucket/1.jpg", "file://host/1.jpg", "http://"]
)
async def test_an_image_that_is_no_address_is_named(unharmed, uri):
    problem = await refused_and_shelved(unharmed, "create-task", {"images": [P, uri]})
    (error,) = problem["errors"]
    assert "images[1]" == error["field"]
    assert error["message"].startswith("must be an absolute path, or a file:///, http:// or https:// address")


async def test_every_wrong_field_is_named_at_once(unharmed):
    body = {"images": 1, "priority": 99, "name": 5, "colour": "red"}
    problem = await refused_and_shelved(unharmed, "create-task", body)
    assert {"images", "priority", "name", "colour"} == set(fields(problem))


async def test_a_thousand_wrong_fields_make_a_short_answer(unharmed):
    problem = await refused_and_shelved(unharmed, "create-task", {"images": [1] * 1000, "tags": [None] * 100})
    assert 50 == len(problem["errors"])
    assert len(problem["detail"]) < 500


async def test_a_type_that_contradicts_the_routing_key_is_refused(unharmed):
    id_ = new_id()
    answer = await unharmed.client.send("create-project", {"name": "P"}, type="create-task", message_id=id_)
    problem = problem_in(answer, command="create-task")
    assert ("validation", ["type"]) == (problem["type"], fields(problem))
    assert "create-project" == (await unharmed.client.dead_letter(id_)).headers["x-orchestrator-routing-key"]


async def test_without_reply_to_it_is_shelved_all_the_same(unharmed):
    id_ = new_id()
    await unharmed.client.publish("create-task", b"no one waits", message_id=id_)
    assert b"no one waits" == (await unharmed.client.dead_letter(id_)).body


async def test_a_reply_to_that_nobody_has_hurts_nobody(unharmed):
    id_ = new_id()
    await unharmed.client.publish("create-task", b"{}", message_id=id_, reply_to="gone", correlation_id="c")
    await unharmed.client.publish("create-project", {"name": "P"}, reply_to="", correlation_id="c")
    await unharmed.client.publish("create-project", {"name": "P"}, reply_to="amq.rabbitmq.reply-to.nonsense")
    letter = await unharmed.client.dead_letter(id_)
    assert ("gone", "c") == (letter.reply_to, letter.correlation_id)


async def test_a_message_with_every_property_is_read_right(unharmed):
    everything = {
        "content_type": "text/plain", "content_encoding": "utf-8", "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
        "priority": 200, "expiration": 60, "timestamp": datetime.now(UTC), "type": "create-project", "app_id": "survey",
        "headers": {"deep": {"er": [1, 2.5, None, {"x": True}]}, "when": datetime.now(UTC), "long": "x" * 50_000},
    }  # fmt: skip
    assert (
        "P" == (await unharmed.client.ok("create-project", {"name": "P"}, message_id="every-1", **everything))["name"]
    )


async def test_the_senders_own_headers_stay_on_a_dead_letter(unharmed):
    id_ = new_id()
    await unharmed.client.publish("create-project", b"?", message_id=id_, headers={"survey": "27", "n": {"deep": [1]}})
    letter = await unharmed.client.dead_letter(id_)
    assert ("27", {"deep": [1]}) == (letter.headers["survey"], letter.headers["n"])


async def test_a_message_straight_to_the_queue_needs_a_type(unharmed):
    id_, straight = new_id(), {"reply_to": unharmed.client.reply_to, "straight": True}
    await unharmed.client.publish("", {"name": "P"}, message_id=id_, correlation_id="straight-1", **straight)
    problem = problem_in(await unharmed.client.answer("straight-1"), command="")
    assert problem["detail"].startswith("The message names no command.")
    await unharmed.client.dead_letter(id_)

    await unharmed.client.publish("", {"name": "P"}, type="create-project", correlation_id="straight-2", **straight)
    assert (await unharmed.client.answer("straight-2"))["ok"]


async def test_five_mebibytes_are_refused_by_our_own_bound(unharmed):
    body = json.dumps({"name": "x" * 5 * 2**20}).encode()
    problem = await refused_and_shelved(unharmed, "create-project", body)
    assert ("too-large", 413) == (problem["type"], problem["status"])
    assert f"The message has {len(body)} bytes; at most 4194304 are taken." == problem["detail"]


async def test_a_message_that_rabbitmq_does_not_take_never_comes_near_us(unharmed):
    async with await aio_pika.connect(unharmed.daemon.env["ORCHESTRATOR__BUS__URL"]) as connection:
        channel = await connection.channel()
        with pytest.raises((aio_pika.exceptions.AMQPError, ConnectionError)):
            await unharmed.client.publish("create-project", b" " * (130 * 2**20), channel=channel)
    assert [] == unharmed.daemon.said("bus.connection_lost")


async def test_bad_messages_among_good_ones_hold_none_of_them_up(unharmed):
    client, reply_to = unharmed.client, unharmed.client.reply_to
    for number in range(200):
        body = b"bad" if number % 2 else json.dumps({"name": f"P{number}"}).encode()
        said = {"reply_to": reply_to, "correlation_id": f"mixed-{number}", "message_id": f"mixed-{number}"}
        await client.publish("create-project", body, **said)
    answers = [await client.answer(f"mixed-{number}") for number in range(200)]
    assert [number % 2 == 0 for number in range(200)] == [answer["ok"] for answer in answers]
    assert [f"P{number}" for number in range(0, 200, 2)] == [it["project"]["name"] for it in answers if it["ok"]]
    letters = [await client.dead_letter(f"mixed-{number}") for number in range(1, 200, 2)]
    assert 100 == len(letters)


async def test_nothing_was_shelved_twice_or_left_in_the_queue(unharmed):
    shelved = [letter.message_id for letter in unharmed.client.dead_letters.messages]
    assert sorted(set(shelved)) == sorted(shelved)
    queue = await unharmed.client.channel.declare_queue(f"{unharmed.client.prefix}.commands", passive=True)
    assert 0 == queue.declaration_result.message_count
