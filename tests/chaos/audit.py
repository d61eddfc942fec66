"""The reckoning: what was promised, held against what happened."""

import re
from collections import Counter
from collections.abc import Iterator

import asyncpg

from tests.chaos.fleet import Fleet, Json
from tests.chaos.orders import Orders, Wishes

COMPLETED, CANCELED = 40, 50
OURS = re.compile(r"\[orchestrator (\d+)\.\d+\]$")


async def audit(fleet: Fleet, orders: Orders, *, store_url: str) -> list[str]:
    """Give every violation, a sentence each."""
    found = list(_of_the_nodes(fleet, orders))
    for task, wishes in orders.tasks.items():
        story = fleet.watcher.stories.get(f"tasks/{task}", [])
        found += [f"task {task}: {what}" for what in _of_a_task(story, wishes)]
    found += [f"{subject}: nobody asked for it" for subject in fleet.watcher.stories if not _is_known(subject, orders)]
    return found + await _of_the_store(store_url)


def _is_known(subject: str, orders: Orders) -> bool:
    return int(subject.partition("/")[2]) in orders.tasks


def _of_a_task(story: list[Json], wishes: Wishes) -> Iterator[str]:
    if not story:
        yield "no event of it"
        return
    numbers = [event["sequence"] for event in story]
    if numbers != list(range(1, len(story) + 1)):
        yield f"its events came as {numbers}"
    types = [event["type"] for event in story]
    if "task.removed" in types[:-1]:
        yield f"something came after its removal: {types}"
    last, task = story[-1], story[-1]["data"]["task"]
    wish = wishes.actions[-1] if wishes.actions else None
    if wish == "REMOVE":
        if last["type"] != "task.removed":
            yield f"was to be removed and is {task['stage']}"
        return
    expected = CANCELED if wish == "CANCEL" else COMPLETED
    if (task["stage"], task["status"]) != ("ended", expected):
        yield f"ended as {task['status']} ({task['stage']}) and not as {expected}: {task['last_error']}"
    if task["attempt"] != 1 + wishes.restarts:
        yield f"is at attempt {task['attempt']} after {wishes.restarts} restarts"


def _of_the_nodes(fleet: Fleet, orders: Orders) -> Iterator[str]:
    runs: Counter[int] = Counter()
    for node in fleet.nodes:
        for run in node.runs:
            ours = OURS.search(run.name or "")
            if ours is None:
                yield f"a job named {run.name!r} is none of ours"
            elif run.outcome == "completed":
                runs[int(ours[1])] += 1
    for task, count in runs.items():
        wishes = orders.tasks.get(task, Wishes())
        if count > 1 + wishes.restarts:
            yield f"task {task}: completed {count} times on nodes, after {wishes.restarts} restarts"
    stories = fleet.watcher.stories.values()
    kept = {events[-1]["data"]["task"]["uuid"] for events in stories if events[-1]["type"] != "task.removed"}
    for node in fleet.nodes:
        for uuid in node.jobs.keys() - kept:
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
