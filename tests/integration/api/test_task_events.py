"""What happened to one task: GET /api/tasks/{task}/events/."""

import json

import pytest

from orchestrator.domain.access import Role
from tests.integration.api.streaming import LONG_AGO, all_sent, following
from tests.integration.api.test_callers import ask
from tests.integration.api.work import draft, send

__all__ = ["ask"]


async def rename(daemon, task, *names):
    for name in names:
        await send(daemon, "update-task", task=task, name=name)


async def test_the_events_of_a_task_come_oldest_first_as_they_are_on_the_bus(daemon):
    task, other = await draft(daemon), await draft(daemon)
    await rename(daemon, task, "North")
    await rename(daemon, other, "South")
    status, body = await daemon.get(f"/tasks/{task}/events/")
    assert (200, [1, 3], None, 4) == (
        status, [each["number"] for each in body["events"]], body["next"], body["last_event_id"]
    )  # fmt: skip
    stored = await daemon.app.store.events(after=0, limit=9)
    assert [json.loads(stored[0].body), json.loads(stored[2].body)] == [each["event"] for each in body["events"]]


async def test_pages_follow_each_other_and_then_the_stream_follows_them(daemon):
    task = await draft(daemon)
    for name in "abcd":
        await rename(daemon, task, name)
        await draft(daemon)
    seen, path = [], f"/tasks/{task}/events/?limit=2"
    while path:
        _, body = await daemon.get(path)
        seen += [each["event"]["sequence"] for each in body["events"]]
        path = body["next"] and body["next"].partition("/api")[2]
    assert [1, 2, 3, 4, 5] == seen
    async with following(daemon, f"?task={task}&last_event_id={body['last_event_id']}") as stream:
        await rename(daemon, task, "Last")
        assert 6 == json.loads((await stream.event())["data"])["sequence"]


async def test_only_types_that_are_asked_for_come_and_pages_go_on_behind_others(daemon):
    task = await draft(daemon)
    await rename(daemon, task, "North", "South")
    seen, path = [], f"/tasks/{task}/events/?limit=1&type=task.created,task.removed"
    while path:
        _, body = await daemon.get(path)
        seen.append([each["event"]["type"] for each in body["events"]])
        path = body["next"] and body["next"].partition("/api")[2]
    assert [["task.created"], [], []] == seen
    wrong = (400, {"type": ['"created" is not a valid choice.']})
    assert wrong == await daemon.get(f"/tasks/{task}/events/?type=created")


async def test_where_a_page_ends_the_stream_goes_on(daemon):
    task = await draft(daemon)
    await rename(daemon, task, *"abc")
    _, body = await daemon.get(f"/tasks/{task}/events/?limit=2&after=1")
    assert [2, 3] == [each["number"] for each in body["events"]]
    async with following(daemon, f"?task={task}&last_event_id={body['last_event_id']}") as stream:
        assert "4" == (await stream.event())["id"]


async def test_what_is_not_kept_any_more_is_missed_by_its_sequence(daemon):
    task = await draft(daemon)
    await rename(daemon, task, *"abcd")
    await all_sent(daemon)
    await rename(daemon, task, "e")  # The numbers of what was sent go with the next transaction.
    await daemon.app.store.forget_events(before=LONG_AGO, most=2)
    _, body = await daemon.get(f"/tasks/{task}/events/")
    assert [(5, 5), (6, 6)] == [(each["number"], each["event"]["sequence"]) for each in body["events"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "after=1.5", f"after={10**18}"])
async def test_a_wrong_parameter_is_named(daemon, query):
    task = await draft(daemon)
    status, body = await daemon.get(f"/tasks/{task}/events/?{query}")
    assert (400, [query.partition("=")[0]]) == (status, list(body))


async def test_a_task_that_is_not_there_or_not_for_the_caller_has_none(ask):
    for path in ("/tasks/1/events/", "/tasks/99/events/", "/tasks/0/events/", "/tasks/x/events/"):
        assert (path, 404) == (path, (await ask(Role.ADMIN, "GET", path))[0])
    assert 200 == (await ask(Role.VIEWER, "GET", "/tasks/2/events/"))[0]
    assert 200 == (await ask(Role.VIEWER, "GET", "/tasks/1/events/", None))[0]


async def test_from_a_time_in_a_project_that_the_caller_may_not_see_nothing_is_shown(daemon, ask):
    task = (await send(daemon, "create-task", partial=True))["task"]["id"]
    await send(daemon, "update-task", task=task, project=2)
    await send(daemon, "update-task", task=task, name="North")
    for only, sequences in ((frozenset({2}), [2, 3]), (None, [1, 2, 3])):
        _, body = await ask(Role.VIEWER, "GET", f"/tasks/{task}/events/", only)
        assert sequences == [each["event"]["sequence"] for each in body["events"]]
