"""Adoption over the control socket: what there is, what was chosen, and every wrong question answered plainly."""

import pytest

from orchestrator.domain.adoption import Foundling
from orchestrator.engine.adoption import Unseen
from tests.unit.api.samples import a_job, a_node


async def test_what_could_be_adopted_is_shown_with_its_earlier_attempts_and_the_nodes_that_were_not_seen(window, rooms):
    older = a_job(uuid="older", node=2)
    rooms.adoption.found.append(Foundling(a_job(attempt=2, images_count=3), (older,)))
    rooms.adoption.unseen.append(Unseen(a_node(label="node-1"), "no connection"))
    shown = {
        "uuid": "job-134", "processing_node": 1, "processing_node_name": "node-1", "task": 134, "attempt": 2,
        "name": "Field 7", "status": 20, "images_count": 3,
    }  # fmt: skip
    before = shown | {
        "uuid": "older", "processing_node": 2, "processing_node_name": "node-2", "attempt": 1, "images_count": 0,
    }  # fmt: skip
    unseen = [{"processing_node": 1, "processing_node_name": "node-1", "reason": "no connection"}]
    assert (200, {"found": [shown | {"older": [before]}], "unseen": unseen}) == await window.get("/adoption")


async def test_what_is_named_is_adopted(window, rooms):
    rooms.adoption.found += [Foundling(a_job()), Foundling(a_job(7), (a_job(7, uuid="older"),))]
    rooms.adoption.renumbered = 1
    status, answer = await window.post("/adoption", b'{"uuids": ["job-7", "older"]}')
    (adopted,) = answer["adopted"]
    assert (200, "job-7", 7, ["older"]) == (status, adopted["uuid"], adopted["was"], adopted["removed"])
    assert (8, "processing") == (adopted["task"]["id"], adopted["task"]["stage"])
    assert [frozenset({"job-7", "older"})] == rooms.adoption.asked


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"7", b'{"uuids": "job-7"}', b'{"uuids": [7]}', b"[" * 1500])
async def test_a_question_that_names_no_jobs_is_refused(window, rooms, body):
    status, answer = await window.post("/adoption", body)
    assert (422, "uuids: must be a list of job uuids") == (status, answer["error"]["detail"])
    assert [] == rooms.adoption.asked


async def test_a_look_that_takes_too_long_is_given_up(window, rooms):
    rooms.adoption.hangs = True
    status, answer = await window.get("/adoption")
    assert (503, "There was no answer within 0.2 s.") == (status, answer["error"]["detail"])
