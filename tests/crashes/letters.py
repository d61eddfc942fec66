"""The shelf of dead letters, as whoever looks after it sees it: with the broker, and through the daemon."""

import asyncio
import contextlib
import json

import aio_pika
import aiohttp

from tests.crashes.scene import DEADLINE, Scene


async def until_on_shelf(scene: Scene) -> None:
    """Wait until a message lies there."""
    async with await aio_pika.connect(scene.amqp_url) as connection:
        channel = await connection.channel()
        async with asyncio.timeout(DEADLINE):
            while True:
                shelf = await channel.declare_queue(scene.topology.dead_letters.name, passive=True)
                if shelf.declaration_result.message_count:
                    return
                await asyncio.sleep(0.1)


async def on_shelf(scene: Scene) -> list[str]:
    """Give the ids of the messages there, each once, and leave them there."""
    async with await aio_pika.connect(scene.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(scene.topology.dead_letters.name)
        ids = set()
        while letter := await queue.get(fail=False):
            ids.add(str(letter.message_id))
        return sorted(ids)


async def replay(scene: Scene, body: object) -> list[dict]:
    """Replay the letter with another body, however often the daemon dies, until it is off the shelf.

    Gives the record of all replays, oldest first.
    """
    connector = aiohttp.UnixConnector(str(scene.control))
    async with asyncio.timeout(DEADLINE), aiohttp.ClientSession("http://daemon", connector=connector) as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):  # It died, or is about to be there again.
                async with session.get("/dead-letters") as response:
                    letters = (await response.json()).get("dead_letters")
                if letters == []:
                    async with session.get("/dead-letters/replays") as response:
                        return (await response.json())["replays"][::-1]
                for letter in letters or ():
                    asked = {"ids": [letter["id"]], "body": json.dumps(body)}
                    async with session.post("/dead-letters/replay", json=asked) as response:
                        await response.read()
            await asyncio.sleep(0.05)
