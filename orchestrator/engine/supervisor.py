"""The supervisor: looks at every processing node again and again, in a loop of its own for each.

No other work delays a look, and a look that fails says something about the node, not about its tasks.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from orchestrator.domain.errors import NodeError, NodeUnauthorized, StoreError
from orchestrator.domain.node import Health, ProcessingNode
from orchestrator.domain.supervision import Barred, Observation, Seen, Unseen, observe
from orchestrator.engine.changes import Changes
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.stimuli import NodeReport
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

OPTIONS_AFTER = timedelta(hours=1)
"""How old the list of a node's options may be."""

SPACE = 0.5
"""Seconds between two looks at least, however many ask."""

WRITTEN_AFTER = timedelta(minutes=1)
"""How far ``last_refreshed`` in the store may lag behind: an idle daemon writes seldom."""


@dataclass(slots=True)
class _Look:
    """One node being looked at."""

    address: tuple[str, str]
    now: asyncio.Event = field(default_factory=asyncio.Event)
    options_due: float = 0.0
    written: datetime | None = None
    """The ``last_refreshed`` that is stored."""
    answered: datetime | None = None
    """When the node answered last, whether that could be stored or not."""


@dataclass(slots=True)
class Supervisor:
    """Keeps the board's nodes fresh and tells the turn what matters."""

    shop: Workshop
    conductor: Conductor
    _looks: dict[int, _Look] = field(default_factory=dict)
    _going: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    _leaving: "set[asyncio.Task[None]]" = field(default_factory=set)
    _stopping: bool = False

    def start(self) -> None:
        """Look at every node that is on the board."""
        self._stopping = False
        for node in self.shop.board.nodes():
            self.begin(node)

    def on_commit(self, changes: Changes) -> None:
        """Begin to look at new nodes, look again at changed ones, forget the others (a listener of the turn)."""
        for id_ in changes.gone_nodes:
            if self._looks.pop(id_, None):
                handle = self._going.pop(id_)
                handle.cancel()
                self._leaving.add(handle)
                handle.add_done_callback(self._leaving.discard)
        for node in changes.nodes.values():
            known = self._looks.get(node.id)
            if known is None:
                self.begin(node)
                continue
            known.written = node.last_refreshed
            if known.address != _address(node):
                known.address, known.options_due = _address(node), 0.0
                known.now.set()

    def begin(self, node: ProcessingNode) -> None:
        """Look at a node from now on."""
        if not self._stopping and node.id not in self._looks:
            look = self._looks[node.id] = _Look(_address(node), written=node.last_refreshed)
            self._going[node.id] = asyncio.create_task(self._live(node.id, look), name=f"probe-{node.id}")

    def look_now(self, node: int | None) -> None:
        """Look at a node without waiting for its time."""
        look = self._looks.get(node or 0)
        if look:
            look.now.set()

    async def stop(self) -> None:
        """Stop looking."""
        self._stopping = True
        handles = self._leaving | set(self._going.values())
        for handle in handles:
            handle.cancel()
        if handles:
            await asyncio.wait(handles)
        self._going.clear()
        self._looks.clear()

    # ---------------------------------------------------------------------------------------------------- one node

    async def _live(self, id_: int, look: _Look) -> None:
        while True:
            node = self.shop.board.get(id_)
            if node is None:
                return
            try:
                observation = await self._look(node, look)
                if isinstance(observation, Unseen):
                    observation = replace(observation, answered=look.answered)
                else:
                    look.answered = self.shop.clock.now()
                current = self.shop.board.get(id_)
                if current and _address(current) == _address(node):
                    await self._note(current, observation, look)
            except StoreError:
                pass  # The turn has logged it; the next look tells the same again.
            except Exception:
                log.exception("supervisor.failed", node=id_)
            await self._pause(node, look)

    async def _pause(self, node: ProcessingNode, look: _Look) -> None:
        interval = self.shop.timing.probe_interval * (0.9 + 0.2 * self.shop.chance.random())
        if node.health is Health.UNKNOWN:
            interval = min(interval, 1.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(interval):
                await asyncio.sleep(SPACE)  # Many may ask at once: one look answers them all.
                await look.now.wait()
        look.now.clear()

    async def _look(self, node: ProcessingNode, look: _Look) -> Observation:
        client = self.shop.board.client(node)
        try:
            info = await client.info()
            options = None
            if not node.options or self.shop.elapsed() >= look.options_due or self._is_new(node, info):
                options = await client.options()
                look.options_due = self.shop.elapsed() + OPTIONS_AFTER.total_seconds()
        except NodeUnauthorized as error:
            return Barred(str(error))
        except NodeError as error:
            return Unseen(str(error))
        return Seen(info=info, options=options)

    def _is_new(self, node: ProcessingNode, info: object) -> bool:
        engine = ("engine", "engine_version", "api_version")
        return any(getattr(node.info, name, None) != getattr(info, name) for name in engine)

    async def _note(self, node: ProcessingNode, observation: Observation, look: _Look) -> None:
        """Put what was seen on the board; what others must know, or must outlive us, goes through the turn."""
        if isinstance(observation, Seen):
            ours = self.conductor.jobs_by_node(known_there=True)[node.id] + self.shop.board.elsewhere.get(node.id, 0)
            self.shop.board.foreign[node.id] = max(0, observation.info.queue_count - ours)
        offline_after = self.shop.timing.offline_after_delta
        after, _ = observe(node, observation, now=self.shop.clock.now(), offline_after=offline_after)
        if _matters(node, after, written=look.written):
            if after.health is not node.health:
                level = log.warning if after.health is not Health.ONLINE else log.info
                level("node.health_changed", node=node.id, name=node.name, health=after.health, reason=after.problem)
            await self.shop.turn.observe_node(NodeReport(node.id, observation))
        else:
            self.shop.board.put(after)
        self.conductor.placing_wanted.set()


def _address(node: ProcessingNode) -> tuple[str, str]:
    return node.url, node.token


def _matters(before: ProcessingNode, after: ProcessingNode, *, written: datetime | None) -> bool:
    """Whether the difference is worth a write: all but a slightly newer time of the same news."""
    if written is None or (after.last_refreshed is not None and after.last_refreshed - written >= WRITTEN_AFTER):
        return before != after
    return replace(before, last_refreshed=None) != replace(after, last_refreshed=None)
