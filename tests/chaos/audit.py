"""The reckoning: what was promised, held against what happened."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

import asyncpg

from orchestrator.domain.task import PendingAction
from tests.chaos.fleet import Fleet, Json
from tests.chaos.history import illegal, restarts
from tests.chaos.orders import Orders, Wishes

COMPLETED, CANCELED = 40, 50
OURS = re.compile(r"\[orchestrator (\d+)\.\d+\]$")


async def audit(fleet: Fleet, orders: Orders, *, store_url: str) -> list[str]:
    """Give every violation, a sentence each."""
    found = [f"{message_id} was never answered" for message_id in orders.unanswered()]
    found += of_the_nodes(fleet, orders)
    for task, wishes in orders.tasks.items():
        story = fleet.watcher.stories.get(f"tasks/{task}", [])
        found += [f"task {task}: {what}" for what in of_a_task(story, wishes)]
    found += [f"{subject}: nobody asked for it" for subject in fleet.watcher.stories if not _is_known(subject, orders)]
    return found + await _of_the_store(store_url)


def _is_known(subject: str, orders: Orders) -> bool:
    return int(subject.partition("/")[2]) in orders.tasks


def of_a_task(story: list[Json], wishes: Wishes) -> Iterator[str]:
    """Hold a task's events, as they first came, against what was accepted about it."""
    if not story:
        yield "no event of it"
        return
    numbers = [event["sequence"] for event in story]
    if numbers != list(range(1, len(story) + 1)):
        yield f"its events came as {numbers}"
        return
    yield from illegal(story)
    types = [event["type"] for event in story]
    if "task.removed" in types[:-1]:
        yield f"something came after its removal: {types}"
    asked = Counter(PendingAction(event["data"]["task"]["pending_action"]).name for event in story if _is_action(event))
    for action, count in asked.items():
        if count > wishes.actions.count(action):
            yield f"{action} took effect {count} times and was accepted {wishes.actions.count(action)} times"
    if restarts(story) != wishes.restarts:
        yield f"began anew {restarts(story)} times after {wishes.restarts} restarts"
    yield from _of_its_end(story[-1], wishes)


def _is_action(event: Json) -> bool:
    return event["type"] == "task.pending-action-set"


def _of_its_end(last: Json, wishes: Wishes) -> Iterator[str]:
    task = last["data"]["task"]
    wish = wishes.actions[-1] if wishes.actions else None
    if wish == "REMOVE":
        if last["type"] != "task.removed":
            yield f"was to be removed and is {task['stage']}"
        return
    expected = CANCELED if wish == "CANCEL" else COMPLETED
    if (task["stage"], task["status"]) != ("ended", expected):
        why = task["last_error"] or last["data"]["reason"]
        yield f"is {task['stage']} with status {task['status']} and should have ended as {expected}: {why}"


def of_the_nodes(fleet: Fleet, orders: Orders) -> Iterator[str]:
    """Look at the nodes' own record of what they ran, and at what they still have."""
    runs = [run for node in fleet.nodes for run in node.runs]
    yield from (f"a job named {run.name!r} is none of ours" for run in runs if not OURS.search(run.name or ""))
    whole: defaultdict[int, list[str]] = defaultdict(list)
    for run in runs:
        if run.outcome == "completed" and (ours := OURS.search(run.name or "")):
            whole[int(ours[1])].append(run.uuid)
    for task, uuids in whole.items():
        wishes = orders.tasks.get(task, Wishes())
        if len(uuids) > 1 + wishes.restarts:
            yield f"task {task}: ran to its end {len(uuids)} times, after {wishes.restarts} restarts: {uuids}"
    stories = fleet.watcher.stories.values()
    there = [story[-1]["data"]["task"] for story in stories if story[-1]["type"] != "task.removed"]
    for task in there:
        if task["status"] == COMPLETED and task["uuid"] not in whole[task["id"]]:
            yield f"task {task['id']}: COMPLETED, and no node ran {task['uuid']} to its end"
    yield from _left(fleet, owned={task["uuid"] for task in there})


def _left(fleet: Fleet, *, owned: Collection[str]) -> Iterator[str]:
    for node in fleet.nodes:
        for uuid in node.jobs.keys() - owned:
            yield f"job {uuid} was left on {node.url} and belongs to nobody"


async def _of_the_store(store_url: str) -> list[str]:
    connection = await asyncpg.connect(store_url.replace("+asyncpg", ""))
    try:
        unsent = await connection.fetchval("SELECT count(*) FROM outbox")
        abandoned = await connection.fetchval("SELECT count(*) FROM node_jobs WHERE abandoned_at IS NOT NULL")
    finally:
        await connection.close()
    counts = {"events are left in the outbox": unsent, "jobs are still to vanish": abandoned}
    return [f"{count} {what}" for what, count in counts.items() if count]
