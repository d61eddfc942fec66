"""What clients ask for meanwhile: tasks, and now and then something else to be done about one."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.fleet import Fleet, Json

ACTIONS = ("CANCEL", "REMOVE", "RESTART")
MEDDLED_WITH = 0.3
"""Share of the tasks about which something is asked later."""
LATER = (0.0, 6.0)
"""Seconds until then, from and to."""
MOST_AT_WORK = 60
"""Tasks on their way, at most: as many as can end in the time that is left when nothing breaks any more."""
AT_ONCE = 50
"""Commands that are asked about again at the same time."""


@dataclass
class Wishes:
    """What was accepted about one task, in order."""

    actions: list[str] = field(default_factory=list)

    @property
    def restarts(self) -> int:
        """How often it was to run anew."""
        return self.actions.count("RESTART")


@dataclass
class Command:
    """A command as it was sent, and the answer once there is one."""

    name: str
    body: Json
    answer: Json | None = None


@dataclass
class Orders:
    """Gives orders; ``tasks`` has what was accepted, by task, and ``commands`` what was sent, by message id."""

    fleet: Fleet
    chance: random.Random
    rate: float
    tasks: dict[int, Wishes] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def run(self, *, until: float) -> None:
        """Give orders until that moment (monotonic); returns when all are answered."""
        async with asyncio.TaskGroup() as group:
            number = 0
            while time.monotonic() < until:
                if len(self.tasks) - self.fleet.watcher.over() < MOST_AT_WORK:
                    number += 1
                    meddled_with = self.chance.random() < MEDDLED_WITH
                    group.create_task(self._one(number, until=until, meddled_with=meddled_with))
                await asyncio.sleep(self.chance.expovariate(self.rate))

    async def _one(self, number: int, *, until: float, meddled_with: bool) -> None:
        body = {"images": self.fleet.photos, "reference": f"flight-{number}", "priority": number % 10}
        answer = await self._send("create-task", body, message_id=f"create-{number}")
        assert answer["ok"], answer
        task = answer["task"]["id"]
        wishes = self.tasks[task] = Wishes()
        while meddled_with and time.monotonic() + (pause := self.chance.uniform(*LATER)) < until:
            await asyncio.sleep(pause)
            action = self.chance.choice(ACTIONS)
            said = await self._send(
                "set-pending-action", {"task": task, "pending_action": action},
                message_id=f"{number}-{action}-{self.chance.random()}",
            )  # fmt: skip
            self.counts[f"{action}, {'accepted' if said['ok'] else 'rejected'}"] += 1
            if said["ok"]:
                wishes.actions.append(action)
            meddled_with = action != "REMOVE" and self.chance.random() < MEDDLED_WITH

    async def _send(self, name: str, body: Json, *, message_id: str) -> Json:
        command = self.commands[message_id] = Command(name, body)
        command.answer = await self.fleet.client.send(name, body, message_id=message_id)
        return command.answer

    def unanswered(self) -> list[str]:
        """Give the message ids of the commands that nobody has answered yet."""
        return [message_id for message_id, command in self.commands.items() if command.answer is None]

    async def ask_again(self) -> list[str]:
        """Send every command once more under its message id; give those that are answered otherwise."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def again(message_id: str, command: Command) -> str | None:
            async with slots:
                answer = await self.fleet.client.send(command.name, command.body, message_id=message_id)
            return None if answer == command.answer else f"{message_id}: answered {answer} after {command.answer}"

        answered = [item for item in self.commands.items() if item[1].answer is not None]
        found = await asyncio.gather(*(again(*item) for item in answered))
        return [violation for violation in found if violation]
