"""Tasks over REST: /api/projects/{project}/tasks/, and /api/tasks/ for those of all projects."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from orchestrator.api.output import output_of
from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest import listing
from orchestrator.api.rest.commanding import settle_named
from orchestrator.api.rest.drafts import counted
from orchestrator.api.rest.faults import forbidden, not_found
from orchestrator.api.rest.listing import Listing, ordering
from orchestrator.api.rest.pages import Page
from orchestrator.api.rest.route import Call, Route
from orchestrator.api.rest.task_forms import (
    DoneView,
    EveryTaskFilters,
    OutputFilters,
    OutputView,
    TaskChange,
    TaskFilters,
    assets_of,
    status_of,
)
from orchestrator.contract.view_models import TaskView
from orchestrator.contract.views import public_task
from orchestrator.domain.access import Role
from orchestrator.domain.task import PendingAction, Task
from orchestrator.engine.ports import TASK_ORDERS, Ordering, TaskQuery

TEXT: Final = "text/plain"

_ACTIONS: Final = {
    PendingAction.CANCEL: "Cancel a task, wherever it is.",
    PendingAction.RESTART: "Run a task again, or begin it anew.",
    PendingAction.REMOVE: "Remove a task from its node, with its files.",
}


class Tasks:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """Give them."""
        every, one = "/projects/{project}/tasks/", "/projects/{project}/tasks/{task}/"
        return [
            Route(
                method="GET", path="/tasks/", name="listAllTasks", summary="List the tasks of all projects, by page.",
                handler=self.listed_everywhere, query=EveryTaskFilters, answers={200: Page[TaskView]}, faults=(404,),
            ),
            Route(
                method="GET", path=every, name="listTasks", summary="List the tasks of a project.",
                handler=self.listed, query=TaskFilters, streams=True, answers={200: list[TaskView] | Page[TaskView]},
            ),
            Route(
                method="GET", path=one, name="getTask", summary="Show a task.", handler=self.show,
                answers={200: TaskView},
            ),
            Route(
                method="PATCH", path=one, name="updateTask", summary="Change a task.", handler=self.update,
                role=Role.OPERATOR, body=TaskChange, answers={200: TaskView}, faults=(409,),
            ),
            Route(
                method="DELETE", path=one, name="deleteTask", summary="Remove a task from its node, with its files.",
                handler=self.delete, role=Role.OPERATOR, answers={204: None}, faults=(409,),
            ),
            *(self._action(one, action) for action in _ACTIONS),
            Route(
                method="GET", path=f"{one}output/", name="getTaskOutput", summary="Show console output of a task.",
                handler=self.output, query=OutputFilters, answers={200: (str | OutputView, TEXT)},
            ),
        ]  # fmt: skip

    def _action(self, one: str, action: PendingAction) -> Route:
        async def set_action(call: Call) -> web.Response:
            await self._set(call, action)
            return shown({"success": True})

        word = action.name.lower()
        return Route(
            method="POST", path=f"{one}{word}/", name=f"{word}Task", summary=_ACTIONS[action], handler=set_action,
            role=Role.OPERATOR, answers={200: DoneView}, faults=(409,),
        )  # fmt: skip

    async def listed_everywhere(self, call: Call) -> web.Response:
        """List a page of all that the caller may see."""
        given: EveryTaskFilters = call.query
        query = TaskQuery(
            visible=call.caller.projects, project=given.project, status=status_of(given.status), stage=given.stage,
            search=given.search,
        )  # fmt: skip
        found = self._listing(query, ordering(given.ordering, TASK_ORDERS))
        return await listing.page(call, found, number=given.page or "1", size=given.page_size)

    async def listed(self, call: Call) -> web.StreamResponse:
        """List those of a project."""
        given: TaskFilters = call.query
        query = TaskQuery(
            project=await self._project(call), status=status_of(given.status), stage=given.stage,
            assets=assets_of(given.available_assets), id=given.id, name=given.name, created_at=given.created_at,
            search=given.search,
        )  # fmt: skip
        found = self._listing(query, ordering(given.ordering, TASK_ORDERS))
        if given.page is None:
            return await listing.array(call, found, limit=given.limit)
        return await listing.page(call, found, number=given.page)

    async def show(self, call: Call) -> web.Response:
        """Show one."""
        return shown(await self._view(await self._named(call)))

    async def update(self, call: Call) -> web.Response:
        """Change one."""
        task = await self._named(call)
        changes = call.body.changes()
        if "project" in changes and not call.caller.sees(changes["project"]):
            raise forbidden()
        if not changes:
            return shown(await self._view(task))
        command = {"task": task.id, **changes}
        related = ("processing_node", "project")
        changed = await settle_named(self._ports.desk, "update-task", command, related=related)
        return shown(await counted(self._ports.files.albums, changed))

    async def delete(self, call: Call) -> web.Response:
        """Remove one."""
        await self._set(call, PendingAction.REMOVE)
        return web.Response(status=204)

    async def output(self, call: Call) -> web.Response:
        """Show console output."""
        task = await self._named(call)
        line, limit = call.query.bounds
        lines, count = await output_of(task, self._ports.read_output, line=line, limit=limit)
        if call.query.f == "json":
            return shown({"lines": lines, "count": count})
        text = "\n".join(lines)
        return shown(text) if call.query.f == "text" else web.Response(text=text, content_type=TEXT)

    async def _set(self, call: Call, action: PendingAction) -> None:
        task = await self._named(call)
        await settle_named(self._ports.desk, "set-pending-action", {"task": task.id, "pending_action": action.value})

    async def _project(self, call: Call) -> int:
        id_ = call.id("project")
        if not call.caller.sees(id_) or await self._ports.library.project(id_) is None:
            raise not_found()
        return id_

    async def _named(self, call: Call) -> Task:
        project, task = await self._project(call), await self._ports.library.task(call.id("task"))
        if task is None or task.project != project:
            raise not_found()
        return task

    def _listing(self, query: TaskQuery, by: Ordering) -> Listing:
        return Listing(
            count=lambda: self._ports.catalogue.count_tasks(query),
            numbers=lambda limit, offset: self._ports.catalogue.task_numbers(query, by, limit=limit, offset=offset),
            views=self._views,
        )

    async def _views(self, ids: Sequence[int]) -> Sequence[dict[str, Any]]:
        return [await self._view(task) for task in await self._ports.catalogue.tasks_numbered(ids)]

    async def _view(self, task: Task) -> dict[str, Any]:
        return await counted(self._ports.files.albums, public_task(task))
