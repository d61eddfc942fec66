"""What only a real broker can do to us."""

import asyncio
import json
from dataclasses import replace

import aio_pika
import pytest

from orchestrator.bus.client import BusClient
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.contract import headers
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError
from tests.integration.bus.fakes import QUICK, WAIT, Bundle, entry, rabbit_bundle, remove, running, take
from tests.integration.bus.producing import PROJECT, produce


async def test_a_dead_letter_keeps_its_properties_and_its_senders_headers(
    rabbit: Bundle, amqp_url: str, bus_prefix: str
):
    async with rabbit.running("intake"):
        await produce(amqp_url, bus_prefix, ["odd"], type="another-name", headers={"tenant": "north", "n": 7})
        ((_, found),) = await rabbit.dead_letters(1)

    assert (found["tenant"], found["n"], found[headers.ERROR_TYPE]) == ("north", 7, "validation")
    assert found[headers.ORIGINAL_EXCHANGE] == f"{bus_prefix}.commands"


async def test_headers_too_large_for_a_copy_are_left_out(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("intake"):
        await produce(amqp_url, bus_prefix, ["big"], type="another-name", headers={"junk": "x" * 120_000})
        ((_, found),) = await rabbit.dead_letters(1)

    assert "junk" not in found
    assert found[headers.ERROR_TYPE] == "validation"


async def test_a_message_straight_into_the_queue_is_named_by_its_type(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("intake"):
        await produce(amqp_url, bus_prefix, ["typed"], past_exchange=True, type="create-project")
        await produce(amqp_url, bus_prefix, ["nameless"], past_exchange=True)
        await rabbit.dead_letters(1)
        await rabbit.desk.until(lambda desk: desk.message_ids == ["typed"])


async def test_a_large_body_arrives_whole_and_lies_whole_on_the_shelf(rabbit: Bundle):
    body = b'{"name": "' + b"x" * 5_000_000 + b'"}'
    async with rabbit.running("intake"), await rabbit.connect() as client:
        assert (await client.send("create-project", body))["error"]["type"] == "too-large"
        ((shelved, _),) = await rabbit.dead_letters(1)

    assert shelved == body


async def test_what_waits_is_settled_in_large_batches_and_acknowledged(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running():
        await produce(amqp_url, bus_prefix, [str(number) for number in range(2500)])
        async with running(rabbit.intake.run()):
            await rabbit.desk.until(lambda desk: len(desk.orders) == 2500)
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"{bus_prefix}.commands", ensure=False)
        assert await queue.get(fail=False) is None

    assert rabbit.desk.batches[0] == max(rabbit.desk.batches) == 500
    assert rabbit.desk.message_ids == [str(number) for number in range(2500)]


async def test_an_unacknowledged_command_comes_again_after_the_connection_is_lost(rabbit: Bundle):
    rabbit.desk.gate.clear()
    async with rabbit.running("intake"), await rabbit.connect() as client:
        sending = asyncio.create_task(client.send("create-project", PROJECT, message_id="again"))
        await rabbit.desk.arrived.wait()
        rabbit.bus._consumer._session._tap.abort()
        async with asyncio.timeout(WAIT):
            await rabbit.bus.until(lambda state: not state.consuming)
        await rabbit.connected()
        rabbit.desk.gate.set()
        await sending
        await rabbit.desk.until(lambda desk: desk.message_ids == ["again", "again"])


async def test_an_event_stays_unconfirmed_when_the_broker_does_not_answer(rabbit: Bundle):
    async with rabbit.running():
        publisher = rabbit.bus._publisher
        publisher._events._deadline = 0.05
        publisher._events._session.write = lambda _: None
        lost = asyncio.create_task(rabbit.bus.until(lambda state: not state.publishing))
        assert list(await rabbit.bus.publish([entry(1)])) == []
        async with asyncio.timeout(WAIT):
            assert "did not confirm within" in (await lost).problem
        await rabbit.connected()
        assert list(await rabbit.bus.publish([entry(1)])) == [1]


async def test_a_topology_that_differs_is_stated(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running():
        pass
    other = RabbitBus(amqp_url, topology=Topology(prefix=bus_prefix, delivery_limit=7), patience=QUICK)
    async with running(other.run()), asyncio.timeout(WAIT):
        state = await other.until(lambda state: bool(state.problem))

    assert "PRECONDITION_FAILED" in state.problem
    assert "x-delivery-limit" in state.problem


async def test_a_wrong_password_is_stated_and_never_shown(amqp_url: str, bus_prefix: str, capfd):
    user, _, host = amqp_url.rpartition("@")
    url = f"{user.rpartition(':')[0]}:hunter%2Ftwo@{host}"
    bus = RabbitBus(url, topology=Topology(prefix=bus_prefix), patience=QUICK)
    async with running(bus.run()), asyncio.timeout(WAIT):
        state = await bus.until(lambda state: bool(state.problem))
    with pytest.raises(BusError) as failure:
        await BusClient.connect(url, topology=Topology(prefix=bus_prefix))

    said = f"{state} {bus!r} {failure.value} {capfd.readouterr()}"
    assert "ACCESS_REFUSED" in state.problem
    assert "hunter" not in said


async def test_a_command_for_nobody_is_an_error_at_once(amqp_url: str, bus_prefix: str):
    async with await BusClient.connect(amqp_url, topology=Topology(prefix=bus_prefix)) as client:
        with pytest.raises(BusError, match="Nobody takes commands"):
            await client.send("create-project", PROJECT)
        with pytest.raises(BusError, match="Nobody takes commands"):
            await client.send("create-project", PROJECT)
        with pytest.raises(BusError, match="cannot be read"):
            await client.events(replay=True)


async def test_a_client_whose_connection_was_cut_says_so_and_gives_what_came_before(private_rabbitmq, bus_prefix: str):
    bundle = rabbit_bundle(private_rabbitmq.url, bus_prefix)
    async with bundle.running("relay"), await bundle.connect() as client, await client.events() as events:
        assert not client.closed
        bundle.relay.offer(bundle.outbox.commit([entry(number) for number in range(3)]))
        async with asyncio.timeout(WAIT):
            while len(events._waiting) < 3:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(private_rabbitmq.control, "close_all_connections", "maintenance")
        async with asyncio.timeout(WAIT):
            while not client.closed:
                await asyncio.sleep(0.01)
        assert [0, 1, 2] == await take(events, 3)
        with pytest.raises(BusError):
            await anext(events)
        with pytest.raises(BusError):
            await client.send("create-project", PROJECT, timeout=WAIT)
        await bundle.connected()
    await remove(private_rabbitmq.url, bus_prefix)


async def test_the_bus_starts_and_stops_many_times(rabbit: Bundle):
    for _ in range(10):
        async with rabbit.running("intake", "relay"), await rabbit.connect() as client:
            assert (await client.send("create-project", PROJECT))["ok"]


MIB = 1024 * 1024


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_stalled_store_holds_a_bounded_number_of_bytes_and_the_connection(amqp_url: str, bus_prefix: str, loop: str):
    """Longer than a dead peer is believed alive: a heartbeat of 1 s, and three of them missed."""

    async def story() -> None:
        bundle = rabbit_bundle(amqp_url, bus_prefix)
        bundle.bus = RabbitBus(amqp_url, topology=Topology(prefix=bus_prefix), patience=QUICK, heartbeat=1)
        consumer = bundle.bus._consumer
        consumer._most_held = 4 * MIB
        bundle.__post_init__()
        bundle.intake._max_message_bytes = 2 * MIB
        bundle.desk.gate.clear()
        changes: list[bool] = []
        bundle.bus.watch(lambda state: changes.append(state.connected))
        async with bundle.running("intake"):
            body = b'{"name": "Hillside"}' + b" " * MIB
            await produce(amqp_url, bus_prefix, [str(number) for number in range(40)], body=body)
            changes.clear()
            await bundle.desk.arrived.wait()
            await asyncio.sleep(8)
            # A trickle every 5 s came on top, and what was read at once when the budget was reached.
            assert 4 * MIB < consumer._held < 8 * MIB
            assert [] == changes
            bundle.desk.gate.set()
            await bundle.desk.until(lambda desk: len(desk.orders) == 40)
            assert 40 == len(set(bundle.desk.message_ids))
            async with asyncio.timeout(WAIT):
                while consumer._held:
                    await asyncio.sleep(0.01)
            assert [] == changes
        await remove(amqp_url, bus_prefix)

    factory = asyncio.new_event_loop if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(asyncio.wait_for(story(), 2 * WAIT))


async def test_an_event_carries_its_type_and_the_trace_it_came_of_around_its_body(
    rabbit: Bundle, amqp_url: str, bus_prefix: str
):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with rabbit.running("relay"), await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(f"{bus_prefix}.events", "#")
        bodies = [{"id": "e1", "traceparent": trace, "data": {}}, {"id": "e2", "data": {"traceparent": trace}}]
        rabbit.relay.offer(
            rabbit.outbox.commit(
                [
                    replace(entry(number), body=json.dumps(body, separators=(",", ":")).encode())
                    for number, body in enumerate(bodies, 1)
                ]
            )
        )
        assert await rabbit.relay.drain(WAIT)
        found = [await queue.get(timeout=WAIT) for _ in bodies]
    assert [{"traceparent": trace}, {}] == [dict(message.headers) for message in found]
    assert ["task.updated"] * 2 == [message.type for message in found]
