"""A client of the daemon's HTTP, as careful as the documentation asks for: how it repeats what had no answer."""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from typing import Any

import aiohttp

from tests.crashes.scene import DEADLINE, Scene
from tests.integration.api.photos import form

LOST = (aiohttp.ClientError, OSError)
"""The connection was refused, or broke: nobody knows what became of the request."""

TASKS = "/projects/1/tasks/"
AWAY = 503

Files = list[tuple[str, bytes]]


class Visitor:
    """Talks to the REST API, or with ``control`` to the control socket."""

    def __init__(self, scene: Scene, *, control: bool = False) -> None:
        self._scene = scene
        self._control = control
        self._base = "http://daemon" if control else scene.daemon.health.removesuffix("/health") + "/api"

    async def once(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Ask once. Raises ``LOST``."""
        connector = aiohttp.UnixConnector(str(self._scene.control)) if self._control else None
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"{self._base}{path}", **given) as answer,
        ):
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def ask(self, method: str, path: str, *, data: Callable[[], Any] | None = None, **given: Any) -> Any:
        """Ask until there is an answer, and give that; ``data`` makes the body for each try."""

        async def tried() -> tuple[int, Any]:
            made = {} if data is None else {"data": data()}
            return await self.once(method, path, **made, **given)

        return await self._until_answered(tried)

    async def _until_answered(self, tried: Callable[[], Any]) -> Any:
        async with asyncio.timeout(DEADLINE):
            while True:
                with contextlib.suppress(*LOST):
                    answer = await tried()
                    if answer[0] != AWAY:
                        return answer
                await asyncio.sleep(0.05)

    # ------------------------------------------------------------------------------------------------------- tasks

    async def draft(self, name: str) -> int:
        """Begin a draft; whoever got no answer looks whether it is there."""
        return await self._created(name, TASKS, lambda: {"json": {"name": name, "partial": True}}, going=set())

    async def create(self, name: str, files: Files) -> int:
        """Create a task with all its images. Until it is committed it is a draft, which goes if the daemon dies."""
        return await self._created(name, TASKS, lambda: {"data": form(files, name=name)})

    async def import_(self, name: str, archive: bytes = b"", *, url: str = "") -> int:
        """Import results."""
        files, given = ([("all.zip", archive)], {}) if archive else ([], {"url": url})
        return await self._created(name, f"{TASKS}import", lambda: {"data": form(files, name=name, **given)})

    async def import_chunk(self, name: str, piece: bytes, **fields: object) -> tuple[int, dict]:
        """Import a chunk of an archive."""
        given = {key: str(value) for key, value in fields.items()}
        status, answer = await self.ask(
            "POST", f"{TASKS}import", data=lambda: form([("all.zip", piece)], name=name, **given)
        )
        return status, answer

    async def duplicate(self, name: str, task: int) -> int:
        """Duplicate a task; what is not itself and has its name is the duplicate."""
        return await self._created(name, f"{TASKS}{task}/duplicate/", dict, but={task})

    async def _created(
        self,
        name: str,
        path: str,
        body: Callable[[], dict[str, Any]],
        *,
        but: Collection[int] = (),
        going: Collection[str] = frozenset({"draft", "removing"}),
    ) -> int:
        async with asyncio.timeout(DEADLINE):
            while True:
                try:
                    status, answer = await self.once("POST", path, **body())
                except LOST:
                    if (found := await self._named(name, but=but, going=going)) is not None:
                        return found
                else:
                    assert status in {200, 201}, answer
                    return answer.get("task", answer)["id"]

    async def _named(self, name: str, *, but: Collection[int], going: Collection[str]) -> int | None:
        """Give the task of that name, once it is known whether it stays; None: there is none."""
        while True:
            _, tasks = await self.ask("GET", TASKS, params={"name": name})
            found = [task for task in tasks if task["id"] not in but]
            assert len(found) <= 1, found
            if not found:
                return None
            if found[0]["stage"] not in going:
                return found[0]["id"]
            await asyncio.sleep(0.05)

    async def upload(self, task: int, files: Files, **fields: object) -> tuple[int, dict]:
        """Give a draft files, or a chunk, until there is an answer."""
        given = {name: str(value) for name, value in fields.items()}
        status, answer = await self.ask("POST", f"{TASKS}{task}/upload/", data=lambda: form(files, **given))
        return status, answer

    async def commit(self, task: int) -> None:
        """Commit a draft, until there is an answer."""
        status, answer = await self.ask("POST", f"{TASKS}{task}/commit/")
        assert (200, False) == (status, answer["partial"]), answer
