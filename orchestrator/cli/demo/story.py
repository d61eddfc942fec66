"""The story: what the producer asks for, what befalls the nodes, and when. It acts on what events have told."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.reading import Json, state_of
from orchestrator.cli.demo.stage import Stage

WORDS_OF_FAILURE: Final = "Too few features match: do the images overlap?"
BREATH: Final = 1.0
"""Seconds in which a viewer can see what has happened before the next thing does."""

OTHERS: Final[tuple[tuple[str, Json], ...]] = (
    ("Dam", {"priority": 9, "options": {"fast-orthophoto": True}}),
    ("Vineyard", {"priority": 7, "options": {"dsm": True, "dtm": True}}),
    ("Barley", {"priority": 4, "resize_to": 320, "tags": ["weekly"]}),
    ("Orchard", {"priority": 6, "options": {"orthophoto-resolution": 2.5, "pc-quality": "high"}}),
    ("Harbour", {"priority": 1}),
)
"""Barley comes before Orchard, which overtakes it."""


class CommandRefused(Exception):
    """The daemon did not take a command of the story."""


class Story:
    """Plays it once. ``say`` is told each turn of it in a sentence."""

    def __init__(self, stage: Stage, follower: Follower, *, photos: Sequence[Path], say: Callable[[str], None]) -> None:
        self._stage = stage
        self._follower = follower
        self._images = [str(path) for path in photos]
        self._say = say
        self.tasks: dict[str, int] = {}
        self.left_behind = ""
        """Uuid of the job that stayed on the node that went away."""
        self.lost_node = ""

    async def play(self) -> None:
        """Tell it to its end."""
        await self._add_nodes()
        await self._send_tasks()
        await self._seen("Quarry", "FAILED")
        self._say("Quarry failed on its node. Harbour was a mistake: REMOVE.")
        await self._act("Harbour", "REMOVE")
        await self._seen("Orchard", "RUNNING")
        await self._cancel_and_restart()
        await self._lose_a_node()
        self._say("Two tasks are in their second attempt; now to the end.")
        await self._follower.until(self._all_ended, what="every task to end")
        self._say("Every task has ended as it was meant to.")

    def task(self, name: str) -> Json:
        """Give a task as events have told of it."""
        return self._follower.tasks.get(self.tasks.get(name, 0), {})

    async def _add_nodes(self) -> None:
        self._say("Two nodes are made known: north takes two jobs at once, south one.")
        for name, node in self._stage.nodes.items():
            await self._send("add-processing-node", {"url": node.url, "label": name})
        nodes = self._follower.nodes
        await self._follower.until(
            lambda: sum(node["online"] for node in nodes.values()) == len(self._stage.nodes),
            what="the processing nodes to be online",
        )

    async def _send_tasks(self) -> None:
        south = next(node["id"] for node in self._follower.nodes.values() if node["label"] == "south")
        self._stage.nodes["south"].fail_next(message=WORDS_OF_FAILURE)
        self._say("Six tasks are sent: Quarry for south, then five for any node.")
        await self._create("Quarry", {"processing_node": south})
        await self._stage.nodes["south"].wait_for("started")
        for name, wishes in OTHERS:
            await self._create(name, wishes)

    async def _cancel_and_restart(self) -> None:
        self._say("Vineyard has the wrong options: CANCEL, in the midst of processing.")
        await self._act("Vineyard", "CANCEL")
        await self._seen("Vineyard", "CANCELED")
        await asyncio.sleep(BREATH)
        self._say("Vineyard gets the right options, and RESTART.")
        await self._send("update-task", {"reference": _reference("Vineyard"), "options": {"dsm": True, "cog": True}})
        await self._act("Vineyard", "RESTART")
        await self._seen("Vineyard", "waiting")
        await asyncio.sleep(BREATH)

    async def _lose_a_node(self) -> None:
        orchard = self.task("Orchard")
        self.lost_node, self.left_behind = orchard["processing_node_name"], orchard["uuid"]
        node = self._stage.nodes[self.lost_node]
        self._say(f"The network of {self.lost_node} goes down while it works on Orchard.")
        await node.go_offline()
        attempt = orchard["attempt"]
        await self._follower.until(
            lambda: self.task("Orchard")["attempt"] > attempt, what=f"Orchard to leave {self.lost_node}"
        )
        self._say(f"{self.lost_node} stays away, so Orchard goes elsewhere once there is room.")
        await self._seen("Orchard", "RUNNING")
        self._say(f"{self.lost_node} is back, and has to drop the job that it still holds.")
        await node.come_back()
        await node.wait_for("removed", self.left_behind, timeout=20.0)

    async def _create(self, name: str, wishes: Json) -> None:
        body = {"name": name, "reference": _reference(name), "images": self._images, **wishes}
        answer = await self._send("create-task", body)
        self.tasks[name] = answer["task"]["id"]

    async def _act(self, name: str, action: str) -> None:
        await self._send("set-pending-action", {"reference": _reference(name), "pending_action": action})

    async def _send(self, command: str, body: dict[str, Any]) -> Json:
        answer = await self._stage.client.send(command, body, message_id=uuid4().hex)
        if not answer["ok"]:
            raise CommandRefused(f"{command} was refused: {answer['error']['detail']}")
        return answer

    async def _seen(self, name: str, state: str) -> None:
        def is_there() -> bool:
            task = self.task(name)
            return bool(task) and state_of(task) == state

        await self._follower.until(is_there, what=f"{name} to be {state}")

    def _all_ended(self) -> bool:
        return all(self.task(name).get("stage") in {"ended", "removed"} for name in self.tasks)


def _reference(name: str) -> str:
    """The producer's own key, by which commands name the task."""
    return f"survey-7/{name.lower()}"
