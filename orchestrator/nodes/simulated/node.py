"""The simulated node: puts the rooms together, starts and stops them, and gives tests their levers."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from orchestrator.nodes.simulated.background import Background
from orchestrator.nodes.simulated.download import Downloads
from orchestrator.nodes.simulated.engine import Engine
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.faults import Canned, Faults
from orchestrator.nodes.simulated.front import Front
from orchestrator.nodes.simulated.job import JobView, Run
from orchestrator.nodes.simulated.listener import Listener
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.register import Register
from orchestrator.nodes.simulated.routes_create import Creation
from orchestrator.nodes.simulated.routes_node import node_routes
from orchestrator.nodes.simulated.routes_task import TaskCalls
from orchestrator.nodes.simulated.uploads import Uploads

__all__ = ["SimulatedNode"]

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


class SimulatedNode:
    """A NodeODM look-alike over real HTTP. An async context manager; `start` and `stop` are idempotent.

    After `stop` it can be started again, as a new node: only uncommitted uploads in a given data folder survive.
    """

    def __init__(self, options: SimulatedNodeOptions) -> None:
        self.options = options
        self._life: _Life | None = None
        self._changing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Accept connections.

        Raises:
            OSError: the address cannot be used.
        """
        async with self._changing:
            if self._life is None:
                life = _Life(self.options)
                try:
                    await life.listener.open()
                except BaseException:
                    await life.close()
                    raise
                self._life = life
                life.background.spawn(self._go_away_in_time(), name="simulated outage")
                life.background.spawn(self._forget_in_time(), name="simulated crash")

    async def stop(self) -> None:
        """End every run, cut every connection, remove the temporary folder."""
        async with self._changing:
            life, self._life = self._life, None
            if life is not None:
                await life.close()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._alive.listener.port

    @property
    def url(self) -> str:
        """Where to reach the node, without a slash at the end and without the token."""
        host = _WILDCARDS.get(self.options.host, self.options.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def runs(self) -> Sequence[Run]:
        """Every time the node has worked on a job, in order of start."""
        return tuple(self._alive.engine.runs)

    @property
    def jobs(self) -> Mapping[str, JobView]:
        """The committed jobs by uuid, as they are now."""
        return {job.uuid: job.view() for job in self._alive.register}

    @property
    def calls(self) -> Counter[str]:
        """How many requests have come, by endpoint."""
        return Counter(self._alive.front.calls)

    async def wait_for(self, event: str, uuid: str | None = None, *, times: int = 1, timeout: float = 10.0) -> None:
        """Return once the event has happened so many times, to this job if one is named; past events count.

        Raises:
            ValueError: there is no such event; the message lists them (they are `EventName`).
            TimeoutError: it did not happen within `timeout` seconds.
        """
        await self._alive.events.wait_for(event, uuid, times=times, timeout=timeout)

    async def go_offline(self) -> None:
        """Refuse connections and cut those there are. Jobs go on: it is the network that is away."""
        await self._alive.listener.leave()
        self._alive.events.record("offline")

    async def come_back(self) -> None:
        """Accept connections again, on the same port. With `forget` in the options, the jobs are gone."""
        life = self._alive
        if self.options.forget and not life.listener.is_open:
            await life.lose_jobs()
        await life.listener.open()
        life.events.record("online")

    async def forget(self) -> None:
        """Crash and be back at once: connections cut, committed jobs gone with their files, uploads kept."""
        await self._alive.crash()

    async def restart_gracefully(self) -> None:
        """Restart as after SIGTERM: running jobs are queued anew, ended ones lose progress, time and output."""
        life = self._alive
        life.listener.cut_connections()
        await life.register.restart_gracefully()

    def hang(self) -> None:
        """Accept connections and requests, but answer nothing; jobs go on."""
        self._alive.faults.hang()

    def unhang(self) -> None:
        """Answer again, the waiting requests first."""
        self._alive.faults.unhang()

    def fail_next(self, n: int = 1, message: str | None = None) -> None:
        """Let the next n runs fail, with this error message or the usual one."""
        self._alive.faults.fail_next(n, message)

    def set_token(self, token: str | None) -> None:
        """Ask for another token from now on, or for none."""
        self._alive.front.token = token

    def respond_with(
        self, status: int, body: str = "", *, content_type: str = "text/html", times: int = 1, path: str = "*"
    ) -> None:
        """Answer the next requests with this instead, without any effect; `path` is a glob such as `/task/*/info`."""
        self._alive.faults.respond_with(Canned(status, body, content_type, times, path))

    @property
    def _alive(self) -> "_Life":
        if self._life is None:
            raise RuntimeError("simulated node: not started")
        return self._life

    async def _go_away_in_time(self) -> None:
        if self.options.offline_after is None:
            return
        await asyncio.sleep(self.options.offline_after)
        await self.go_offline()
        if self.options.offline_for is not None:
            await asyncio.sleep(self.options.offline_for)
            await self.come_back()

    async def _forget_in_time(self) -> None:
        if self.options.forget_after is not None:
            await asyncio.sleep(self.options.forget_after)
            await self.forget()


class _Life:
    """Everything that exists between a start and the stop that follows."""

    def __init__(self, options: SimulatedNodeOptions) -> None:
        self._temporary = None if options.data is not None else Path(tempfile.mkdtemp(prefix="simulated-node-"))
        folder = options.data or self._temporary or Path()
        random = Random(options.seed)
        self.background = Background()
        self.events = EventBook()
        self.faults = Faults(options, random)
        self.engine = Engine(options, faults=self.faults, events=self.events, background=self.background)
        self.register = Register(
            options, root=folder / "jobs", engine=self.engine, events=self.events, background=self.background
        )
        creation = Creation(
            options,
            uploads=Uploads(folder / "tmp"),
            register=self.register,
            faults=self.faults,
            events=self.events,
            random=random,
            crash=self.crash,
        )
        routes = [
            *node_routes(options, self.register),
            *creation.routes(),
            *TaskCalls(self.register).routes(),
            *Downloads(options, register=self.register, events=self.events).routes(),
        ]
        self.front = Front(routes, token=options.token, faults=self.faults, events=self.events)
        self.listener = Listener(self.front.application(), host=options.host, port=options.port)

    async def crash(self) -> None:
        """Cut every connection and lose the jobs."""
        self.listener.cut_connections()
        await self.lose_jobs()

    async def lose_jobs(self) -> None:
        """Forget the committed jobs and wipe their files."""
        await self.register.crash()
        self.events.record("forgotten")

    async def close(self) -> None:
        """End it all, in the order of the flow: requests, runs, files."""
        self.listener.cut_connections()
        self.faults.unhang()
        await self.listener.close()
        self.register.pause()
        await self.background.close()
        if self._temporary is not None:
            with suppress(OSError):
                await asyncio.to_thread(shutil.rmtree, self._temporary)
