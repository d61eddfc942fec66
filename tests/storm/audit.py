"""The end: whether all has come to rest, and whether it rests where the commands sent it."""

from itertools import pairwise
from typing import Any

from tests.storm.daemon import TIMING
from tests.storm.invariants import ENDED
from tests.storm.node import Job

WAITS = "waiting"


def restless(world: Any) -> str | None:
    """Say what still moves; None: nothing does."""
    life, rows = world.life, world.disk.rows
    if life is None or life.dead or not life.started:
        return "the daemon is not up"
    if not world.producer.idle:
        left = [
            each.id for each in world.producer.messages.values() if not each.queued or (each.asks and not each.answer)
        ]
        return f"messages without an answer: {left}"
    if not world.broker.idle:
        return "commands are in the queue"
    if rows("SELECT 1 FROM outbox LIMIT 1"):
        return "events are in the outbox"
    jobs = rows("SELECT uuid, node, task FROM node_jobs WHERE abandoned_at IS NOT NULL")
    if jobs:
        return f"abandoned jobs are left: {jobs}"
    for id_, stage in rows("SELECT id, stage FROM tasks"):
        if stage not in {"ended", "draft"} and not _rests(world, id_, stage):
            task = world.watch.last[id_]["data"]["task"]
            return f"task {id_} is {stage}: {task['reason']}"
    return None


def _rests(world: Any, id_: int, stage: str) -> bool:
    """Whether a waiting task has a reason that calm does not take away."""
    task = world.watch.last[id_]["data"]["task"]
    if stage != WAITS or not task["reason"]:
        return False
    known = {node for (node,) in world.disk.rows("SELECT id FROM processing_nodes")}
    chosen = task["processing_node"]
    if not task["auto_processing_node"]:
        return chosen not in known or "at most" in task["reason"]
    return False


def audit(world: Any) -> None:
    """Look at everything once more."""
    _commands(world)
    _tasks(world)
    _events(world)
    _nodes(world)


def _commands(world: Any) -> None:
    watch = world.watch
    buried = {each.delivery.message_id for each in world.broker.memory.dead_letters}
    for message in world.producer.messages.values():
        if message.junk:
            if message.id not in buried:
                watch.violated(f"junk message {message.id} is not on the shelf of dead letters")
        elif message.id not in watch.answers:
            watch.violated(f"message {message.id} ({message.name}) was never settled")
        elif message.asks and message.answer != watch.answers[message.id]:
            watch.violated(f"message {message.id} was answered otherwise than is stored")


def _tasks(world: Any) -> None:
    watch = world.watch
    rows = {id_: (stage, status) for id_, stage, status in world.disk.rows("SELECT id, stage, status FROM tasks")}
    created = sum(m.name == "create-task" and not m.junk for m in world.producer.messages.values())
    made = sum(b'"ok":true' in watch.answers.get(m.id, b"") for m in world.producer.messages.values()
               if m.name == "create-task")  # fmt: skip
    if len(watch.last) != made:
        watch.violated(f"{created} tasks were asked for, {made} accepted, and {len(watch.last)} made")
    for id_, event in watch.last.items():
        stage, status = rows.get(id_, ("gone", None))
        actions = watch.actions[id_]
        wanted = actions[-1] if actions else ""
        if "REMOVE" in actions or stage == "gone":
            if "REMOVE" not in actions or stage != "gone" or event["type"] != "task.removed":
                watch.violated(f"task {id_} is {stage} after {actions}; its last event is {event['type']}")
        elif wanted == "CANCEL" and status != 50:
            watch.violated(f"task {id_} is {stage} {status} after {actions}")
        elif wanted != "CANCEL" and status == 50:
            watch.violated(f"task {id_} is CANCELED after {actions}")
        elif stage == "ended" and status not in ENDED:
            watch.violated(f"task {id_} has ended with {status}")


def _events(world: Any) -> None:
    watch = world.watch
    for key in {key for key, _, _ in watch.history.values()}:
        wanted = [id_ for id_, (of, _, _) in watch.history.items() if of == key]
        seen = watch.seen[key]
        if set(seen) != set(wanted):
            watch.violated(f"{key}: {len(set(wanted) - set(seen))} events were never published")
            continue
        last = list(dict.fromkeys(reversed(seen)))[::-1]
        if last != wanted:
            watch.violated(f"{key}: what a subscriber saw last is not the latest")
        if "event nacked" not in world.trace.faults and list(dict.fromkeys(seen)) != wanted:
            watch.violated(f"{key}: events came out of order")


def _nodes(world: Any) -> None:
    owned = {uuid for (uuid,) in world.disk.rows("SELECT job_uuid FROM tasks WHERE job_uuid != ''")}
    for node in world.nodes.values():
        if node.name in world.watch.removed_nodes:
            continue  # Its address is all that we had of it.
        for uuid, job in node.jobs.items():
            if uuid not in owned:
                world.watch.violated(f"job {uuid} of task {job.task} is left on {node.name} in state {job.state}")
    _runs(world)


def _runs(world: Any) -> None:
    """Look for attempts that nodes ran to the end twice, while nobody had reason to take the first for lost.

    A run is lost if its node was taken away, or was away for long enough to be known to be.
    """
    nodes = {node.name: node for node in world.nodes.values()}
    runs: dict[tuple[int, int], list[Job]] = {}
    for job in sorted(world.jobs.values(), key=lambda job: job.committed_at):
        for attempt in job.completed:
            runs.setdefault((job.task, attempt), []).append(job)
    for (task, attempt), jobs in runs.items():
        for first, second in pairwise(jobs):
            node = nodes[first.node]
            since, until = first.committed_at, second.committed_at
            lost = node.was_lost(since, until, after=TIMING.offline_after) or node.name in world.watch.removed_nodes
            if not lost:
                world.watch.violated(
                    f"attempt {attempt} of task {task} was run to its end by {first.uuid} and {second.uuid}"
                )
