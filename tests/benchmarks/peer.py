"""A peer for ratios: the plain way to write such a worker. One transaction for each command, aio-pika, SQLAlchemy Core.

The same job as the daemon's: check the message id, write inbox, task and outbox durably, acknowledge, publish one event
with a confirm, and take it out of the outbox.
"""

import asyncio
import json
import sys
import uuid
from typing import Any

import aio_pika
import sqlalchemy as sa
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

PREFETCH = 100
metadata = sa.MetaData()
inbox = sa.Table("inbox", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("answer", sa.Text))
tasks = sa.Table("tasks", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))
outbox = sa.Table("outbox", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("body", sa.Text))


async def main(amqp_url: str, prefix: str, store_url: str) -> None:
    """Work until told to stop."""
    engine = create_async_engine(store_url)
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        sa.event.listen(engine.sync_engine, "connect", _durable)
    async with engine.begin() as database:
        await database.run_sync(metadata.create_all)
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(prefetch_count=PREFETCH)
    commands = await channel.declare_exchange(f"{prefix}.commands", aio_pika.ExchangeType.TOPIC, durable=True)
    events = await channel.declare_exchange(f"{prefix}.events", aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(f"{prefix}.commands", durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(commands, routing_key="#")
    # SQLite has one writer; PostgreSQL may flush for several commits at once.
    turns = asyncio.Semaphore(1 if is_sqlite else 8)

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        async with turns:
            event = await _commit(engine, message)
        await message.ack()
        body = aio_pika.Message(json.dumps(event).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await events.publish(body, routing_key=f"task.created.none.1.{event['data']['task']['id']}")
        async with turns, engine.begin() as database:
            await database.execute(sa.delete(outbox).where(outbox.c.id == event["id"]))

    await queue.consume(handle)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def _commit(engine: AsyncEngine, message: aio_pika.abc.AbstractIncomingMessage) -> dict[str, Any]:
    command = json.loads(message.body)
    event_id = str(uuid.uuid4())
    async with engine.begin() as database:
        known = await database.execute(sa.select(inbox.c.answer).where(inbox.c.id == message.message_id))
        if found := known.scalar():
            return json.loads(found)
        made = await database.execute(sa.insert(tasks).values(body=json.dumps(command)))
        task = {"id": made.inserted_primary_key[0], **command}
        event = {"id": event_id, "subject": f"tasks/{task['id']}", "data": {"task": task}}
        text = json.dumps(event)
        await database.execute(sa.insert(inbox).values(id=message.message_id, answer=text))
        await database.execute(sa.insert(outbox).values(id=event_id, body=text))
    return event


def _durable(connection: Any, _: object) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}").close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:4]))
