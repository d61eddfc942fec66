"""Finds what a path names; what callers may not see does not exist for them."""

from orchestrator.api.rest.faults import not_found
from orchestrator.api.rest.route import Call
from orchestrator.domain.task import Project, Task
from orchestrator.engine.ports import Library


async def project_of(library: Library, call: Call) -> Project:
    """Give the project in the path. Raises ``Fault``."""
    id_ = call.id("project")
    found = await library.project(id_) if call.caller.sees(id_) else None
    if found is None:
        raise not_found()
    return found


async def task_anywhere(library: Library, call: Call) -> Task:
    """Give the task in the path, of whatever project that exists for the caller. Raises ``Fault``."""
    found = await library.task(call.id("task"))
    if found is None or not call.caller.sees(found.project) or await library.project(found.project) is None:
        raise not_found()
    return found


async def task_of(library: Library, call: Call) -> Task:
    """Give the task in the path, of the project in the path. Raises ``Fault``."""
    project = await project_of(library, call)
    found = await library.task(call.id("task"))
    if found is None or found.project != project.id:
        raise not_found()
    return found
