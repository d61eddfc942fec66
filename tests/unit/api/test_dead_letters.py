"""The shelf of dead letters over the control socket: bounded, masked, and every wrong question answered plainly."""

import getpass
import json
from typing import Any

import pytest

from orchestrator.bus.port import DeadLetter, Delivery
from orchestrator.domain.errors import BusError, StoreError
from orchestrator.domain.problem import conflict, invalid_field
from tests.unit.api.samples import NOW, a_project

NODE = b'{"url": "http://me:canary@node:3000/?token=canary", "token": "canary", "labl": "x"}'


async def shelve(rooms, body: bytes = NODE, *, tag: int = 1, name: str = "add-processing-node", **fields: Any) -> str:
    """Put a letter on the shelf and give its id."""
    delivery = Delivery(tag, 1, "x.commands", name, redelivered=False, body=body, type=name, **fields)
    await rooms.bus.dead_letter([DeadLetter(delivery, invalid_field("labl", "is not a field"), NOW)])
    return (await rooms.dead_letters().page(limit=1000)).letters[-1].id


def post(window, path: str, **value: Any):
    return window.post(path, json.dumps(value).encode())


async def test_a_list_says_what_was_wrong_and_hides_secrets(window, rooms):
    id_ = await shelve(rooms, message_id="m")
    status, found = await window.get("/dead-letters")
    (letter,) = found["dead_letters"]

    assert (200, 1, 1) == (status, found["total"], found["looked_at"])
    assert (id_, "add-processing-node", "m", len(NODE), 0) == tuple(
        letter[name] for name in ("id", "command", "message_id", "size", "replayed")
    )
    assert {"detail": "labl: is not a field", "type": "validation"}.items() <= letter["error"].items()
    assert [{"field": "labl", "message": "is not a field"}] == letter["error"]["errors"]
    assert "canary" not in json.dumps(found)


@pytest.mark.parametrize(
    "body",
    [
        NODE,
        NODE[:-10],
        NODE[:70],
        b'{"token":"canary',
        b"{'token': 'canary'}",
        b'{"access_token" : canary}',
        b'{"api-key":"ca\\"nary canary"}',
        b'["https://host/a.jpg?X-Amz-Signature=canary&x=1", "https://host/a.jpg?sig=canary"]',
        b'\xff\xfe{"Token":"canary"}',
        b'{"a": {"nodes": [{"token": "canary"}]}}',
    ],
)
async def test_a_letter_is_shown_without_its_secrets_whatever_is_wrong_with_it(window, rooms, body):
    headers = {"authorization": "canary", "x": {"token": [b"canary"]}, "n": float("nan"), "b": b"\xff", "at": NOW}
    id_ = await shelve(rooms, body, headers=headers)
    status, found = await window.get(f"/dead-letters/{id_}")

    assert 200 == status
    assert "***" in found["body"]
    assert "canary" not in json.dumps(found)
    assert ("***", "\\xff", NOW.isoformat()) == tuple(found["headers"][name] for name in ("authorization", "b", "at"))


async def test_what_is_no_secret_is_shown_as_it_is(window, rooms):
    body = b'{"images": ["https://host/a.jpg?size=1"], "name": "Tok\xc3\xa9n", "options": [{"name": "dsm"}]}'
    id_ = await shelve(rooms, body)
    assert body.decode() == (await window.get(f"/dead-letters/{id_}"))[1]["body"]


async def test_whoever_edits_gets_the_body_as_it_is(window, rooms):
    id_ = await shelve(rooms)
    async with window.session.get(f"http://control/dead-letters/{id_}/body") as response:
        assert NODE == await response.read()


async def test_a_large_body_is_cut(window, rooms):
    id_ = await shelve(rooms, b"x" * 100_000)
    found = (await window.get(f"/dead-letters/{id_}"))[1]
    assert (65_536, True, 100_000) == (len(found["body"]), found["truncated"], found["size"])


async def test_an_edited_letter_is_replayed_by_the_user_of_the_socket(window, rooms):
    rooms.desk.outcome = a_project()
    id_ = await shelve(rooms, name="create-project", message_id="m")
    status, found = await post(window, "/dead-letters/replay", ids=[id_], body='{"name": "Fields"}')
    (replay,) = found["replays"]

    assert (200, "accepted", "project 27", True, "m") == (
        status, replay["outcome"], replay["detail"], replay["edited"], replay["message_id"],
    )  # fmt: skip
    assert getpass.getuser() == replay["by"]
    assert ["m"] == [order.message_id for order in rooms.desk.orders]
    assert 0 == (await window.get("/dead-letters"))[1]["total"]
    assert [replay] == (await window.get(f"/dead-letters/{id_}"))[1]["replays"]
    assert [replay] == (await window.get("/dead-letters/replays?limit=5"))[1]["replays"]
    assert {"replays": []} == (await window.get("/dead-letters/replays?offset=1"))[1]
    assert 404 == (await window.get(f"/dead-letters/{id_}/body"))[0]


