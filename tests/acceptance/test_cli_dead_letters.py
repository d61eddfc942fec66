"""Dead letters, by the installed command against the installed daemon, on RabbitMQ and without a broker."""

import getpass
import json

import aio_pika
import pytest

from tests.acceptance.command_line import scene

pytestmark = pytest.mark.timeout(180)  # Each story starts a dozen programs.

SECRET = '{"url": "http://127.0.0.1:9", "token": "canary", "labl": "x"}'


@pytest.fixture
async def stage(amqp_url, bus_prefix):
    async with scene(bus_url=amqp_url, prefix=bus_prefix) as (shell, _):
        yield shell


async def put(url: str, prefix: str, name: str, *bodies: str) -> None:
    """Send commands as a producer does that wants no answer."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(f"{prefix}.commands", ensure=False)
        for number, body in enumerate(bodies):
            await commands.publish(aio_pika.Message(body.encode(), message_id=f"m-{number}"), name)


async def listed(stage, count: int) -> list[dict]:
    while len(found := (await stage("dead-letters", "list", "--json")).json["dead_letters"]) < count:
        pass
    return found


async def test_a_refused_command_is_seen_corrected_and_on_record(stage, amqp_url, bus_prefix):
    await put(amqp_url, bus_prefix, "add-processing-node", SECRET)
    (letter,) = await listed(stage, 1)
    shown = await stage("dead-letters", "show", letter["id"][:4])
    assert (0, "") == shown.outcome
    assert "canary" not in shown.stdout + json.dumps(letter)
    assert "labl is not a field of add-processing-node; did you mean label?" in shown.stdout

    wrong = await stage("dead-letters", "replay", letter["id"])
    assert (1, "") == wrong.outcome
    assert wrong.stdout.endswith("did you mean label? It stays on the shelf.\n")
    right = await stage("dead-letters", "edit", letter["id"], "--body", "-", given=SECRET.replace("labl", "label"))
    assert (0, f"{letter['id']}: add-processing-node was accepted: processing node 2.\n") == (right.code, right.stdout)

    assert [] == (await stage("dead-letters", "list", "--json")).json["dead_letters"]
    replays = (await stage("dead-letters", "list", "--replayed", "--json")).json
    assert [("accepted", True), ("refused", False)] == [(it["outcome"], it["edited"]) for it in replays]
    assert {(getpass.getuser(), "m-0")} == {(it["by"], it["message_id"]) for it in replays}
    assert "canary" not in json.dumps(replays) + stage.daemon.log.read_text()


async def test_letters_outlive_the_daemon_and_are_purged(stage, amqp_url, bus_prefix):
    await put(amqp_url, bus_prefix, "create-task", "{", "[", "nonsense")
    before = await listed(stage, 3)
    await stage.daemon.kill()
    await stage.daemon.start()
    assert before == await listed(stage, 3)
    assert (1, "Nothing was thrown away.\n") == (await stage("dead-letters", "purge", "--all", given="n\n")).outcome
    gone = await stage("dead-letters", "purge", "--all", "--yes")
    assert "3 dead letters thrown away.\n" == gone.stdout
    assert 0 == (await stage("dead-letters", "list", "--json")).json["total"]


async def test_without_a_broker_the_shelf_is_empty_and_says_so():
    async with scene(bus_url="memory://") as (shell, _):
        listing = await shell("dead-letters", "list")
        assert (0, "ID  PUT ASIDE  COMMAND  REPLAYED  WHY\n", "") == (listing.code, listing.stdout, listing.stderr)
        assert (1, "There is no dead letter k7fm2q9d.\n") == (await shell("dead-letters", "replay", "k7fm2q9d")).outcome
