"""One run: a daemon that is started again whenever it dies, and around it what outlives it (nodes, broker, client)."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar
from uuid import uuid4

from PIL import Image

from orchestrator.bus.client import BusClient
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.contract.topology import Topology
from orchestrator.crashing import AT, TRAIL
from orchestrator.domain.errors import BusError
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.crashes.nursery import Child, Nursery
from tests.daemon import Daemon
from tests.integration.bus.fakes import remove

DEADLINE = 90.0
"""Seconds for anything that a run waits for."""

QUICK = {
    "nodes__probe_interval": "0.5",
    "nodes__poll_interval": "0.2",
    "nodes__first_poll_interval": "0.1",
    "tasks__progress_interval": "0.1",
    "tasks__upload_connections": "2",
}


NOTHING: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")


class Forked(Daemon):
    """A daemon from the nursery."""

    nursery: Nursery

    async def spawn(self, **variables: str) -> Child:
        """Start it, with these variables in its environment besides its own."""
        self.log.touch()
        self._began_at = self.log.stat().st_size
        self._process = child = await self.nursery.spawn(env=self.env | variables, cwd=self.folder, log=self.log)
        return child


class Scene:
    """A run with a list of crash points: the daemon is armed with one after the other, from ``arm`` on."""

    def __init__(
        self,
        folder: Path,
        *,
        nursery: Nursery,
        amqp_url: str,
        points: list[str],
        must_die: bool = True,
        settings: Mapping[str, str] = NOTHING,
    ) -> None:
        self.folder = folder
        self.points = list(points)
        self.must_die = must_die
        self.kills: list[str] = []
        self.answers: dict[str, tuple[str, object, dict]] = {}
        self.events: dict[str, dict] = {}
        self.received = 0
        self.trail = folder / "trail"
        self.node: SimulatedNode | None = None
        self.topology = Topology(prefix=f"crash-{uuid4().hex[:12]}")
        self.amqp_url = amqp_url
        self.control = folder / "data" / "control.sock"
        self.hold: asyncio.Event | None = None
        """While it is not set, a daemon that died is not started again."""
        given = {**QUICK, "files__import_roots": f'["{folder}"]', **settings}
        self.daemon = Forked(folder, bus_url=amqp_url, prefix=self.topology.prefix, **given)
        self.daemon.nursery = nursery
        self._stack = AsyncExitStack()
        self._armed = False
        self._pushed = False
        self._closing = False
        self._process: Child | None = None
        self._ended = 0
        self._changed = asyncio.Event()
        self._loops: list[asyncio.Task] = []

    # ------------------------------------------------------------------------------------------------ begin and end

    async def __aenter__(self) -> Self:
        await self._furnish()
        self.client = await self._stack.enter_async_context(
            await BusClient.connect(self.amqp_url, topology=self.topology)
        )
        self._stream = await self._stack.enter_async_context(await self.client.events("#", replay=True))
        self._loops = [asyncio.create_task(self._read()), asyncio.create_task(self._keep())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.daemon.kill()
        await self._stack.aclose()
        await remove(self.amqp_url, self.topology.prefix)  # Hundreds of runs share the broker, and its memory.

    async def _furnish(self) -> None:
        """Have exchanges and queues there before the daemon is, so that none of its deaths takes an event from us."""
        bus = RabbitBus(self.amqp_url, topology=self.topology)
        running = asyncio.create_task(bus.run())
        await bus.until(lambda state: state.connected)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    # --------------------------------------------------------------------------------------------------- the daemon

    async def _keep(self) -> None:
        """Start the daemon again and again."""
        while True:
            point = self.points[0] if self._armed and self.points else ""
            variables = {AT: point, TRAIL: str(self.trail)} if self._armed else {}
            self._process = await self.daemon.spawn(**variables)
            self._changed.set()
            code = await self._process.wait()
            pushed, self._pushed = self._pushed, False
            if code == -signal.SIGKILL and point and not pushed:
                self.kills.append(self.points.pop(0))
                self._changed.set()
                if self.hold:
                    await self.hold.wait()
            elif code not in {0, -signal.SIGKILL, -signal.SIGTERM}:  # One just born does not listen for orders yet.
                raise AssertionError(f"the daemon ended with {code}:\n{self.daemon.log.read_text()[-4000:]}")
            self._ended += 1
            self._changed.set()

    async def arm(self, *, by: signal.Signals = signal.SIGKILL) -> None:
        """End the daemon, as a power cut would if not in order; from the next start on it dies at its points."""
        self._armed = True
        await self._end(by)

    def arm_from_the_start(self) -> None:
        """Have even the first daemon die at its points."""
        self._armed = True

    async def stop(self) -> None:
        """End the daemon in order; it is started again."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        await self.until(lambda: self._process is not None and self._process.returncode is None, what="a living daemon")
        ended = self._ended
        self._pushed = number is signal.SIGKILL
        self._process.send_signal(number)
        await self.until(lambda: self._ended > ended, what="the daemon to end")

    async def rest(self) -> None:
        """Start the daemon no more, and end it in order."""
        await self.until(self.daemon.is_ready, what="the daemon to be ready")
        self._loops[1].cancel()
        await asyncio.gather(self._loops[1], return_exceptions=True)
        code = await self.daemon.stop()
        may_die = self._armed and self.points
        assert code == 0 or (may_die and code == -signal.SIGKILL), f"the daemon stopped with {code}"

    # ------------------------------------------------------------------------------------------------------ around it

    async def _read(self) -> None:
        async for event in self._stream:
            self.received += 1
            self.events.setdefault(event["id"], event)
            self._changed.set()

    async def until(self, condition, *, what: str = "", deadline: float = DEADLINE) -> None:
        """Wait until it is so; whatever happens makes it look again."""
        try:
            async with asyncio.timeout(deadline):
                while not condition():
                    self._changed.clear()
                    for loop in self._loops:
                        if loop.done():
                            loop.result()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await self._changed.wait()
        except TimeoutError:
            told = [(event["sequence"], event["type"], event["data"].get("reason")) for event in self.events.values()]
            log = self.daemon.log.read_text()[-3000:]
            raise AssertionError(
                f"not within {deadline:g} s: {what or condition}; points left {self.points}; {told}\n{log}"
            ) from None

    async def until_looked(self, look: Callable[[], Awaitable[bool]], *, what: str) -> None:
        """Look again and again until it is so."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not await look():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not within {DEADLINE:g} s: {what}") from None

    async def lasting(self, other: AbstractAsyncContextManager[T]) -> T:
        """Open something that lives to the end of the run."""
        return await self._stack.enter_async_context(other)

    async def begin_node(self, **options: object) -> SimulatedNode:
        """Start a simulated node; it lives to the end of the run."""
        self.node = SimulatedNode(SimulatedNodeOptions(port=0, **({"seconds": 0.8} | options)))
        await self.node.start()
        self._stack.push_async_callback(self.node.stop)
        return self.node

    async def add_node(self, **options: object) -> SimulatedNode:
        """Start a node, make it known, and wait until it is online."""
        node = await self.begin_node(**options)
        await self.send("add-processing-node", {"url": node.url})
        await self.until(lambda: any(each["type"] == "processing-node.status-changed" for each in self.events.values()))
        return node

    async def send(self, name: str, body: object) -> dict:
        """Send a command under a message id of its own, and wait for its answer, however often the daemon dies."""
        key = f"{len(self.answers) + 1}-{name}"
        try:
            answer = await self.client.send(name, body, message_id=key, timeout=DEADLINE)
        except BusError as error:
            raise AssertionError(f"{error}\n{self.daemon.log.read_text()[-3000:]}") from error
        self.answers[key] = (name, body, answer)
        return answer

    def photos(self, count: int) -> list[str]:
        """Give so many photos."""
        paths = [self.folder / f"IMG_{number}.JPG" for number in range(count)]
        for path in paths:
            if not path.exists():
                Image.effect_noise((192, 128), 80).save(path, "JPEG", quality=95)
        return [str(path) for path in paths]

    async def create(self, *, images: int = 3, **fields: object) -> None:
        """Create the task."""
        answer = await self.send("create-task", {"images": self.photos(images), **fields})
        assert answer["ok"], answer

    async def act(self, action: str) -> None:
        """Ask for something to be done to the task."""
        answer = await self.send("set-pending-action", {"task": 1, "pending_action": action})
        assert answer["ok"], answer

    def of_task(self) -> list[dict]:
        """Give the task's events, in the order of their first coming."""
        return [event for event in self.events.values() if event["subject"].startswith("tasks/")]

    async def until_task(self, **fields: object) -> None:
        """Wait for an event that shows the task so."""

        def shown(event: dict) -> bool:
            return all(event["data"]["task"][name] == value for name, value in fields.items())

        await self.until(lambda: any(map(shown, self.of_task())), what=f"the task {fields}")

    def has_ended(self) -> bool:
        """Whether the task has come to rest, as far as was told."""
        return bool(self.of_task()) and self.of_task()[-1]["data"]["task"]["stage"] == "ended"

    async def until_spent(self) -> None:
        """Wait until the daemon has died at each of its points; for a while only, if it need not come past them."""
        if self.must_die:
            await self.until(lambda: not self.points, what="every point")
        else:
            with contextlib.suppress(AssertionError):
                await self.until(lambda: not self.points, deadline=3.0)
