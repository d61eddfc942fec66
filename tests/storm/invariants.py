"""What must hold, whatever happens: looked at with every commit, event, answer and job, and once more at the end."""

import json
from collections import defaultdict
from typing import Any

from orchestrator.domain.events import OutboxEntry
from orchestrator.store.task_rows import decode_sources
from tests.storm.node import Node, Upload

ENDED = {30, 40, 50}
GRACE = 120.0
"""Seconds that the daemon may take to see that a node is back."""


class Watch:
    """Collects violations. ``history`` is every event ever committed, by id; ``answers`` every answer, as settled."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.violations: list[str] = []
        self.history: dict[str, tuple[str, int, bytes]] = {}
        self.answers: dict[str, bytes] = {}
        self.seen: dict[str, list[str]] = defaultdict(list)
        """Ids of the events that reached subscribers, by subject, in order, repeats included."""
        self.last: dict[int, dict[str, Any]] = {}
        """The last event of each task."""
        self.restarts: dict[int, list[float]] = defaultdict(list)
        self.actions: dict[int, list[str]] = defaultdict(list)
        """Pending actions that were accepted, by task, in the order in which they were settled."""
        self.removed_nodes: set[str] = set()
        self._event_number = 0
        self._inbox = 0
        self._fences: dict[int, int] = {}

    def violated(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(f"{self.world.loop.now:.1f} s: {what}")
        self.world.trace.note("VIOLATION", what)

    def attempt(self, task: int) -> int:
        """Give the attempt that a task is at."""
        return self.last[task]["data"]["task"]["attempt"] if task in self.last else 0

    # ------------------------------------------------------------------------------------------------------- commits

    def committed(self) -> None:
        """Look at what has just become durable."""
        rows = self.world.disk.rows
        for number, id_, key, body in rows(
            "SELECT number, id, key, body FROM events WHERE number > ? ORDER BY number", self._event_number
        ):
            self._event_number = number
            self._event(id_, key, json.loads(body), body)
        for rowid, id_, answer in rows("SELECT rowid, message_id, answer FROM inbox WHERE rowid > ?", self._inbox):
            self._inbox = rowid
            self._settled(id_, answer)
        for task, version, fence, job in rows("SELECT id, version, fence, job_uuid FROM tasks"):
            self._row(task, version, fence, job)
        for task, count in rows(
            "SELECT task, count(*) FROM node_jobs WHERE abandoned_at IS NULL GROUP BY task HAVING count(*) > 1"
        ):
            self.violated(f"task {task} has {count} live node jobs")

    def _event(self, id_: str, key: str, event: dict[str, Any], body: bytes) -> None:
        if id_ in self.history:
            self.violated(f"the event {id_} was committed twice")
        self.history[id_] = key, event["sequence"], body
        if not key.startswith("tasks/"):
            return
        task = event["data"]["task"]
        before = self.last.get(task["id"])
        self.world.trace.note(
            "event", event["type"], task["id"], event["sequence"], task["status"], task["stage"], task["attempt"],
            event["data"]["reason"],
        )  # fmt: skip
        if event["sequence"] != (before["sequence"] if before else 0) + 1 or task["version"] != event["sequence"]:
            self.violated(f"task {task['id']} has event {event['sequence']} after {before and before['sequence']}")
        if before:
            self._moved(before, event, task)
        self.last[task["id"]] = event

    def _moved(self, before: dict[str, Any], event: dict[str, Any], task: dict[str, Any]) -> None:
        was = before["data"]["task"]
        if before["type"] == "task.removed":
            self.violated(f"task {task['id']} has an event after task.removed")
        asked = task["pending_action"] in {2, 3} or was["pending_action"] == 3
        if was["stage"] == "ended" and not asked and (task["stage"], task["status"]) != ("ended", was["status"]):
            self.violated(f"task {task['id']} had ended and moved to {task['stage']} {task['status']}")
        if was["stage"] == "removing" and task["stage"] != "removing":
            self.violated(f"task {task['id']} was being removed and moved to {task['stage']}")
        if task["pending_action"] == 3 and was["pending_action"] != 3:
            self.restarts[task["id"]].append(self.world.loop.now)
        again = task["attempt"] > was["attempt"] and was["pending_action"] != 3
        if again and not self._harmed(task["id"]):
            self.violated(f"task {task['id']} lost an attempt though nothing happened to it: {task['reason']}")
        if task["status"] != was["status"]:
            self._status(was, task)

    def _status(self, was: dict[str, Any], task: dict[str, Any]) -> None:
        id_ = task["id"]
        match task["status"]:
            case 30:
                if not task["last_error"]:
                    self.violated(f"task {id_} is FAILED without a reason")
                if not self._harmed(id_):
                    self.violated(f"task {id_} is FAILED though nothing happened to it: {task['last_error']}")
            case 40:
                self._completed(id_, task["uuid"])
            case 50:
                if was["pending_action"] != 1:
                    self.violated(f"task {id_} is CANCELED and nobody asked: {task['reason']}")

    def _harmed(self, task: int) -> bool:
        """Whether anything happened on a node, or on the way there, that a task may fail of."""
        uuids = {uuid for uuid, each in self.world.task_of.items() if each == task}
        jobs = [job for job in self.world.jobs.values() if job.task == task]
        struck = self.world.weather.struck
        nodes = {node.name for node in self.world.nodes.values()}
        return any(job.fails for job in jobs) or any(struck[uuid] for uuid in uuids | nodes)

    def _completed(self, task: int, uuid: str) -> None:
        job = self.world.jobs.get(uuid)
        results = self.world.cupboard.of(task).results
        if job is None or not job.completed:
            self.violated(f"task {task} is COMPLETED, but its job never was")
        elif results is None or results.job != uuid:
            self.violated(f"task {task} is COMPLETED without its job's results")

    def _settled(self, id_: str, answer: bytes) -> None:
        self.answers[id_] = answer
        message = self.world.producer.messages[id_]
        if message.name == "set-pending-action":
            found = json.loads(answer)
            if found["ok"]:
                self.actions[found["task"]["id"]].append(json.loads(message.body)["pending_action"])

    def _row(self, task: int, version: int, fence: int, job: str) -> None:
        event = self.last.get(task)
        if event is None or event["sequence"] != version:
            self.violated(f"task {task} is at version {version}, its events at {event and event['sequence']}")
            return
        if fence < self._fences.get(task, 0):
            self.violated(f"the fence of task {task} fell to {fence}")
        self._fences[task] = fence
        if event["data"]["task"]["stage"] in {"processing", "collecting"} and job not in self.world.jobs:
            self.violated(f"task {task} is {event['data']['task']['stage']}, but no node ever took its job")

    # ---------------------------------------------------------------------------------------------------------- jobs

    def committing(self, node: Node, uuid: str, upload: Upload) -> None:
        """Look at a job that a node is about to take."""
        task = upload.task
        if uuid in self.world.ambiguous:
            self.violated(f"job {uuid} of task {task} is started although a file's fate is unknown")
        names = sorted(name for name, _ in upload.files)
        found = self.world.disk.rows("SELECT body FROM task_sources WHERE task = ?", task)
        wanted = sorted(source.name for source in decode_sources(found[0][0])) if found else names
        if names != wanted or not all(whole for _, whole in upload.files):
            self.violated(f"job {uuid} of task {task} is started with {upload.files} instead of {wanted}")
        for job in [job for job in self.world.jobs.values() if job.task == task and job.uuid != uuid]:
            self._again(job, uuid)

    def _again(self, job: Any, uuid: str) -> None:
        """Look at a task's earlier job as another is begun."""
        world = self.world
        node = next(node for node in world.nodes.values() if node.name == job.node)
        node.advance(world.loop.now)
        struck = world.weather.struck
        asked = any(at >= job.committed_at for at in self.restarts[job.task])
        if not (asked or struck[job.uuid] or struck[node.name]):
            self.violated(f"task {job.task} is sent again as {uuid}, though nothing happened to {job.uuid}")
        there = node.jobs.get(job.uuid) is job
        online = world.disk.rows("SELECT 1 FROM processing_nodes WHERE url = ? AND health = 'online'", node.url)
        known = (
            online and node.reachable and node.name not in self.removed_nodes and world.loop.now - node.back_at > GRACE
        )
        if there and known and job.live:
            self.violated(f"task {job.task} has {uuid} started while {job.uuid} runs on {node.name}")

    # ----------------------------------------------------------------------------------------------------------- bus

    def acknowledged(self, deliveries: Any) -> None:
        """Look at deliveries that the daemon is done with: each must have left something durable."""
        for delivery in deliveries:
            buried = any(
                each.delivery.message_id == delivery.message_id for each in self.world.broker.memory.dead_letters
            )
            if delivery.message_id not in self.answers and not buried:
                self.violated(f"message {delivery.message_id} is acknowledged, and nothing is kept of it")

    def published(self, entry: OutboxEntry) -> None:
        """Look at an event that has reached subscribers."""
        self.world.trace.note("published", entry.key, entry.number)
        known = self.history.get(entry.id)
        if known is None or known[2] != entry.body:
            self.violated(f"the event {entry.id} was published, but is not what was committed")
        self.seen[entry.key].append(entry.id)
