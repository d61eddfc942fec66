"""What goes wrong by chance at single calls: how often is the plan's, when is the seed's."""

import random
from collections import Counter
from typing import Any

SPOILING = frozenset(
    {"source hindered", "upload torn", "upload unanswered", "results lost", "job forgotten", "archive corrupt",
     "node fault", "answer lost", "request lost", "request late", "job hidden", "download cut", "node unreachable"}
)  # fmt: skip
"""Faults that may cost a job, and in the end the task, however well we do."""


class Weather:
    """Draws. ``rates`` gives the chance of each kind of fault, until it is ``calm``."""

    def __init__(self, world: Any, chance: random.Random, rates: dict[str, float]) -> None:
        self._world = world
        self._chance = chance
        self._rates = rates
        self.calm = False
        self.struck: Counter[str] = Counter()
        """Faults that may cost something, by job."""

    def strikes(self, kind: str, *, about: str = "", task: int | None = None) -> bool:
        """Whether it goes wrong now."""
        rate = 0.0 if self.calm else self._rates.get(kind, 0.0)
        if not rate or self._chance.random() >= rate:
            return False
        self._world.trace.fault(kind, about, task or "")
        if kind in SPOILING:
            self.harm(about)
        return True

    def harm(self, about: str) -> None:
        """Note that a job, or a node, had something happen to it."""
        self.struck[about] += 1

    def seconds(self, least: float, most: float) -> float:
        """Draw a time."""
        return least + (most - least) * self._chance.random()

    def storage_delay(self) -> float:
        """Draw how long one piece of the store's work takes."""
        if not self.calm and self._chance.random() < self._rates.get("slow disk", 0.0):
            return self.seconds(0.01, 0.5)
        return 0.0 if self.heads(0.6) else self.seconds(0.0001, 0.005)

    def heads(self, rate: float) -> bool:
        """Draw a coin that is no fault."""
        return self._chance.random() < rate

    def choose(self, among: Any) -> Any:
        """Draw one of them."""
        return self._chance.choice(among)