async def test_several_are_replayed_and_each_says_what_became_of_it(window, rooms):
    rooms.desk.outcome = conflict("Not now.")
    right = await shelve(rooms, b'{"name": "x"}', name="create-project")
    wrong = await shelve(rooms, b"{", tag=2, name="create-project")
    both = [letter["id"] for letter in (await window.get("/dead-letters"))[1]["dead_letters"]]
    assert {right, wrong} <= {*both}
    found = (await post(window, "/dead-letters/replay", ids=both))[1]
    assert {"rejected", "refused"} == {replay["outcome"] for replay in found["replays"]}
    assert 2 == (await window.get("/dead-letters"))[1]["total"]


async def test_letters_are_purged_by_id_or_by_time(window, rooms):
    for tag in range(5):
        await shelve(rooms, b"%d" % tag, tag=tag)
    listed = (await window.get("/dead-letters"))[1]
    ids = [letter["id"] for letter in listed["dead_letters"]]
    assert (200, {"purged": 2}) == await post(window, "/dead-letters/purge", ids=ids[:2])
    assert (200, {"purged": 0}) == await post(window, "/dead-letters/purge", until="2020-01-01T00:00:00")
    assert (200, {"purged": 3}) == await post(window, "/dead-letters/purge", until=listed["at"])


WRONG = [
    ("/dead-letters/replay", b"[]", 422, "The body must be a JSON object"),
    ("/dead-letters/replay", b"{", 422, "The body must be a JSON object"),
    ("/dead-letters/replay", b"{}", 422, "ids: must be a list of 1 to 1000 ids"),
    ("/dead-letters/replay", b'{"ids": [1]}', 422, "ids: must be a list of 1 to 1000 ids"),
    ("/dead-letters/replay", b'{"ids": ["a"], "body": 1}', 422, "body: must be text"),
    ("/dead-letters/replay", b'{"ids": ["a", "b"], "body": ""}', 422, "body: is for one letter at a time"),
    ("/dead-letters/replay", b'{"ids": ["a"], "new_message_id": 1}', 422, "new_message_id: must be true or false"),
    ("/dead-letters/replay", b'{"ids": ["zzzzzzzz"]}', 404, "There is no dead letter zzzzzzzz."),
    ("/dead-letters/replay", b'{"id": "a"}', 422,
     "id: is not a field here; there are body, command, ids, new_message_id"),
    ("/dead-letters/purge", b"{}", 422, "until: must be a time in ISO 8601, or give ids"),
    ("/dead-letters/purge", b'{"ids": []}', 422, "ids: must be a list of 1 to 1000 ids"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "detail"), WRONG)
async def test_a_wrong_request_is_answered_with_what_would_be_right(window, path, body, status, detail):
    found, answer = await window.post(path, body)
    assert (status, detail) == (found, answer["error"]["detail"])


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("?limit=0", "limit: must be from 1 to 1000"),
        ("?page=2", "page: is not a parameter here; there are limit, offset"),
        ("/zzzz", "There is no dead letter zzzz."),
        ("/zzzz/body", "There is no dead letter zzzz."),
    ],
)
async def test_a_wrong_address_is_answered_with_what_would_be_right(window, path, detail):
    assert detail == (await window.get(f"/dead-letters{path}"))[1]["error"]["detail"]


@pytest.mark.parametrize("error", [BusError("The broker is away."), StoreError("locked")])
async def test_what_is_away_is_said_and_nothing_leaves_the_shelf(window, rooms, error):
    id_ = await shelve(rooms, b'{"name": "x"}', name="create-project")
    rooms.desk.away = error
    status, answer = await post(window, "/dead-letters/replay", ids=[id_])
    assert (503, True) == (status, str(error) in answer["error"]["detail"])
    rooms.desk.away = None
    found = (await window.get("/dead-letters"))[1]
    assert (1, "unknown") == (found["total"], rooms.book.rows[0].outcome)


async def test_a_desk_that_does_not_answer_is_not_waited_for(window, rooms):
    id_ = await shelve(rooms, b'{"name": "x"}', name="create-project")
    rooms.desk.hangs = True
    status, answer = await post(window, "/dead-letters/replay", ids=[id_])
    assert (503, "There was no answer within 0.2 s.") == (status, answer["error"]["detail"])
    assert 1 == (await window.get("/dead-letters"))[1]["total"]
