"""Projects over REST: /api/projects/."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from aiohttp import web

from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest import listing
from orchestrator.api.rest.commanding import settle_named
from orchestrator.api.rest.faults import forbidden, not_found
from orchestrator.api.rest.fields import GivenName, Moment, SearchText, Tags, Text, Whole
from orchestrator.api.rest.listing import ListFilters, Listing, ordering
from orchestrator.api.rest.pages import Page
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.api.rest.task_forms import DoneView
from orchestrator.contract.view_models import ProjectView
from orchestrator.contract.views import public_project
from orchestrator.domain.access import Caller, Role
from orchestrator.domain.task import Project
from orchestrator.engine.ports import PROJECT_ORDERS, ProjectQuery

_TAG: Final = re.compile(":[^:]")


class ProjectFilters(ListFilters):
    """Which projects, and in which order."""

    id: Whole | None = None
    name: SearchText | None = None
    description: SearchText | None = None
    created_at: Moment | None = None
    search: SearchText | None = None
    """Part of the name, the description, or a task's name or reference; words such as :tag are tags that it has."""


class ProjectForm(Form):
    """A new project, or all that can be changed of one."""

    name: GivenName
    description: Text | None = None
    tags: Tags | None = None


class ProjectChange(Form):
    """Changes to a project; what is left out stays as it is."""

    name: GivenName | None = None
    description: Text | None = None
    tags: Tags | None = None


class Projects:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """Give them."""
        every, one = "/projects/", "/projects/{project}/"
        return [
            Route(
                method="GET", path=every, name="listProjects", summary="List projects.", handler=self.listed,
                query=ProjectFilters, streams=True, answers={200: list[ProjectView] | Page[ProjectView]}, faults=(404,),
            ),
            Route(
                method="GET", path=one, name="getProject", summary="Show a project.", handler=self.show,
                answers={200: ProjectView},
            ),
            Route(
                method="POST", path=every, name="createProject", summary="Create a project.",
                handler=self.create, role=Role.OPERATOR, body=ProjectForm, answers={201: ProjectView},
            ),
            Route(
                method="PUT", path=one, name="replaceProject", summary="Change a project, with its name at least.",
                handler=self.update, role=Role.OPERATOR, body=ProjectForm, answers={200: ProjectView}, faults=(409,),
            ),
            Route(
                method="PATCH", path=one, name="updateProject", summary="Change a project.", handler=self.update,
                role=Role.OPERATOR, body=ProjectChange, answers={200: ProjectView}, faults=(409,),
            ),
            Route(
                method="POST", path=f"{one}edit/", name="editProject", handler=self.edit, role=Role.OPERATOR,
                summary="Change a project, as WebODM's own pages do.", body=ProjectChange, answers={200: DoneView},
                faults=(409,),
            ),
            Route(
                method="DELETE", path=one, name="deleteProject", summary="Remove a project and all its tasks.",
                handler=self.delete, role=Role.OPERATOR, answers={204: None}, faults=(409,),
            ),
        ]  # fmt: skip

    async def listed(self, call: Call) -> web.StreamResponse:
        """List them."""
        given: ProjectFilters = call.query
        wanted = given.model_dump(exclude={"ordering", "page", "search"}) | _sought(given.search or "")
        query, by = ProjectQuery(visible=call.caller.projects, **wanted), ordering(given.ordering, PROJECT_ORDERS)
        found = Listing(
            count=lambda: self._ports.catalogue.count_projects(query),
            numbers=lambda limit, offset: self._ports.catalogue.project_numbers(query, by, limit=limit, offset=offset),
            views=partial(self._views, call.caller),
        )
        if given.page is None:
            return await listing.array(call, found)
        return await listing.page(call, found, number=given.page)

    async def show(self, call: Call) -> web.Response:
        """Show one."""
        return shown(await self._view(call))

    async def create(self, call: Call) -> web.Response:
        """Create one."""
        if call.caller.projects is not None:
            raise forbidden()  # It would not exist for the one who made it.
        made = await settle_named(self._ports.desk, "create-project", call.body.given())
        return shown({**made, "tasks": []}, status=201)

    async def update(self, call: Call) -> web.Response:
        """Change one."""
        await self._change(call)
        return shown(await self._view(call))

    async def edit(self, call: Call) -> web.Response:
        """Change one, and say no more than that."""
        await self._change(call)
        return shown({"success": True})

    async def delete(self, call: Call) -> web.Response:
        """Remove one, with its tasks."""
        project = await self._named(call)
        await settle_named(self._ports.desk, "delete-project", {"project": project.id})
        return web.Response(status=204)

    async def _change(self, call: Call) -> None:
        project = await self._named(call)
        if given := call.body.given():
            await settle_named(self._ports.desk, "update-project", {"project": project.id, **given})

    async def _named(self, call: Call) -> Project:
        id_ = call.id("project")
        found = await self._ports.library.project(id_) if call.caller.sees(id_) else None
        if found is None:
            raise not_found()
        return found

    async def _view(self, call: Call) -> dict[str, Any]:
        project = await self._named(call)
        return _shown_to(call.caller, project, await self._ports.library.task_ids(project.id))

    async def _views(self, caller: Caller, ids: Sequence[int]) -> Sequence[dict[str, Any]]:
        found = await self._ports.catalogue.projects_numbered(ids)
        return [_shown_to(caller, project, tasks) for project, tasks in found]


def _shown_to(caller: Caller, project: Project, tasks: Sequence[int]) -> dict[str, Any]:
    view = public_project(project, tasks=tasks)
    return view if caller.may(Role.OPERATOR) else view | {"permissions": ["view"]}


def _sought(text: str) -> dict[str, Any]:
    """Tell tags from the rest, as WebODM's search field does."""
    words = text.split()
    tags = tuple(dict.fromkeys(word[1:] for word in words if _TAG.match(word)))
    rest = " ".join(word for word in words if not _TAG.match(word)) if tags else text
    return {"tags": tags, "search": rest or None}
