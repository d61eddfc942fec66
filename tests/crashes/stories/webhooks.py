"""Programs that are told of events by HTTP: one from the settings that takes all, and one that does not."""

import json
from collections.abc import Mapping

from tests.crashes.scene import Scene
from tests.crashes.story import Story, around
from tests.crashes.visitor import LOST, Visitor
from tests.integration.api.receiving import SECRET, endpoint

FLIGHTS = 4
HOOKS = "/webhooks/"


class Picky:
    """Refuses the second task's event once, the third's until it is told not to, and the fourth's always."""

    def __init__(self) -> None:
        self.forgiving = False
        self._seen: set[str] = set()

    def __call__(self, event: dict) -> int:
        first = event["id"] not in self._seen
        self._seen.add(event["id"])
        refused = {"tasks/2": first, "tasks/3": not self.forgiving, "tasks/4": True}
        return 500 if refused.get(event["subject"]) else 204


async def told_by_webhook(scene: Scene) -> object:
    """Every event comes at least once, in order while all are taken; what is refused is replayed or thrown away."""
    picky = Picky()
    told, choosy = await scene.lasting(endpoint()), await scene.lasting(endpoint(answer=picky))
    static = [{"url": told.url, "secret": SECRET}]
    scene.daemon.env["ORCHESTRATOR__WEBHOOKS__STATIC"] = json.dumps(static)
    await scene.arm()
    visitor = Visitor(scene)
    hook = await _subscribed(visitor, choosy.url)
    for number in range(FLIGHTS):
        draft = {"images": [], "partial": True, "reference": f"flight-{number}"}
        assert (await scene.send("create-task", draft))["ok"]
    shelf = f"{HOOKS}{hook}/failures/"
    numbers = await _shelved(scene, visitor, shelf, count=2)
    picky.forgiving = True
    await visitor.ask("POST", f"{shelf}{numbers[0]}/replay/")
    await scene.until(lambda: "tasks/3" in choosy.subjects, what="the replayed event")
    await visitor.ask("DELETE", f"{shelf}{numbers[1]}/")
    await _shelved(scene, visitor, shelf, count=0)
    status, changed = await visitor.ask("PATCH", f"{HOOKS}{hook}/", json={"types": ["task.removed"]})
    assert (200, ["task.removed"]) == (status, changed["types"])
    await visitor.ask("DELETE", f"{HOOKS}{hook}/")
    await scene.until(lambda: len({event["id"] for event in told.taken}) >= FLIGHTS, what="all events")
    assert list(scene.events) == list(dict.fromkeys(event["id"] for event in told.taken))
    _, left = await visitor.ask("GET", HOOKS)
    return sorted(set(choosy.subjects)), [webhook["url"] == told.url for webhook in left]


async def _subscribed(visitor: Visitor, url: str) -> int:
    """Subscribe; who got no answer looks whether the address is there."""
    while True:
        try:
            _, made = await visitor.once("POST", HOOKS, json={"url": url, "secret": SECRET})
            return made["id"]
        except LOST:
            _, hooks = await visitor.ask("GET", HOOKS)
            found = [hook["id"] for hook in hooks if hook["url"] == url]
            assert len(found) <= 1, found
            if found:
                return found[0]


async def _shelved(scene: Scene, visitor: Visitor, shelf: str, *, count: int) -> list[int]:
    """Wait until so many deliveries lie on the shelf, and give their numbers."""
    found: list[int] = []

    async def look() -> bool:
        _, failures = await visitor.ask("GET", shelf)
        found[:] = [failure["number"] for failure in failures]
        return len(found) == count

    await scene.until_looked(look, what=f"{count} on the shelf")
    return found


STORIES: Mapping[str, Story] = {
    "told by webhook": Story(
        told_by_webhook,
        (
            (*around("commit.webhooks-synced", "commit.webhook-added", "hook", "commit.webhook-progress"),),
            around("commit.failures-replayed", "commit.failures-discarded"),
            around("commit.webhook-changed", "commit.webhook-removed"),
        ),
        settings={
            "webhooks__allow_private_addresses": '["127.0.0.0/8"]',
            "webhooks__retry_delay": "0.1",
            "webhooks__max_attempts": "2",
        },
    ),
}
