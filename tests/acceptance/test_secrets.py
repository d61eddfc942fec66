"""Passwords and tokens go in and never come out: not in logs, answers, events, metrics, or the command line's words."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from orchestrator.store import open_store
from tests.acceptance.command_line import Ended
from tests.acceptance.service import Service, service
from tests.acceptance.test_bad_nodes import HTML, answering, http
from tests.daemon import free_port

pytestmark = pytest.mark.timeout(240)

WORD = "canary"
TOKEN = f"{WORD}/ä&%=1"
"""Whatever becomes of the rest in quoting, the word stays."""
HOOK = f"http://127.0.0.1:9/hook?key={WORD}"
AS_JSON = {"Content-Type": "application/json"}
STATIC = f"{WORD}-{'0123456789abcdef' * 2}"


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
        portal = [{"name": "portal", "role": "admin", "token": STATIC}]
        running.daemon.env |= {
            "ORCHESTRATOR__NODES__STATIC": json.dumps(static), "ORCHESTRATOR__API__STATIC_TOKENS": json.dumps(portal),
            **dict.fromkeys(("http_proxy", "HTTPS_PROXY", "ALL_PROXY"), f"http://user:{WORD}@127.0.0.1:9"),
            "no_proxy": "",
            "ORCHESTRATOR__WEBHOOKS__STATIC": json.dumps([{"url": HOOK, "secret": f"whsec_{WORD * 6}"}]),
            "ORCHESTRATOR__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES": "127.0.0.0/8",
        }  # fmt: skip
        assert 0 == (await running.shell("migrate")).code
        await running.daemon.start()
        yield running


@asynccontextmanager
async def fetching_wrongly() -> AsyncIterator[list[str]]:
    """Run servers that answer a fetch in ways that fail, and give their addresses, with some where nobody is."""
    elsewhere = f"Location: http://user:{WORD}@127.0.0.1:9/{WORD}?signature={WORD}\r\n"
    async with (
        answering(http(WORD.encode(), status="403 Forbidden")) as closed,
        answering(http(WORD.encode(), status="500 Oops")) as broken,
        answering(http(b"", status="302 Found", more=elsewhere)) as gossip,
        answering(http(WORD.encode())) as page,
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + WORD.encode()) as cut,
        answering(WORD.encode() + b"\r\n\r\n") as nonsense,
    ):
        yield [closed, broken, gossip, page, cut, nonsense, "http://127.0.0.1:9", "http://10.255.255.1"]


async def added(running: Service) -> int:
    """Add the simulated node to the store that the stage has put in place of the first."""
    return int((await running.client.ok("add-processing-node", {"url": running.node.url}))["id"])


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


async def key_of(postgres_url: str) -> bytes:
    async with open_store(postgres_url, migrate=False) as store:
        return await store.api_tokens.signing_key(b"too late")


async def knock(running: Service, ears: Ears, token: str) -> None:
    """Ask over REST for all kinds of things, rightly and wrongly."""
    url = running.daemon.health.removesuffix("/health")
    async with aiohttp.ClientSession() as session:
        sign_in = {"username": "anna", "password": token}
        async with session.post(f"{url}/api/token-auth/", data=sign_in) as answer:
            jwt = (await answer.json())["token"]
        good = {"Authorization": f"JWT {jwt}"}
        wrong = [{"Authorization": f"{scheme} {WORD}"} for scheme in ("JWT", "Bearer", "Digest")]
        wrong += [{"Authorization": "Basic " + base64.b64encode(f"anna:{WORD}".encode()).decode()}]
        wrong += [{"Authorization": f"Bearer {WORD}", "X-Forwarded-For": "203.0.113.9"}] * 11
        asked: list[tuple[str, str, dict[str, Any]]] = [
            *(("GET", "/api/whoami/", {"headers": headers}) for headers in (good, *wrong)),
            ("GET", f"/api/projects/1/?jwt={WORD}", {}),
            ("GET", f"/api/projects?jwt={WORD}", {"allow_redirects": False, "headers": {"Host": "evil.example"}}),
            ("GET", f"/api/whoami/?jwt={jwt}", {}),
            ("POST", "/api/token-auth/", {"json": sign_in | {"password": WORD}}),
            ("POST", "/api/token-auth/", {"json": {"password": {"x": WORD}}}),
            ("POST", "/api/token-auth/", {"data": f'{{"password": "{WORD}', "headers": AS_JSON}),
            ("POST", "/api/projects/", {"json": {"name": 5, "token": WORD}, "headers": good}),
            ("POST", "/api/projects/", {"json": {"name": "A"}, "headers": good | {"Origin": "http://evil.example"}}),
            ("POST", "/api/webhooks/", {"json": {"url": HOOK, "secret": WORD}, "headers": good}),
            ("POST", "/api/processingnodes/", {"json": {"hostname": "h", "token": WORD, "port": 0}, "headers": good}),
            ("GET", "/api/processingnodes/", {"headers": good}),
            ("GET", "/api/projects/1/tasks/", {"headers": good}),
            ("GET", "/api/openapi.json", {}),
            ("GET", "/metrics", {}),
            ("GET", "/health/ready", {}),
        ]  # fmt: skip
        for number, (method, path, given) in enumerate(asked):
            async with session.request(method, url + path, **given) as answer:
                ears.hear(f"{number}: {method} {path.partition('?')[0]}", f"{answer.headers}{await answer.text()}")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + WORD.encode() * 2000 + b"\r\n\r\n")
    await reader.readline()
    writer.close()


async def test_neither_tokens_nor_the_addresses_of_images_are_ever_told(amqp_url, postgres_url):
    async with stage(amqp_url, postgres_url) as running, fetching_wrongly() as places:
        client, shell = running.client, running.shell
        token = (await shell("token", "create", "anna", "--role", "admin")).stdout.strip()
        key = await key_of(postgres_url)
        ears = Ears(
            WORD, password(amqp_url), password(postgres_url), token, key.hex(), base64.b64encode(key).decode(),
            hashlib.sha256(token.encode()).hexdigest(),
        )  # fmt: skip
        await client.ok("update-processing-node", {"processing_node": await added(running), "label": "here"})
        for place in places:
            image = f"{place.replace('://', f'://user:{WORD}@')}/IMG_1.JPG?X-Amz-Signature={WORD}&jwt={WORD}"
            points = image.replace("IMG_1.JPG", "gcp.txt")
            created = await client.ok("create-task", {"images": [image], "ground_control_points": points})
            ears.hear(f"created {place}", created)
            await client.task(created["id"], lambda it: "IMG_1.JPG" in (it["reason"] or "") or it["status"] in (30, 40))
            await client.send("set-pending-action", {"task": created["id"], "pending_action": "CANCEL"})
        refused = {"images": [f"ftp://user:{WORD}@host/a.jpg?signature={WORD}"], "name": 5}
        ears.hear("refused", await client.refused("create-task", refused, message_id="secret-image"))

        await knock(running, ears, token)
        for words in (
            ("token", "list"), ("token", "list", "--json"), ("task", "list", "--json"),
            ("dead-letters", "list", "--json"), ("doctor", "--json"),
            ("check-config",), ("check-config", "--json"), ("contract",), ("serve",), ("--debug", "serve"),
            ("--debug", "serve", "--bus-url", f"amqp:/user:{WORD}@host"),
            ("--debug", "migrate", "--store-url", f"postgresql+asyncpg://user:{WORD}@127.0.0.1:9/x"),
            ("token", "revoke", "anna"), ("token", "create", "portal"), ("node", "add", f"http://u:{WORD}@x:1"),
        ):  # fmt: skip
            ears.shell(" ".join(words).replace(WORD, "…"), await shell(*words))
        ears.hear("answers", client.answers.bodies)
        ears.hear("events", client.events.bodies)
        assert 0 == await running.daemon.stop()
        ears.hear("log", running.daemon.log.read_text())
    assert [] == ears.told
    assert "X-Amz" not in "".join(ears.heard.values())
    assert "api.credentials_refused" in ears.heard["log"]


async def test_the_files_that_hold_secrets_are_for_the_daemon_alone(amqp_url):
    async with service(amqp_url) as running:
        data = running.folder / "data"
        modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
        assert (0o600, 0o660) == (modes["orchestrator.db"], modes["control.sock"])
        assert {} == {name: oct(mode) for name, mode in modes.items() if mode & 0o007}
