"""Everything around the daemon, and the hand that lets things happen to it."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.storm.broker import Broker
from tests.storm.daemon import Life
from tests.storm.disk import Disk
from tests.storm.files import Cupboard
from tests.storm.invariants import Watch
from tests.storm.loop import LIFE, StormLoop
from tests.storm.node import OPTIONS, Job, Node
from tests.storm.plan import Plan, draw
from tests.storm.producer import Producer
from tests.storm.trace import Trace
from tests.storm.trouble import Trouble
from tests.storm.weather import Weather
from tests.storm.wire import never

T0 = datetime(2026, 11, 23, 12, tzinfo=UTC)


class StormClock:
    """Wall-clock time, which somebody may set."""

    def __init__(self, loop: StormLoop) -> None:
        self.shift = timedelta(0)
        self._loop = loop

    def now(self) -> datetime:
        return T0 + self.shift + timedelta(seconds=self._loop.now)


class World:
    """One storm. ``life`` is the present run of the daemon, None while it is down."""

    def __init__(self, seed: int, loop: StormLoop, *, echo: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.loop = loop
        self.plan: Plan = draw(seed)
        self.trace = Trace(loop.time, echo=echo)
        self.clock = StormClock(loop)
        self.weather = Weather(self, random.Random(f"{seed}:weather"), self.plan.rates)
        self.watch = Watch(self)
        self.disk = Disk(self)
        self.cupboard = Cupboard()
        self.broker = Broker(self)
        self.producer = Producer(self)
        self.trouble = Trouble(self)
        self.nodes = {node.url: node for node in (Node(**given) for given in self.plan.nodes)}
        self.jobs: dict[str, Job] = {}
        """Every job that was ever committed."""
        self.task_of: dict[str, int] = {}
        self.ambiguous: set[str] = set()
        """Uploads of which a file's fate is unknown to those who sent it."""
        self.life: Life | None = None
        self.lives = 0
        self.kills = 0
        self.ambushed = ""
        self._moments: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------------------------------ world's work

    def begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Do something that belongs to nobody's life."""
        token = LIFE.set(None)
        try:
            task = self.loop.create_task(work)
        finally:
            LIFE.reset(token)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def start(self) -> None:
        """Start the daemon."""
        if self.life is None:
            self.lives += 1
            self.life = Life(self, self.lives)
            self.trace.note("start", self.lives)
            self.begin(self._supervise(self.life))

    async def _supervise(self, life: Life) -> None:
        """Do as systemd does: wait for its end, and start it again."""
        task = life.begin()
        await asyncio.wait({task})
        if life.dead:
            return
        if not task.cancelled() and task.exception():
            self.watch.violated(f"the daemon ended with {task.exception()!r}")
            return
        self.life = None
        self.trace.note("ended", life.number)
        await asyncio.sleep(self.weather.seconds(0.5, 20.0))
        self.start()

    def kill(self) -> None:
        """Kill the daemon, now."""
        life = self.life
        if life is not None and not life.dead:
            self.kills += 1
            self.trace.note("kill", life.number)
            life.sever()
            self.begin(self._after(life))

    async def _after(self, life: Life) -> None:
        await life.bury()
        self.life = None
        await asyncio.sleep(self.weather.seconds(0.5, 30.0))
        self.start()

    # ---------------------------------------------------------------------------------------------- daemon's moments

    def moment(self, name: str, *, life: Life, task: int | None = None) -> bool:
        """Pass a point between two things; give whether the daemon still lives."""
        if life.dead:
            return False
        if not self.weather.calm:
            self._moments[name] += 1
            for ambush in self.plan.ambushes:
                if ambush.moment == name and ambush.nth == self._moments[name]:
                    self.trace.note("ambush", name)
                    self.trouble.happen(ambush.action, task=task)
                    self.ambushed = name
        return not life.dead

    async def crossing(self, name: str, life: Life, *, uuid: str = "", task: int | None = None) -> None:
        """Pass such a point; a dead daemon never gets beyond it."""
        self.ambushed = ""
        if not self.moment(name, life=life, task=task or self.task_of.get(uuid)):
            await never()
        if self.ambushed == name:
            await asyncio.sleep(self.weather.seconds(0.0, 0.01))  # The best moment is while it is being settled.

    async def pause(self, life: Life, seconds: float) -> None:
        """Let time go by for the daemon."""
        if not life.dead:
            await asyncio.sleep(seconds)
        if life.dead:
            await never()

    # ------------------------------------------------------------------------------------------------ nodes' effects

    def options_of(self) -> Any:
        """Give the options that every node has."""
        return OPTIONS

    def commit(self, node: Node, uuid: str) -> None:
        """Have a node take a job."""
        upload = node.uploads.get(uuid)
        if upload is not None:
            self.watch.committing(node, uuid, upload)
        seconds = self.weather.seconds(*self.plan.seconds)
        job = node.commit(uuid, self.loop.now, seconds=seconds, fails=self.weather.heads(self.plan.failing))
        self.jobs[uuid] = job

    def restarted(self, node: Node, uuid: str) -> None:
        """Have a node run a job again."""
        job = node.restart(uuid, self.loop.now)
        job.attempt = self.watch.attempt(job.task)
        job.seconds = self.weather.seconds(*self.plan.seconds)  # No two runs take the same time.

    async def end(self) -> None:
        """Leave nothing running."""
        if self.life is not None:
            life = self.life
            if not life.dead:
                life.sever()
            await life.bury()
        running = list(self._running)
        for task in running:
            if task is not asyncio.current_task():
                task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
