"""Prints a line for each event: python examples/subscriber.py [PATTERN] [--until-ended]; task.*.*.*.7 is task 7."""
# ruff: noqa: INP001, T201 - a program to copy, that speaks to a person

import asyncio
import json
import os
import sys

import aio_pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1/")
PREFIX = os.environ.get("ORCHESTRATOR_PREFIX", "orchestrator")


async def follow(pattern: str, *, until_ended: bool) -> None:
    """Print events until a task has ended, or for ever. The queue is ours alone and goes with the connection."""
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(f"{PREFIX}.events", routing_key=pattern)
        print(f"subscribed to {pattern}", flush=True)
        seen: dict[str, int] = {}
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():  # acknowledged when the block ends, given back when it raises
                    event = json.loads(message.body)
                    if event["sequence"] > seen.get(event["subject"], 0):  # else a repeat: delivery is at least once
                        seen[event["subject"]] = event["sequence"]
                        print("{subject} #{sequence} {type}:".format_map(event), event["data"]["reason"], flush=True)
                if until_ended and event["data"].get("task", {}).get("stage") == "ended":
                    return


patterns = [word for word in sys.argv[1:] if not word.startswith("--")]
asyncio.run(follow(patterns[0] if patterns else "#", until_ended="--until-ended" in sys.argv))
