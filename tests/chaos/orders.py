"""What clients ask for meanwhile: tasks, and now and then something else to be done about one."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.fleet import Fleet

ACTIONS = ("CANCEL", "REMOVE", "RESTART")
MEDDLED_WITH = 0.3
"""Share of the tasks about which something is asked later."""
LATER = (0.0, 6.0)
"""Seconds until then, from and to."""


@dataclass
class Wishes:
    """What was accepted about one task, in order."""

    actions: list[str] = field(default_factory=list)

    @property
    def restarts(self) -> int:
        """How often it was to run anew."""
        return self.actions.count("RESTART")


@dataclass
class Orders:
    """Gives orders; ``tasks`` has what was accepted, by task."""

    fleet: Fleet
    chance: random.Random
    rate: float
    tasks: dict[int, Wishes] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)

    async def run(self, *, going_on: Callable[[], bool]) -> None:
        """Give orders while it goes on; returns when all are answered."""
        async with asyncio.TaskGroup() as group:
            number = 0
            while going_on():
                number += 1
                group.create_task(self._one(number, meddle=self.chance.random() < MEDDLED_WITH))
                await asyncio.sleep(self.chance.expovariate(self.rate))

    async def _one(self, number: int, *, meddle: bool) -> None:
        body = {"images": self.fleet.photos, "reference": f"flight-{number}", "priority": number % 10}
        answer = await self.fleet.client.send("create-task", body, message_id=f"create-{number}")
        assert answer["ok"], answer
        task = answer["task"]["id"]
        wishes = self.tasks[task] = Wishes()
        self.answers["create-task"] += 1
        while meddle:
            await asyncio.sleep(self.chance.uniform(*LATER))
            action = self.chance.choice(ACTIONS)
            message = f"{action}-{number}-{len(wishes.actions)}-{self.chance.random()}"
            said = await self.fleet.client.send(
                "set-pending-action", {"task": task, "pending_action": action}, message_id=message
            )
            self.answers[f"{action}, {'accepted' if said['ok'] else 'rejected'}"] += 1
            if said["ok"]:
                wishes.actions.append(action)
            meddle = action != "REMOVE" and self.chance.random() < MEDDLED_WITH
