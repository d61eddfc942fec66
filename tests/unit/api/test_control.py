"""The control socket: the bus's own commands and answers, and reading."""

import json
from dataclasses import replace

import pytest

from orchestrator.contract.answers import accepted
from orchestrator.contract.views import public_node, public_project, public_task
from orchestrator.domain.commands import SetPendingAction, TaskKey
from orchestrator.domain.errors import StoreError
from orchestrator.domain.problem import conflict
from orchestrator.domain.task import PendingAction, Stage, Status
from orchestrator.engine.ports import TaskFilter
from tests.unit.api.samples import a_node, a_project, a_task, completed

CANCEL = b'{"task": 134, "pending_action": "CANCEL"}'


async def test_a_command_is_settled_and_answered_as_on_the_bus(window, rooms):
    status, answer = await window.post("/commands/set-pending-action", CANCEL)
    assert (200, accepted("set-pending-action", rooms.desk.outcome)) == (status, answer)
    (order,) = rooms.desk.orders
    assert SetPendingAction(task=TaskKey(id=134), pending_action=PendingAction.CANCEL) == order.command
    assert order.message_id is None


async def test_a_command_keeps_its_message_id(window, rooms):
    await window.post("/commands/set-pending-action", CANCEL, **{"Message-Id": "abc-1"})
    assert "abc-1" == rooms.desk.orders[0].message_id


async def test_a_rejection_is_the_bus_answer_with_the_problems_status(window, rooms):
    rooms.desk.outcome = conflict("task 134 has already ended")
    status, answer = await window.post("/commands/set-pending-action", CANCEL)
    assert (409, False, "task 134 has already ended") == (status, answer["ok"], answer["error"]["detail"])


@pytest.mark.parametrize(
    ("command", "body", "status", "type"),
    [
        ("set-pending-action", b'{"task": 134}', 422, "validation"),
        ("set-pending-action", b"nonsense", 400, "unreadable"),
        ("set-pending-actoin", CANCEL, 404, "unknown-command"),
        ("create-task", b" " * 2001, 413, "too-large"),
    ],
)
async def test_what_cannot_be_understood_is_answered_in_the_same_shape(window, command, body, status, type):
    got, answer = await window.post(f"/commands/{command}", body)
    assert (status, False, command, type) == (got, answer["ok"], answer["command"], answer["error"]["type"])


async def test_a_message_id_beyond_bounds_is_refused(window, rooms):
    status, answer = await window.post("/commands/set-pending-action", CANCEL, **{"Message-Id": "x" * 256})
    assert (422, "Message-Id") == (status, answer["error"]["errors"][0]["field"])
    assert not rooms.desk.orders


async def test_a_command_that_is_not_settled_in_time_is_told_so(window, rooms):
    rooms.desk.hangs = True
    status, answer = await window.post("/commands/set-pending-action", CANCEL)
    assert (503, "unavailable") == (status, answer["error"]["type"])
    assert "may still take effect" in answer["error"]["detail"]


async def test_a_store_that_is_away_is_told_so(window, rooms):
    rooms.desk.away = rooms.library.away = StoreError("The disk is full.")
    for status, answer in (await window.post("/commands/set-pending-action", CANCEL), await window.get("/tasks")):
        assert (503, "unavailable") == (status, answer["error"]["type"])
        assert "The disk is full." in answer["error"]["detail"]


async def test_a_store_that_does_not_answer_is_told_so(window, rooms):
    rooms.library.hangs = True
    status, answer = await window.get("/projects")
    assert (503, "There was no answer within 0.2 s.") == (status, answer["error"]["detail"])


async def test_a_fault_of_ours_is_answered_without_its_inside(window, rooms):
    rooms.library.away = ZeroDivisionError("secret")
    status, answer = await window.get("/tasks")
    assert (500, "internal") == (status, answer["error"]["type"])
    assert "secret" not in json.dumps(answer)


async def test_tasks_are_listed_as_the_contract_shows_them(window, rooms):
    rooms.library.known = [a_task(), completed(135)]
    assert (200, [public_task(it) for it in rooms.library.known]) == await window.get("/tasks")
    assert [TaskFilter()] == rooms.library.asked


