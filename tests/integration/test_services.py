"""The private servers other tests lean on keep what they promise."""

from pathlib import Path

import aio_pika
import asyncpg
import pytest

from tests.services import PackageMissingError, PrivateRabbitMQ
from tests.services.packages import CHROMIUM
from tests.services.process import listens


async def test_shared_broker_answers(amqp_url: str, bus_prefix: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{bus_prefix}.q", exclusive=True)
        assert f"{bus_prefix}.q" == queue.name


async def publish(url: str, queue: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(body, delivery_mode=2), queue)


@pytest.mark.timeout(180)
async def test_confirmed_messages_survive_a_stop_and_a_kill(private_rabbitmq: PrivateRabbitMQ, bus_prefix: str) -> None:
    name = f"{bus_prefix}.q"
    for body, end in ((b"before the stop", private_rabbitmq.stop), (b"before the kill", private_rabbitmq.kill)):
        await publish(private_rabbitmq.url, name, body)
        end()
        assert not listens(private_rabbitmq.port)
        private_rabbitmq.start()

    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        queue = await (await connection.channel()).get_queue(name)
        messages = [await queue.get(timeout=10, no_ack=True) for _ in range(2)]
    assert [b"before the stop", b"before the kill"] == [message.body for message in messages]


@pytest.mark.parametrize("_round", [1, 2])
async def test_each_test_gets_an_empty_database(postgres_url: str, _round: int) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    assert [] == await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute("CREATE TABLE left_behind (id int)")
    await connection.close()


def test_a_browser_is_found_by_any_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "google-chrome"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (program, tmp_path) == (CHROMIUM.on_path(), CHROMIUM.find())


def test_what_cannot_be_installed_is_asked_for_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = (
        "Chromium is needed and not installed: install it (Debian and Ubuntu: apt-get install chromium) or name the "
        "program of a browser like it in ORCHESTRATOR_TEST_CHROMIUM."
    )
    with pytest.raises(PackageMissingError) as missing:
        CHROMIUM.folder()
    assert told == str(missing.value)
