"""Tasks and their images over HTTP: all in one request, or a draft, its files one by one or in chunks, and a commit."""

from typing import Any, Literal

from aiohttp import web

from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest.drafts import Drafts, counted
from orchestrator.api.rest.faults import broken_rule
from orchestrator.api.rest.finding import project_of, task_of
from orchestrator.api.rest.reading import read_form
from orchestrator.api.rest.receiving import Received, receive, receive_archive
from orchestrator.api.rest.route import MULTIPART, Call, Route
from orchestrator.api.rest.task_form import ChunkForm, ImportForm, TaskForm
from orchestrator.contract.view_models import TaskView, View
from orchestrator.domain.access import Role
from orchestrator.engine.ports import Chunk

AT_LEAST = 2
"""Images of a task that comes in one request, as in WebODM."""


UNNAMED = "Imported Task"
"""The name of an imported task that is given none, as in WebODM."""


class Uploaded(View):
    """Files that came in whole."""

    success: Literal[True]
    uploaded: dict[str, int]
    """Sizes in bytes by the names that the files were sent with; empty until the last chunk of a file is there."""


class PieceTaken(View):
    """A piece of an archive came in; others are to come."""

    uploaded: Literal[True]


class Duplicated(View):
    """A task with the same images as another."""

    success: Literal[True]
    task: TaskView


class Uploads:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports
        self._drafts = Drafts(ports)

    def routes(self) -> list[Route]:
        """Give them."""
        one = "/projects/{project}/tasks/{task}"
        return [
            Route(
                method="POST", path="/projects/{project}/tasks/", name="createTask",
                summary="Create a task with at least two images, or, with partial, a draft.", handler=self.create,
                role=Role.OPERATOR, body=TaskForm, streams=True, files=True, answers={201: TaskView},
                faults=(408, 409, 507),
            ),
            Route(
                method="POST", path="/projects/{project}/tasks/import", name="importTask",
                summary="Create a task of finished results: one zip file, whole or in chunks, or the url of one.",
                handler=self.import_,
                role=Role.OPERATOR, body=ImportForm, streams=True, files=True,
                answers={200: PieceTaken, 201: TaskView}, faults=(408, 409, 507),
            ),
            Route(
                method="POST", path=f"{one}/upload/", name="uploadImages",
                summary="Give a draft more images, or a chunk of one (dzuuid, dzchunkindex, dztotalchunkcount, "
                "dzchunkbyteoffset).",
                handler=self.upload, role=Role.OPERATOR, streams=True, files=True, kinds=(MULTIPART,),
                answers={200: Uploaded}, faults=(408, 409, 507),
            ),
            Route(
                method="POST", path=f"{one}/commit/", name="commitTask", summary="Commit a draft.",
                handler=self.commit, role=Role.OPERATOR, answers={200: TaskView}, faults=(400, 409, 507),
            ),
            Route(
                method="POST", path=f"{one}/duplicate/", name="duplicateTask",
                summary="Create a task with the same images and options.", handler=self.duplicate,
                role=Role.OPERATOR, streams=True, answers={200: Duplicated}, faults=(400, 409, 507),
            ),
        ]  # fmt: skip

    async def create(self, call: Call) -> web.Response:
        """Create one."""
        project = await project_of(self._ports.library, call)
        async with self._ports.files.arrivals.arriving(expected=call.request.content_length) as arrival:
            received = await receive(call.request, arrival)
            form = read_form(TaskForm, received.fields)
            if not form.partial and sum(file.image for file in received.files) < AT_LEAST:
                raise broken_rule(f"Cannot create task, you need at least {AT_LEAST} images")
            if not form.partial:
                return shown(await self._drafts.begin_whole(project.id, form, received.files), status=201)
            draft = await self._drafts.begin(project.id, form)
            if received.files:
                await self._drafts.place(draft["id"], received.files, None)
            return shown(await counted(self._ports.files.albums, draft), status=201)

    async def import_(self, call: Call) -> web.Response:
        """Create one of finished results."""
        project = await project_of(self._ports.library, call)
        async with self._ports.files.arrivals.arriving(expected=call.request.content_length) as arrival:
            received = await receive_archive(call.request, arrival)
            form = read_form(ImportForm, received.fields)
            if len(received.files) + bool(form.url) != 1:
                raise broken_rule("Cannot create task, you need to upload 1 file, or to give its url")
            view = await self._imported(project.id, form, received)
        return shown({"uploaded": True}) if view is None else shown(view, status=201)

    async def _imported(self, project: int, form: ImportForm, received: Received) -> dict[str, Any] | None:
        name, archive = form.name or UNNAMED, received.files[0] if received.files else None
        chunk = _chunk(received) if archive else None
        if archive is None or chunk is None or chunk.total == 1:
            return await self._drafts.begin_import(project, name=name, url=form.url, archive=archive)
        return await self._drafts.import_piece(project, name=name, archive=archive, chunk=chunk)

    async def upload(self, call: Call) -> web.Response:
        """Give one more images."""
        task = await task_of(self._ports.library, call)
        async with self._ports.files.arrivals.arriving(expected=call.request.content_length) as arrival:
            received = await receive(call.request, arrival)
            if not received.files:
                raise broken_rule("No files uploaded")
            uploaded = await self._drafts.place(task.id, received.files, _chunk(received))
        return shown({"success": True, "uploaded": received.as_sent(uploaded)})

    async def commit(self, call: Call) -> web.Response:
        """Commit one."""
        task = await task_of(self._ports.library, call)
        return shown(await self._drafts.commit(task.id))

    async def duplicate(self, call: Call) -> web.Response:
        """Duplicate one."""
        task = await task_of(self._ports.library, call)
        return shown({"success": True, "task": await self._drafts.duplicate(task)})


def _chunk(received: Received) -> Chunk | None:
    """Say which piece of a file came, if it is one."""
    if not received.fields.keys() & {"dzuuid", "dzchunkindex"}:
        return None
    form = read_form(ChunkForm, received.fields)
    if len(received.files) > 1:
        raise broken_rule("A request brings one chunk of one file")
    return Chunk(
        upload=form.dzuuid, index=form.dzchunkindex, total=form.dztotalchunkcount, offset=form.dzchunkbyteoffset
    )
