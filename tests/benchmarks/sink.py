"""A bare node: takes uploads and throws them away, and says of every job that it runs. As a program it prints its URL.

``GET /log`` tells of each job how many files and bytes came, and the seconds between its init and its commit.
"""

import asyncio
import time
from typing import Any

import uvloop
from aiohttp import web

INFO = {
    "version": "2.2.0", "taskQueueCount": 0, "maxImages": None, "maxParallelTasks": 100_000, "engine": "odm",
    "engineVersion": "3.5.0", "totalMemory": 8e9, "availableMemory": 4e9, "cpuCores": 2,
}  # fmt: skip


class Sink:
    """What came, by job."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, float]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give what NodeODM's clients need to hand a job in, and to see it run."""
        return [
            web.get("/info", self.info),
            web.get("/options", self.options),
            web.post("/task/new/init", self.init),
            web.post("/task/new/upload/{uuid}", self.upload),
            web.post("/task/new/commit/{uuid}", self.commit),
            web.get("/task/{uuid}/info", self.job),
            web.get("/log", self.log),
        ]

    async def info(self, _: web.Request) -> web.Response:
        return web.json_response(INFO)

    async def options(self, _: web.Request) -> web.Response:
        return web.json_response([])

    async def init(self, request: web.Request) -> web.Response:
        uuid = request.headers["set-uuid"]
        self._jobs[uuid] = {"began": time.monotonic(), "files": 0, "bytes": 0}
        await request.read()
        return web.json_response({"uuid": uuid})

    async def upload(self, request: web.Request) -> web.Response:
        job = self._jobs[request.match_info["uuid"]]
        async for piece in request.content.iter_any():
            job["bytes"] += len(piece)
        job["files"] += 1
        return web.json_response({"success": True})

    async def commit(self, request: web.Request) -> web.Response:
        uuid = request.match_info["uuid"]
        self._jobs[uuid]["seconds"] = time.monotonic() - self._jobs[uuid]["began"]
        return web.json_response({"uuid": uuid})

    async def job(self, request: web.Request) -> web.Response:
        uuid = request.match_info["uuid"]
        job: dict[str, Any] = self._jobs.get(uuid, {"files": 2})
        return web.json_response(
            {
                "uuid": uuid, "name": "task", "dateCreated": 0, "processingTime": 1000, "status": {"code": 20},
                "options": [], "imagesCount": job["files"], "progress": 10,
            }
        )  # fmt: skip

    async def log(self, _: web.Request) -> web.Response:
        return web.json_response(self._jobs)


async def main() -> None:
    """Serve until told to stop."""
    application = web.Application(client_max_size=0)
    application.add_routes(Sink().routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
