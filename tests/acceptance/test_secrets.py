"""Passwords and tokens go in and never come out: not in logs, answers, events, metrics, or the command line's words."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.acceptance.command_line import Ended
from tests.acceptance.service import Service, service
from tests.acceptance.test_bad_nodes import HTML, answering, http
from tests.daemon import free_port

pytestmark = pytest.mark.timeout(120)

WORD = "canary"
TOKEN = f"{WORD}/ä&%=1"
"""Whatever becomes of the rest in quoting, the word stays."""


class Ears:
    """Everything that was heard, by where."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets
        self.heard: dict[str, str] = {}

    def hear(self, where: str, what: object) -> None:
        self.heard[where] = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)

    def shell(self, where: str, ended: Ended) -> None:
        self.hear(where, f"{ended.stdout}\n{ended.stderr}")

    @property
    def told(self) -> list[str]:
        """Name the places where a secret was told."""
        return [where for where, what in self.heard.items() if any(secret in what for secret in self._secrets)]


@asynccontextmanager
async def stage(amqp_url: str, postgres_url: str) -> AsyncIterator[Service]:
    """Run a service on PostgreSQL that tells as much as it can."""
    async with service(amqp_url, log__level="debug") as running:
        await running.daemon.stop()
        running.daemon.env["ORCHESTRATOR__STORE__URL"] = postgres_url
        static = [{"url": f"http://127.0.0.1:{free_port()}", "token": TOKEN, "label": "static"}]
        running.daemon.env["ORCHESTRATOR__NODES__STATIC"] = json.dumps(static)
        assert 0 == (await running.shell("migrate")).code
        await running.daemon.start()
        yield running


def password(url: str) -> str:
    return url.split("@", maxsplit=1)[0].rpartition(":")[2]


async def test_no_secret_is_ever_told(amqp_url, postgres_url):
    ears = Ears(WORD, password(amqp_url), password(postgres_url))
    async with (
        stage(amqp_url, postgres_url) as running,
        SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3, token=TOKEN)) as node,
        answering(http(HTML)) as no_node,
        answering(http(b"", status="302 Found", more=f"Location: /info?token={quote(TOKEN, safe='')}\r\n")) as gossip,
        answering(http(f"no such token: {TOKEN}".encode(), status="500 Oops")) as parrot,
    ):
        client, shell = running.client, running.shell
        added = await client.ok("add-processing-node", {"url": node.url, "token": TOKEN})
        for number, url in enumerate((no_node, gossip, parrot, f"http://127.0.0.1:{free_port()}")):
            answer = await client.send("add-processing-node", {"url": f"{url}/?token={quote(TOKEN, safe='')}"})
            ears.hear(f"answer {number}", answer)
            subject = f"processing-nodes/{answer['processing_node']['id']}"
            await client.event(lambda it, subject=subject: it["subject"] == subject)

        task = await client.ok("create-task", {"images": running.photos, "processing_node": added["id"]})
        assert 40 == (await client.ended(task["id"]))["status"]
        node.set_token("changed")
        other = await client.ok("create-task", {"images": running.photos, "processing_node": added["id"]})
        await client.task(other["id"], lambda it: "token" in it["reason"])

        wrong = [
            ("add-processing-node", {"url": f"http://user:{TOKEN}@node:3000"}),
            ("add-processing-node", {"url": f"http://node:3000/?key={quote(TOKEN)}"}),
            ("add-processing-node", {"url": "http://node:3000", "token": [TOKEN]}),
            ("add-processing-node", {"url": "http://node:3000", "token": TOKEN, "tokens": TOKEN}),
            ("add-processing-node", {"url": node.url, "token": TOKEN}),
            ("update-processing-node", {"processing_node": 999, "token": TOKEN}),
            ("update-processing-node", {"processing_node": added["id"], "token": TOKEN + "\n"}),
        ]
        for number, (command, body) in enumerate(wrong):
            ears.hear(f"rejection {number}", await client.refused(command, body, message_id=f"secret-{number}"))
        for number in (0, 1, 2, 3, 6):
            letter = await client.dead_letter(f"secret-{number}")
            ears.hear(f"headers {number}", {key: str(value) for key, value in letter.headers.items()})

        key = str(task["id"])
        for words in (
            ("node", "list"), ("node", "list", "--json"), ("task", "show", key, "--json"), ("task", "output", key),
            ("task", "list", "--json"), ("check-config",), ("check-config", "--json"), ("migrate",),
        ):  # fmt: skip
            ears.shell(" ".join(words), await shell(*words))
        ears.shell("node add", await shell("node", "add", "http://node:3000", "--token", TOKEN))
        ears.shell("node update", await shell("node", "update", str(added["id"]), "--token", TOKEN, "--json"))
        async with aiohttp.ClientSession() as session:
            for page in ("/metrics", "/health/live", "/health/ready"):
                async with session.get(running.daemon.health.removesuffix("/health") + page) as response:
                    ears.hear(page, await response.text())
        for path in ("/tasks", "/processing-nodes", "/projects", "/health"):
            ears.hear(f"socket {path}", await running.get(path))
        ears.hear("answers", client.answers.bodies)
        ears.hear("events", client.events.bodies)
        assert 0 == await running.daemon.stop()
        ears.hear("log", running.daemon.log.read_text())
    assert [] == ears.told
    ears.hear("a control", TOKEN)
    assert ["a control"] == ears.told
    assert '"problem"' in ears.heard["socket /processing-nodes"]
    assert "orchestrator_commits_total" in ears.heard["/metrics"]


async def test_the_files_that_hold_secrets_are_for_the_daemon_alone(amqp_url):
    async with service(amqp_url) as running:
        data = running.folder / "data"
        modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
        assert (0o600, 0o660) == (modes["orchestrator.db"], modes["control.sock"])
        assert {} == {name: oct(mode) for name, mode in modes.items() if mode & 0o007}