async def test_tasks_are_filtered_and_paged(window, rooms):
    await window.get("/tasks?project=27&status=40&stage=ended&limit=5&offset=10")
    await window.get("/tasks?status=running")
    assert [
        TaskFilter(project=27, status=40, stage="ended", limit=5, offset=10),
        TaskFilter(status=Status.RUNNING.value),
    ] == rooms.library.asked


@pytest.mark.parametrize(
    ("query", "field"),
    [("project=x", "project"), ("project=0", "project"), ("limit=1001", "limit"), ("limit=0", "limit"),
     ("offset=-1", "offset"), ("limit=1_0", "limit"), ("offset=99999999999999999999", "offset"),
     ("status=41", "status"), ("stage=done", "stage"), ("colour=red", "colour"), ("limit=%D9%A3", "limit")],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(window, query, field):
    status, answer = await window.get(f"/tasks?{query}")
    assert (422, field) == (status, answer["error"]["errors"][0]["field"])


@pytest.mark.parametrize("key", ["134", "survey%2F7%20%C3%BC"])
async def test_a_task_is_shown_by_id_or_reference(window, rooms, key):
    rooms.library.known = [a_task(reference="survey/7 ü")]
    assert (200, public_task(rooms.library.known[0])) == await window.get(f"/tasks/{key}")


async def test_a_reference_of_digits_is_found_where_no_id_is(window, rooms):
    rooms.library.known = [a_task(reference="2026"), a_task(135, reference="99999999999999999999")]
    assert 134 == (await window.get("/tasks/2026"))[1]["id"]
    assert 135 == (await window.get("/tasks/99999999999999999999"))[1]["id"]


@pytest.mark.parametrize("path", ["/tasks/7", "/tasks/7/output", "/tasks/%C2%B2", "/nothing"])
async def test_what_is_not_there_is_told_so(window, path):
    status, answer = await window.get(path)
    assert (404, "not-found") == (status, answer["error"]["type"])


async def test_another_method_is_refused_in_json(window):
    status, answer = await window.post("/tasks", b"")
    assert (405, False) == (status, answer["ok"])


async def test_output_is_read_from_a_line_on_or_from_the_end(window, rooms):
    rooms.library.known = [completed(processing_time=5000)]
    rooms.lines = ["a", "b", "c", "d"]
    assert (200, {"lines": ["a", "b", "c", "d"], "count": 4}) == await window.get("/tasks/134/output")
    assert ["b", "c"] == (await window.get("/tasks/134/output?line=1&limit=2"))[1]["lines"]
    assert ["d"] == (await window.get("/tasks/134/output?limit=-1"))[1]["lines"]
    assert 422 == (await window.get("/tasks/134/output?limit=many"))[0]


async def test_the_output_of_an_earlier_attempt_is_not_shown_for_the_present_one(window, rooms):
    rooms.lines = ["of the first attempt"]
    anew = {"uuid": "", "running_progress": 0.0, "processing_time": -1}
    for stage in (Stage.WAITING, Stage.UPLOADING, Stage.ENDED):
        rooms.library.known = [replace(a_task(), stage=stage, attempt=2, **anew)]
        assert (200, {"lines": [], "count": 0}) == await window.get("/tasks/134/output")
    rooms.library.known = [replace(a_task(), stage=Stage.ENDED, **anew | {"processing_time": 5})]
    assert 1 == (await window.get("/tasks/134/output"))[1]["count"]


async def test_projects_and_nodes_are_listed_without_tokens(window, rooms):
    rooms.library.projects_known = [a_project()]
    rooms.library.nodes_known = [a_node()]
    assert (200, [public_project(a_project())]) == await window.get("/projects")
    status, nodes = await window.get("/processing-nodes")
    assert (200, [public_node(a_node())]) == (status, nodes)
    assert "hidden" not in json.dumps(nodes)


async def test_health_says_who_answers(window):
    status, body = await window.get("/health")
    assert (200, "ok", {}) == (status, body["status"], body["problems"])
    assert {"version", "pid"} <= set(body)
