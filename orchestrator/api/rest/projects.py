"""Projects over REST: /api/projects/."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from orchestrator.api.ports import RestPorts
from orchestrator.api.rest.application import shown
from orchestrator.api.rest.commanding import settle_named
from orchestrator.api.rest.faults import not_found
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.contract.fields import MAX_DESCRIPTION, MAX_TEXT
from orchestrator.contract.view_models import ProjectView
from orchestrator.contract.views import public_project
from orchestrator.domain.access import Role
from orchestrator.domain.task import Project

_Name = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
_Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]


class ProjectForm(Form):
    """A new project."""

    name: _Name
    description: _Description = ""


class ProjectChange(Form):
    """Changes to a project; what is left out stays as it is."""

    name: _Name | None = None
    description: _Description | None = None


class Projects:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """Give them."""
        one = "/projects/{project}/"
        return [
            Route(
                method="GET", path=one, name="getProject", summary="Show a project.", handler=self.show,
                answers={200: ProjectView},
            ),
            Route(
                method="POST", path="/projects/", name="createProject", summary="Create a project.",
                handler=self.create, role=Role.OPERATOR, body=ProjectForm, answers={201: ProjectView},
            ),
            Route(
                method="PATCH", path=one, name="updateProject", summary="Change a project.", handler=self.update,
                role=Role.OPERATOR, body=ProjectChange, answers={200: ProjectView}, faults=(409,),
            ),
            Route(
                method="DELETE", path=one, name="deleteProject", summary="Remove a project and all its tasks.",
                handler=self.delete, role=Role.OPERATOR, answers={204: None}, faults=(409,),
            ),
        ]  # fmt: skip

    async def show(self, call: Call) -> web.Response:
        """Show one."""
        return shown(await self._view(await self._named(call)))

    async def create(self, call: Call) -> web.Response:
        """Create one."""
        return shown(await settle_named(self._ports.desk, "create-project", call.body.model_dump()), status=201)

    async def update(self, call: Call) -> web.Response:
        """Change one."""
        project = await self._named(call)
        given = {name: value for name, value in call.body.model_dump().items() if value is not None}
        if given:
            await settle_named(self._ports.desk, "update-project", {"project": project.id, **given})
        return shown(await self._view(await self._named(call)))

    async def delete(self, call: Call) -> web.Response:
        """Remove one, with its tasks."""
        project = await self._named(call)
        await settle_named(self._ports.desk, "delete-project", {"project": project.id})
        return web.Response(status=204)

    async def _named(self, call: Call) -> Project:
        id_ = call.id("project")
        found = await self._ports.library.project(id_) if call.caller.sees(id_) else None
        if found is None:
            raise not_found()
        return found

    async def _view(self, project: Project) -> dict[str, Any]:
        return public_project(project, tasks=await self._ports.library.task_ids(project.id))
