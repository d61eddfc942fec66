"""A task's console output, as every window shows it."""

from orchestrator.api.ports import ReadOutput
from orchestrator.domain.task import Task


async def output_of(task: Task, read: ReadOutput, *, line: int, limit: int | None) -> tuple[list[str], int]:
    """Give lines from ``line`` on and how many there are; none while what is kept is that of an earlier attempt."""
    return await read(task.id, line, limit) if task.was_taken else ([], 0)
