"""Tasks, projects, nodes and the like as tests of the window need them, and the time that it is there."""

from datetime import UTC, datetime
from typing import Any

from orchestrator.domain.adoption import FoundJob
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Project, Stage, Status, Task
from orchestrator.engine.ports import OutboxEntry

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def a_task(id: int = 134, **fields) -> Task:
    given: dict[str, Any] = {"stage": Stage.WAITING, "project": 27, "created_at": NOW, "updated_at": NOW, "version": 1}
    return Task(id=id, **(given | fields))


def completed(id: int = 134, **fields) -> Task:
    return a_task(id, stage=Stage.ENDED, status=Status.COMPLETED, **fields)


def a_project(id: int = 27, name: str = "Fields") -> Project:
    return Project(id=id, name=name, created_at=NOW)


def a_node(id: int = 1, **fields) -> ProcessingNode:
    given: dict[str, Any] = {
        "url": "http://node-1:3000",
        "hostname": "node-1",
        "port": 3000,
        "created_at": NOW,
        "token": "hidden",
    }
    return ProcessingNode(id=id, **(given | fields))


def an_entry(number: int, *, routing_key: str = "task.created.none.27.134", body: bytes | None = None) -> OutboxEntry:
    text = body if body is not None else b'{"sequence":%d}' % number
    return OutboxEntry(number, f"id-{number}", "tasks/134", routing_key, text)


class FixedClock:
    def now(self) -> datetime:
        return NOW


def a_job(task: int = 134, **fields) -> FoundJob:
    given: dict[str, Any] = {"uuid": f"job-{task}", "node": 1, "attempt": 1, "name": "Field 7", "status": 20}
    return FoundJob(task=task, **(given | fields))
