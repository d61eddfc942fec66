"""Rooms as the window sees them: small fakes that remember what they were asked."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from unittest.mock import Mock

from orchestrator.api.access.desk import TokenDesk
from orchestrator.api.feed import Feed
from orchestrator.api.live import Live
from orchestrator.api.ports import ControlPorts, FilePorts, RestPorts
from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.bus.memory import MemoryBus
from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.json_text import to_json
from orchestrator.domain.adoption import Foundling
from orchestrator.domain.commands import COMMAND_NAMES
from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.domain.findings import Checkup, Finding
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Project, Stage, Task
from orchestrator.engine.adoption import Sighting, Unseen
from orchestrator.engine.ports import Catalogue, Extract, Kept, Order, OutboxEntry, Settled, TaskFilter
from tests.unit.api.gates import token_desk
from tests.unit.api.samples import FixedClock, a_task


@dataclass
class FakeLibrary:
    """Reading from lists. ``away`` is raised by every question; ``delay`` never comes to an end while set."""

    known: list[Task] = field(default_factory=list)
    projects_known: list[Project] = field(default_factory=list)
    nodes_known: list[ProcessingNode] = field(default_factory=list)
    asked: list[TaskFilter] = field(default_factory=list)
    away: Exception | None = None
    hangs: bool = False

    async def _look(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away is not None:
            raise self.away

    async def task(self, task: int | str) -> Task | None:
        await self._look()
        return next((it for it in self.known if task in (it.id, it.reference)), None)

    async def tasks(self, wanted: TaskFilter) -> tuple[Task, ...]:
        await self._look()
        self.asked.append(wanted)
        return tuple(self.known)

    async def projects(self) -> tuple[Project, ...]:
        await self._look()
        return tuple(self.projects_known)

    async def nodes(self) -> tuple[ProcessingNode, ...]:
        await self._look()
        return tuple(self.nodes_known)


@dataclass
class FakeDesk:
    """Answers every order with ``outcome``, and remembers it."""

    outcome: Task | Project | ProcessingNode | Problem = field(default_factory=a_task)
    orders: list[Order] = field(default_factory=list)
    away: Exception | None = None
    hangs: bool = False

    async def settle(self, orders: Sequence[Order]) -> list[Settled]:
        self.orders += orders
        if self.hangs:
            await asyncio.Event().wait()
        if self.away is not None:
            raise self.away
        return [self._settled(COMMAND_NAMES[type(order.command)]) for order in orders]

    def _settled(self, name: str) -> Settled:
        if isinstance(self.outcome, Problem):
            return Settled(to_json(rejected(name, self.outcome)), accepted=False)
        return Settled(to_json(accepted(name, self.outcome)), accepted=True)

    def sent(self, numbers: Sequence[int]) -> None:
        raise NotImplementedError


@dataclass
class FakeBook:
    """Replays in a list."""

    rows: list[Replay] = field(default_factory=list)

    async def begin_replay(self, replay: Replay) -> int:
        self.rows.append(replace(replay, number=len(self.rows) + 1))
        return len(self.rows)

    async def end_replay(self, number: int, *, outcome: Outcome, detail: str) -> None:
        self.rows[number - 1] = replace(self.rows[number - 1], outcome=outcome, detail=detail)

    async def replays_of(self, letters: Collection[str]) -> tuple[Replay, ...]:
        return tuple(row for row in self.rows if row.letter in letters)

    async def replays(self, *, limit: int, offset: int) -> tuple[Replay, ...]:
        return tuple(reversed(self.rows))[offset : offset + limit]


class FakeWebhooks:
    """No webhooks."""

    async def webhooks(self) -> tuple[Any, ...]:
        return ()


class FakeJournal:
    """Events by number, of which the oldest may be forgotten."""

    def __init__(self) -> None:
        self.entries: list[OutboxEntry] = []
        self.forgotten = 0
        self.read_after: list[int] = []

    def commit(self, *keys: str) -> list[OutboxEntry]:
        """Store events with these routing keys, under the next numbers."""
        number = len(self.entries) + 1
        new = [OutboxEntry(number + at, f"id-{number + at}", _subject(key), key, b"{}") for at, key in enumerate(keys)]
        self.entries += new
        return new

    async def events(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        self.read_after.append(after)
        first = max(after, self.forgotten)
        return tuple(self.entries[first : first + limit])

    async def events_of(self, keys: Collection[str], *, after: int, limit: int) -> Extract:
        wanted = [entry for entry in self.entries[max(after, self.forgotten) :] if entry.key in keys]
        kept = await self.kept()
        return Extract(
            tuple(wanted[:limit]), kept, upto=wanted[limit - 1].number if len(wanted) >= limit else kept.last
        )

    async def kept(self) -> Kept:
        return Kept(first=self.forgotten + 1, last=len(self.entries))


def _subject(routing_key: str) -> str:
    kind, number = routing_key.split(".", 1)[0], routing_key.rsplit(".", 1)[1]
    return f"{kind}s/{number}"


@dataclass
class FakeAdoption:
    """Finds what it was given, and takes back what it is told; ``renumbered`` is added to each task's number."""

    found: list[Foundling] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    asked: list[Collection[str]] = field(default_factory=list)
    renumbered: int = 0
    hangs: bool = False

    async def look(self) -> Sighting:
        if self.hangs:
            await asyncio.Event().wait()
        return Sighting(uuids={}, found=tuple(self.found), unseen=tuple(self.unseen), names={1: "node-1", 2: "node-2"})

    async def take(self, uuids: Collection[str]) -> tuple[tuple[Foundling, Task], ...]:
        self.asked.append(uuids)
        taken = [each for each in self.found if each.job.uuid in uuids]
        return tuple((each, a_task(each.job.task + self.renumbered, stage=Stage.PROCESSING)) for each in taken)


