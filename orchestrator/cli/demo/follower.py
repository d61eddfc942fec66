"""The subscriber: follows every event, counts along, and lets the story wait for what it wants to see."""

import asyncio
from collections import deque
from collections.abc import Callable

from orchestrator.bus.port import Subscription
from orchestrator.cli.demo.reading import Entry, Json, entry_of, task_of

KEPT = 50
"""Lines of the event log that are kept for the display."""


class Follower:
    """Knows of tasks and nodes what events have told, and nothing else."""

    def __init__(self, told: Callable[[Entry], None]) -> None:
        self.tasks: dict[int, Json] = {}
        self.nodes: dict[int, Json] = {}
        self.log: deque[Entry] = deque(maxlen=KEPT)
        self.notes: dict[int, str] = {}
        """Why a task's present attempt was begun, if it is not the first."""
        self.seen = 0
        self.progress = 0
        self.gaps: list[str] = []
        self.waiting_for = ""
        self._told = told
        self._sequences: dict[str, int] = {}
        self._ids: set[str] = set()
        self._news = asyncio.Event()

    @property
    def subjects(self) -> int:
        """How many tasks and nodes there was news of."""
        return len(self._sequences)

    async def follow(self, events: Subscription) -> None:
        """Read until the events end. Raises ``BusError`` when the bus is gone."""
        async for event in events:
            self.see(event)

    def see(self, event: Json) -> None:
        """Take an event; one that was seen before changes nothing, for delivery is at least once."""
        if event["id"] in self._ids:
            return
        self._ids.add(event["id"])
        self._count(event)
        before = None
        if "task" in event["data"]:
            task = task_of(event)
            before = self.tasks.get(task["id"])
            if before and before["attempt"] != task["attempt"]:
                self.notes[task["id"]] = event["data"]["reason"]
            self.tasks[task["id"]] = task
        else:
            node = event["data"]["processing_node"]
            self.nodes[node["id"]] = node
        self._tell(entry_of(event, before))

    async def until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Wait until events have made something true; ``what`` is told if it never comes."""
        self.waiting_for = what
        while not condition():
            self._news.clear()
            await self._news.wait()
        self.waiting_for = ""

    def _count(self, event: Json) -> None:
        subject, sequence = event["subject"], event["sequence"]
        wanted = self._sequences.get(subject, 0) + 1
        if sequence != wanted:
            self.gaps.append(f"{subject}: event {sequence} came in place of {wanted}")
        self._sequences[subject] = sequence
        self.seen += 1

    def _tell(self, entry: Entry) -> None:
        if entry.is_progress:
            self.progress += 1
        else:
            self.log.append(entry)
        self._told(entry)
        self._news.set()
