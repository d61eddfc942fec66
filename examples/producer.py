"""Asks Orchestrator to process images and prints the answer: python examples/producer.py IMAGE..."""
# ruff: noqa: INP001, T201 - a program to copy, that speaks to a person

import asyncio
import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import aio_pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1/")
PREFIX = os.environ.get("ORCHESTRATOR_PREFIX", "orchestrator")


async def create_task(uris: list[str], *, message_id: str) -> bytes:
    """Send a create-task and wait for its answer. The same message_id again: the same answer, and no second task."""
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        answers = await channel.declare_queue(exclusive=True)
        commands = await channel.get_exchange(f"{PREFIX}.commands", ensure=False)
        body = json.dumps({"images": uris, "name": "From examples/producer.py"}).encode()
        message = aio_pika.Message(body, message_id=message_id, reply_to=answers.name, delivery_mode=2)
        # Returns once the broker has stored the command; mandatory: no queue for it is an error, not silence.
        await commands.publish(message, routing_key="create-task", mandatory=True)
        async with answers.iterator(no_ack=True, timeout=30) as incoming:
            return (await anext(incoming)).body


images = [word if "://" in word else Path(word).absolute().as_uri() for word in sys.argv[1:]]
answer = json.loads(asyncio.run(create_task(images, message_id=uuid4().hex)))
print(json.dumps(answer, indent=2, ensure_ascii=False))
sys.exit(0 if answer["ok"] else 1)
