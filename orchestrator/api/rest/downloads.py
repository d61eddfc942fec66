"""Results over HTTP: WebODM's assets as attachments, and raw files of the results, shown where they are; and images."""

import re
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest.faults import Fault, detail, not_found
from orchestrator.api.rest.fields import NUMBER, SearchText
from orchestrator.api.rest.finding import task_of
from orchestrator.api.rest.listing import Filters
from orchestrator.api.rest.media import headers_for
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.api.rest.sending import send
from orchestrator.contract.view_models import View
from orchestrator.domain.task import Task

ANY_FILE: Final = "application/octet-stream"
JPEG: Final = "image/jpeg"

_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
_OTHER = re.compile(r"[^A-Za-z0-9._ ()+-]")
_LONGEST: Final = 80


class Saving(Form):
    """How a browser saves an asset."""

    filename: SearchText | None = None
    """Under this name; by default that of the task and the asset."""
    inline: SearchText | None = None
    """Given, whatever its value: it is shown rather than saved."""


class Thumbnail(Filters):
    """How small, and how good."""

    size: Annotated[int, Field(ge=1), NUMBER] = 512
    """Pixels of the longest side; never more than the image has, nor than 2048."""
    quality: Annotated[int, Field(ge=0, le=100), NUMBER] = 75
    """That of a JPEG."""


class ImageView(View):
    """One of the files that a task was given over HTTP."""

    name: str
    size: int
    """Bytes."""


class Downloads:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """Give them; HEAD as well, by which readers of maps look before they fetch ranges."""
        one = "/projects/{project}/tasks/{task}"
        answers = {200: ANY_FILE, 206: ANY_FILE, 304: None}
        return [
            route
            for method in ("GET", "HEAD")
            for route in (
                Route(
                    method=method, path=one + "/download/{asset}", name=f"{method.lower()}Asset",
                    summary="Download one of the assets; those that are folders come as a zip.", handler=self.download,
                    query=Saving, streams=True, answers=answers, faults=(416, 507),
                ),
                Route(
                    method=method, path=one + "/assets/{path:.+}", name=f"{method.lower()}File",
                    summary="Show a file of the results.", handler=self.show, streams=True, answers=answers,
                    faults=(416, 507),
                ),
                Route(
                    method=method, path=one + "/images/download/{image}", name=f"{method.lower()}Image",
                    summary="Download one of the images that came in over HTTP.", handler=self.image, streams=True,
                    answers=answers, faults=(416, 507),
                ),
            )
        ] + [
            Route(
                method="GET", path=one + "/images/", name="listImages",
                summary="List the images that came in over HTTP.", handler=self.images,
                answers={200: list[ImageView]}, faults=(507,),
            ),
            Route(
                method="GET", path=one + "/images/thumbnail/{image}", name="getThumbnail",
                summary="Show one of the images that came in over HTTP, small.", handler=self.thumbnail,
                query=Thumbnail, answers={200: JPEG}, faults=(507,),
            )
        ]  # fmt: skip

    async def download(self, call: Call) -> web.StreamResponse:
        """Send an asset."""
        task = await task_of(self._ports.library, call)
        asset = call.request.match_info["asset"]
        download = await self._ports.files.results.asset(task.id, asset)
        if download is None:
            raise _absent()
        return await send(call.request, download, headers_for(asset) | _disposition(call.query, task, asset))

    async def images(self, call: Call) -> web.Response:
        """List them, and what goes along with them."""
        task = await task_of(self._ports.library, call)
        sizes = await self._ports.files.albums.sizes(task.id)
        return shown([{"name": name, "size": size} for name, size in sizes.items()])

    async def image(self, call: Call) -> web.StreamResponse:
        """Send an image."""
        task = await task_of(self._ports.library, call)
        name = call.request.match_info["image"]
        download = await self._ports.files.results.image(task.id, name)
        if download is None:
            raise not_found()
        return await send(call.request, download, headers_for(name) | _named("attachment", name))

    async def thumbnail(self, call: Call) -> web.Response:
        """Show an image, small."""
        task, asked = await task_of(self._ports.library, call), call.query
        found = await self._ports.files.results.thumbnail(
            task.id, call.request.match_info["image"], longest=asked.size, quality=asked.quality
        )
        if found is None:
            raise not_found()
        return web.Response(body=found, content_type=JPEG, headers={"Content-Disposition": "inline"})

    async def show(self, call: Call) -> web.StreamResponse:
        """Send a file."""
        task = await task_of(self._ports.library, call)
        path = call.request.match_info["path"]
        download = await self._ports.files.results.file(task.id, path)
        if download is None:
            raise _absent()
        return await send(call.request, download, headers_for(path) | {"Content-Disposition": "inline"})


def _disposition(asked: Saving, task: Task, asset: str) -> dict[str, str]:
    kind = "attachment" if asked.inline is None else "inline"
    name = re.split(r"[/\\]", asked.filename)[-1] if asked.filename else _file_name(task, asset)
    return _named(kind, name)


def _named(kind: str, name: str) -> dict[str, str]:
    return {"Content-Disposition": f'{kind}; filename="{_OTHER.sub("_", name)}"'}


def _absent() -> Fault:
    return detail(404, "Asset does not exist")


def _file_name(task: Task, asset: str) -> str:
    """Name a download so that those of several tasks can lie in one folder."""
    name = _PLAIN.sub("-", task.name).strip("-")[:_LONGEST]
    return f"{name or f'task-{task.id}'}-{asset}"
