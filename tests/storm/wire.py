"""The way to a node: latency, lost requests, lost answers, late effects, and the errors that the port promises."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeError,
    NodeFault,
    NodeUnauthorized,
    NodeUnreachable,
    StorageFailed,
    UploadUncertain,
)
from tests.storm.files import Archive
from tests.storm.node import Node

DEADLINE = 30.0
"""Seconds after which the client gives an answer up."""

LATE = 15.0
"""Seconds within which a request takes effect of which nothing is heard: a cluster may take as long."""

OURS = re.compile(r"\[orchestrator (\d+)\.(\d+)\]$")


class Wire:
    """Implements ``NodeClient`` for one run of the daemon and one node."""

    def __init__(self, world: Any, life: Any, node: Node, token: str) -> None:
        self._world = world
        self._life = life
        self._node = node
        self._token = token

    # -------------------------------------------------------------------------------------------------------- calls

    async def info(self):
        return await self._call("info", "", self._node.info)

    async def options(self):
        return await self._call("options", "", self._world.options_of)

    async def begin(self, uuid, *, name, options):
        found = OURS.search(name)
        assert found, name
        task, attempt = int(found[1]), int(found[2])
        self._world.task_of[uuid] = task
        await self._call("begin", uuid, lambda: self._node.begin(uuid, task=task, attempt=attempt))

    async def commit(self, uuid):
        await self._call("commit", uuid, lambda: self._world.commit(self._node, uuid))

    async def job(self, uuid, *, from_line=None):
        return await self._call("job", uuid, lambda: self._node.job(uuid, from_line, self._world.loop.now))

    async def cancel(self, uuid):
        await self._call("cancel", uuid, lambda: self._node.cancel(uuid, self._world.loop.now))

    async def remove(self, uuid):
        await self._call("remove", uuid, lambda: self._node.remove(uuid, self._world.loop.now))

    async def restart(self, uuid, *, options):
        await self._call("restart", uuid, lambda: self._world.restarted(self._node, uuid))

    # ----------------------------------------------------------------------------------------------------- one call

    async def _call(self, verb: str, uuid: str, effect: Callable[[], Any]) -> Any:
        world, weather = self._world, self._world.weather
        await world.crossing(f"node.{verb}.before", self._life, uuid=uuid)
        await self._reach(uuid)
        if weather.strikes("node fault", about=uuid):
            raise NodeFault("The node answered 503: nothing")
        if weather.strikes("request lost", about=uuid):
            await world.pause(self._life, weather.seconds(0.1, DEADLINE))
            raise NodeFault("The node closed the connection without an answer.")
        if weather.strikes("request late", about=uuid):
            world.loop.call_later(weather.seconds(0.0, LATE), self._late, verb, effect)
            await world.pause(self._life, weather.seconds(0.1, LATE))
            raise NodeFault("The node closed the connection without an answer.")
        result = self._take_effect(verb, uuid, effect)
        await world.crossing(f"node.{verb}.after", self._life, uuid=uuid)
        if weather.strikes("answer lost", about=uuid) or not self._node.reachable:
            await world.pause(self._life, weather.seconds(0.0, DEADLINE))
            raise NodeFault("The node closed the connection without an answer.")
        slow = weather.seconds(2.0, DEADLINE - 1) if weather.strikes("slow answer") else weather.seconds(0.001, 0.02)
        await world.pause(self._life, slow)
        if isinstance(result, NodeError):
            raise result
        return result

    async def _reach(self, uuid: str) -> None:
        """Connect, be let in; whoever hangs up on the way may have been heard all the same."""
        await self._world.pause(self._life, self._world.weather.seconds(0.001, 0.02))
        if not self._node.reachable or self._world.weather.strikes("node unreachable", about=uuid):
            self._world.weather.harm(self._node.name)
            await self._world.pause(self._life, self._world.weather.choose((0.0, 5.0)))
            raise NodeUnreachable("No connection: connection refused")
        if self._token != self._node.token:
            raise NodeUnauthorized("The node does not take our token.")

    def _take_effect(self, verb: str, uuid: str, effect: Callable[[], Any]) -> Any:
        """Do it, or give what the node says against it."""
        self._node.advance(self._world.loop.now)
        try:
            result = effect()
        except NodeError as error:
            result = error
        if verb not in {"info", "options"}:
            self._world.trace.note(self._node.name, verb, uuid[:8], repr(result)[:120])
        return result

    def _late(self, verb: str, effect: Callable[[], Any]) -> None:
        if self._node.reachable:
            self._take_effect(f"late {verb}", "", effect)

    # ------------------------------------------------------------------------------------------------------- transfers

    async def upload(self, uuid, file, *, sent):
        world, weather = self._world, self._world.weather
        await world.crossing("node.upload.before", self._life, uuid=uuid)
        await self._reach(uuid)
        if weather.strikes("node fault", about=uuid):
            raise NodeFault("The node answered 503: nothing")
        await self._send(uuid, file, sent)
        stored = self._take_effect("upload", uuid, lambda: self._node.upload(uuid, file.name, whole=True))
        await world.crossing("node.upload.after", self._life, uuid=uuid)
        if weather.strikes("upload unanswered", about=uuid) or not self._node.reachable:
            world.ambiguous.add(uuid)
            await world.pause(self._life, weather.seconds(0.0, 60.0))
            raise UploadUncertain(f"What became of {file.name} on the node is unknown")
        await world.pause(self._life, weather.seconds(0.001, 0.02))
        if isinstance(stored, NodeError):
            raise stored

    async def _send(self, uuid: str, file: Any, sent: Callable[[int], None]) -> None:
        """Put the bytes on the wire; a transfer that is cut, by whomever, leaves half of the file there."""
        world, weather = self._world, self._world.weather
        whole = False
        try:
            await world.pause(self._life, weather.seconds(0.05, 6.0) / 2)
            sent(file.size // 2)
            await world.crossing("node.upload.midway", self._life, uuid=uuid)
            if weather.strikes("upload torn", about=uuid) or not self._node.reachable:
                raise UploadUncertain(f"What became of {file.name} on the node is unknown: cut")
            await world.pause(self._life, weather.seconds(0.05, 3.0))
            whole = True
        finally:
            if not whole:
                world.ambiguous.add(uuid)
                if self._node.reachable:
                    self._take_effect("half", uuid, lambda: self._node.upload(uuid, file.name, whole=False))
        sent(file.size - file.size // 2)

    async def download(self, uuid, target, *, received):
        world, weather = self._world, self._world.weather
        await world.crossing("node.download.before", self._life, uuid=uuid)
        await self._reach(uuid)
        job = self._take_effect("download", uuid, lambda: self._node.archive(uuid))
        if isinstance(job, (JobNotFound, AssetNotReady)):
            raise job
        received(0, 100)
        await world.pause(self._life, weather.seconds(0.1, 8.0))
        received(50, 100)
        await world.crossing("node.download.midway", self._life, uuid=uuid)
        if weather.strikes("download cut", about=uuid) or not self._node.reachable:
            raise NodeFault("The node cut its answer short.")
        await world.pause(self._life, weather.seconds(0.1, 8.0))
        if world.disk.full:
            raise StorageFailed("Writing the archive failed: the disk is full")
        sound = not weather.strikes("archive corrupt", about=uuid)
        self._life.shelves.fetched(target, Archive(uuid, job.run, sound))
        received(100, 100)
        await world.crossing("node.download.after", self._life, uuid=uuid)


class Wires:
    """Implements ``NodeClients``."""

    def __init__(self, world: Any, life: Any) -> None:
        self._world = world
        self._life = life

    def client(self, node):
        return Wire(self._world, self._life, self._world.nodes[node.url], node.token)


async def never() -> None:
    """What a dead daemon waits for."""
    await asyncio.get_running_loop().create_future()
