"""A broker that is stopped, killed or emptied of our queues: nothing is lost, and work goes on by itself."""

import asyncio

import aio_pika

from tests.integration.bus.fakes import WAIT, Bundle, entry, rabbit_bundle, remove, running, take
from tests.integration.bus.producing import PROJECT, produce


async def test_a_stopped_broker_loses_neither_commands_nor_events(private_rabbitmq, bus_prefix: str):
    url = private_rabbitmq.url
    bundle = rabbit_bundle(url, bus_prefix)
    ids = [str(number) for number in range(3000)]
    offered = 0

    def work(orders) -> None:
        nonlocal offered
        entries = [entry(offered + at) for at in range(len(orders))]
        offered += len(entries)
        bundle.relay.offer(bundle.outbox.commit(entries))

    bundle.desk.behave = work
    async with bundle.running():
        await produce(url, bus_prefix, ids)
        async with running(bundle.intake.run(), bundle.relay.run()):
            await bundle.desk.until(lambda desk: len(desk.orders) > 500)
            await asyncio.to_thread(private_rabbitmq.stop)
            async with asyncio.timeout(WAIT):
                state = await bundle.bus.until(lambda state: not state.consuming and not state.publishing)
            assert state.problem
            work(["a change that no command made"])
            await asyncio.to_thread(private_rabbitmq.start)
            await bundle.connected()
            await produce(url, bus_prefix, ["after"])
            await bundle.desk.until(lambda desk: set(desk.message_ids) >= {*ids, "after"})
            assert await bundle.relay.drain(WAIT)
        assert bundle.bus.state.problem == ""
        async with await bundle.connect() as client, await client.events(replay=True) as events:
            seen = await take(events, offered)
            while len(set(seen)) < offered:
                seen += await take(events, 1)

    first_seen = list(dict.fromkeys(seen))
    by_key: dict[int, list[int]] = {}
    for number in first_seen:
        by_key.setdefault(number % 7, []).append(number)
    assert set(seen) == set(range(offered))
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    await remove(url, bus_prefix)


async def test_a_killed_broker_is_come_back_to(private_rabbitmq, bus_prefix: str):
    bundle = rabbit_bundle(private_rabbitmq.url, bus_prefix)
    async with bundle.running("intake", "relay"):
        async with await bundle.connect() as client:
            assert (await client.send("create-project", PROJECT))["ok"]
        bundle.relay.offer(bundle.outbox.commit([entry(1)]))
        assert await bundle.relay.drain(WAIT)
        # RabbitMQ 3.10 writes the directory of its new quorum queues to disk every five seconds, without which none
        # of them starts again. This is about queues that have been there for a while.
        await asyncio.sleep(6)
        await asyncio.to_thread(private_rabbitmq.kill)
        async with asyncio.timeout(WAIT):
            await bundle.bus.until(lambda state: not state.consuming and not state.publishing)
        await asyncio.to_thread(private_rabbitmq.start)
        await bundle.connected()
        async with await bundle.connect() as client:
            assert (await client.send("create-project", PROJECT))["ok"]
    await remove(private_rabbitmq.url, bus_prefix)


async def test_a_daemon_that_starts_before_its_broker_waits_for_it(private_rabbitmq, bus_prefix: str):
    bundle = rabbit_bundle(private_rabbitmq.url, bus_prefix)
    await asyncio.to_thread(private_rabbitmq.stop)
    async with running(bundle.bus.run(), bundle.intake.run()):
        async with asyncio.timeout(WAIT):
            state = await bundle.bus.until(lambda state: bool(state.problem))
        assert "is not to be used" in state.problem
        await asyncio.to_thread(private_rabbitmq.start)
        await bundle.connected()
        async with await bundle.connect() as client:
            assert (await client.send("create-project", PROJECT))["ok"]
    await remove(private_rabbitmq.url, bus_prefix)


async def test_a_deleted_command_queue_is_declared_again_and_consumed(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("intake"):
        for _ in range(3):
            seen = asyncio.create_task(rabbit.bus.until(lambda state: not state.consuming))
            async with await aio_pika.connect(amqp_url) as connection:
                await (await connection.channel()).queue_delete(f"{bus_prefix}.commands")
            async with asyncio.timeout(WAIT):
                assert "queue was deleted" in (await seen).problem
            await rabbit.connected()
            async with await rabbit.connect() as client:
                assert (await client.send("create-project", PROJECT))["ok"]


async def test_events_that_nobody_takes_wait_until_the_log_is_there_again(
    rabbit: Bundle, amqp_url: str, bus_prefix: str
):
    async with rabbit.running("relay"):
        problem = asyncio.create_task(rabbit.bus.until(lambda state: "no queue for events" in state.problem))
        async with await aio_pika.connect(amqp_url) as connection:
            await (await connection.channel()).queue_delete(f"{bus_prefix}.events.log")
        rabbit.relay.offer(rabbit.outbox.commit([entry(number) for number in range(300)]))
        async with asyncio.timeout(WAIT):
            assert "NO_ROUTE" in (await problem).problem
        assert await rabbit.relay.drain(WAIT)
        assert rabbit.bus.state.problem == ""
        async with await rabbit.connect() as client, await client.events(replay=True) as events:
            assert await take(events, 300) == list(range(300))


async def test_a_deleted_events_exchange_is_declared_again(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("relay"):
        async with await aio_pika.connect(amqp_url) as connection:
            await (await connection.channel()).exchange_delete(f"{bus_prefix}.events")
        rabbit.relay.offer(rabbit.outbox.commit([entry(number) for number in range(300)]))
        assert await rabbit.relay.drain(WAIT)
        async with await rabbit.connect() as client, await client.events(replay=True) as events:
            assert sorted(set(await take(events, 300))) == list(range(300))


async def test_dead_letters_whose_queue_is_gone_wait_and_hold_up_nobody(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("intake"), await rabbit.connect() as client:
        async with await aio_pika.connect(amqp_url) as connection:
            await (await connection.channel()).queue_delete(f"{bus_prefix}.dead-letters")
        bad = await client.send("create-project", b"{")
        good = await client.send("create-project", PROJECT)
        assert (bad["ok"], good["ok"]) == (False, True)
        ((shelved, _),) = await rabbit.dead_letters(1)
        assert shelved == b"{"


async def test_a_broker_that_is_low_on_memory_gets_answers_later_and_holds_up_no_command(
    private_rabbitmq, bus_prefix: str
):
    url, ids = private_rabbitmq.url, [str(number) for number in range(600)]
    bundle = rabbit_bundle(url, bus_prefix)
    async with await aio_pika.connect(url) as connection:
        asker = await (await connection.channel()).declare_queue(exclusive=True)
        async with bundle.running():
            await produce(url, bus_prefix, ids, reply_to=asker.name)
        await asyncio.to_thread(private_rabbitmq.control, "set_vm_memory_high_watermark", "absolute", "1MB")
        async with bundle.running("intake"):
            await bundle.desk.until(lambda desk: ids == desk.message_ids)
            await asyncio.to_thread(private_rabbitmq.control, "set_vm_memory_high_watermark", "absolute", "512MB")
            async with asyncio.timeout(WAIT), asker.iterator(no_ack=True) as answers:
                for _ in ids:
                    await anext(answers)
    await remove(url, bus_prefix)