@dataclass
class FakeDoctor:
    """Finds what it was given; mends what is fixable."""

    findings: list[Finding] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    hangs: bool = False

    async def examine(self, *, fix: bool) -> Checkup:
        if self.hangs:
            await asyncio.Event().wait()
        return Checkup(tuple(replace(it, mended=fix and it.fixable) for it in self.findings), self.notes)


@dataclass
class FakeRooms:
    """All of them, and the ports that lead to them."""

    library: FakeLibrary = field(default_factory=FakeLibrary)
    desk: FakeDesk = field(default_factory=FakeDesk)
    feed: Feed = field(default_factory=Feed)
    lines: list[str] = field(default_factory=list)
    bus: MemoryBus = field(default_factory=MemoryBus)
    book: FakeBook = field(default_factory=FakeBook)
    adoption: FakeAdoption = field(default_factory=FakeAdoption)
    doctor: FakeDoctor = field(default_factory=FakeDoctor)
    tokens: TokenDesk = field(default_factory=token_desk)

    async def read_output(self, task: int, line: int, limit: int | None) -> tuple[list[str], int]:
        start = max(line, 0)
        chosen = self.lines[limit:] if limit is not None and limit < 0 else self.lines[start : start + (limit or 0)]
        return chosen, len(self.lines)

    def ports(self) -> ControlPorts:
        return ControlPorts(
            library=self.library,
            desk=self.desk,
            read_output=self.read_output,
            subscribe=self.feed.subscribe,
            dead_letters=self.dead_letters(),
            adoption=self.adoption,
            doctor=self.doctor,
            tokens=self.tokens,
        )

    def rest_ports(self) -> RestPorts:
        """Without lists and files: whole daemons show those (tests/integration/api)."""
        catalogue = cast("Catalogue", None)
        files = cast(FilePorts, Mock(spec=FilePorts))
        journal = FakeJournal()
        return RestPorts(
            library=self.library, catalogue=catalogue, desk=self.desk, read_output=self.read_output, files=files,
            journal=journal, live=Live(journal), webhooks=FakeWebhooks(), webhooks_changed=lambda: None,
        )  # fmt: skip

    def dead_letters(self) -> DeadLetters:
        """The real thing over the bus in memory: the window and the shelf are tested together."""
        return DeadLetters(self.bus, self.desk, self.book, clock=FixedClock(), max_message_bytes=2000)
