"""Tasks to look at over REST, made as a producer on the bus makes them, or put into the store as they are."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from orchestrator.contract.commands import decode_object
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Project, Stage, Status, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import Order
from tests.integration.api.site import Site

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def photos(folder: Path, count: int = 2) -> list[str]:
    """Make small photos, and give their paths."""
    paths = [folder / f"IMG_{number}.JPG" for number in range(count)]
    for path in paths:
        Image.new("RGB", (16, 12), "olive").save(path)
    return [str(path) for path in paths]


async def send(site: Site, command: str, **fields: Any) -> dict[str, Any]:
    """Settle a command, and give the answer."""
    decoded = decode_object(command, fields)
    assert not isinstance(decoded, Problem), decoded
    (settled,) = await site.app.engine.turn.settle([Order(decoded)])
    answer: dict[str, Any] = json.loads(settled.answer)
    assert answer["ok"], answer
    return answer


async def a_draft(site: Site, **fields: Any) -> str:
    """Make a task that rests until it is committed, and give its path."""
    task = (await send(site, "create-task", partial=True, **fields))["task"]
    return f"/projects/{task['project']}/tasks/{task['id']}/"


async def draft(site: Site, name: str = "Field", *, project: int = 1) -> int:
    """Make a task that rests until it is committed, which is one event, and give its number."""
    task: dict[str, int] = (await send(site, "create-task", partial=True, name=name, project=project))["task"]
    return task["id"]


async def put(site: Site, *tasks: Task, projects: tuple[Project, ...] = ()) -> None:
    """Put tasks and projects into the store as they are, and take their numbers."""
    async with site.app.store.begin() as transaction:
        taken = {"task": max((task.id for task in tasks), default=0), "project": len(projects) + 1}
        await transaction.reserve({name: count for name, count in taken.items() if count})
        changes = Changes(owner="", created={task.id: task for task in tasks})
        changes.projects.update({project.id: project for project in projects})
        await transaction.write(changes)


def ended(id: int, **fields: Any) -> Task:
    """Give a task that was completed."""
    plain: dict[str, Any] = {"id": id, "project": 1, "created_at": NOON, "updated_at": NOON, "stage": Stage.ENDED}
    return Task(**plain | {"status": Status.COMPLETED, "version": 1} | fields)


async def until(site: Site, path: str, condition: Callable[[Any], bool], *, status: int = 200) -> Any:
    """Ask until the answer is as it shall be, and give it."""
    async with asyncio.timeout(60):
        while True:
            answered, body = await site.get(path)
            if answered == status and condition(body):
                return body
            await asyncio.sleep(0.02)
