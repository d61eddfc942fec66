"""The demo does what it promises, as the installed command, and leaves nothing where it should not."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest

from orchestrator.contract.topology import Topology

WITHIN = 90.0
ENDS = {
    "Quarry": "FAILED",
    "Dam": "COMPLETED",
    "Vineyard": "COMPLETED",
    "Barley": "COMPLETED",
    "Orchard": "COMPLETED",
    "Harbour": "removed",
}


@asynccontextmanager
async def demo(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run it with temporary files in a folder of the test's own, and nothing of this machine's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORCHESTRATOR_")}
    env = {**kept, "ORCHESTRATOR_CONFIG": os.devnull, "TMPDIR": str(folder), **(environment or {})}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator", "demo", *arguments,
        cwd=Path(__file__).parents[2], env=env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def told(child: asyncio.subprocess.Process) -> tuple[str, str]:
    out, err = await child.communicate()
    return out.decode(), err.decode()


def ends(text: str) -> dict[str, str]:
    """Read the table at the end."""
    rows = re.findall(r"^ +\d+ +(\w+) +(\w+) +\d", text, re.MULTILINE)
    return {name: state for name, state in rows if name in ENDS}


@pytest.mark.timeout(120)
async def test_every_task_ends_as_the_demo_promises_and_the_maps_are_there(folder: Path, tmp_path: Path):
    picture = tmp_path / "images" / "demo.svg"
    async with demo("--save-svg", str(picture), folder=folder) as child:
        out, err = await told(child)
    assert ("", 0) == (err, child.returncode), out
    assert ENDS == ends(out)
    assert "every sequence without a gap" in out
    (kept,) = folder.iterdir()
    assert str(kept) in out
    assert 12 == len(list((kept / "photos").iterdir()))
    shown = re.findall(r"tasks/\d+/assets/\S+", out)
    assert 4 == len(shown)
    assert all((kept / path).stat().st_size for path in shown)
    assert "node.health_changed" in (kept / "daemon.log").read_text()
    assert_shows_no_machine(picture.read_text(), kept)


def assert_shows_no_machine(picture: str, kept: Path):
    assert "/tmp/orchestrator-demo" in picture
    assert "Vineyard" in picture
    assert kept.name not in picture
    assert str(Path.home()) not in picture
    assert {"http://www.w3.org/2000/svg", "https://www.textualize.io"} >= set(re.findall(r"https?://[^\s\"]+", picture))


@pytest.mark.timeout(120)
async def test_it_runs_on_a_real_broker_and_leaves_nothing_there(amqp_url: str, folder: Path):
    environment = {"ORCHESTRATOR__BUS__URL": amqp_url}
    async with demo("--bus", "rabbitmq", folder=folder, environment=environment) as child:
        out, err = await told(child)
    assert ("", 0) == (err, child.returncode), out
    assert ENDS == ends(out)
    prefix = re.search(r"prefix (orchestrator-demo-\w+)", out)
    assert prefix is not None
    assert [] == await left_on_the_broker(amqp_url, Topology(prefix=prefix[1]))


async def left_on_the_broker(url: str, topology: Topology) -> list[str]:
    left = []
    names = [(thing.name, True) for thing in topology.exchanges] + [(thing.name, False) for thing in topology.queues]
    async with await aio_pika.connect(url) as connection:
        for name, is_exchange in names:
            # A passive declaration of what is not there closes its channel.
            channel = await connection.channel()
            try:
                await (channel.get_exchange(name) if is_exchange else channel.get_queue(name))
            except aio_pika.exceptions.ChannelNotFoundEntity:
                continue
            left.append(name)
    return left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_and_removes_its_folder(folder: Path, number: signal.Signals):
    async with demo(folder=folder) as child:
        assert child.stdout is not None
        while b"task.created" not in await child.stdout.readline():
            assert not child.stdout.at_eof()
        assert 1 <= len(list(folder.iterdir()))
        child.send_signal(number)
        _, err = await told(child)
    assert ("", 128 + number) == (err, child.returncode)
    assert [] == list(folder.iterdir())


async def test_a_broker_that_is_away_is_told_in_a_sentence_with_the_log(folder: Path):
    environment = {"ORCHESTRATOR__BUS__URL": "amqp://guest:secret@127.0.0.1:1/"}
    async with demo("--bus", "rabbitmq", folder=folder, environment=environment) as child:
        out, err = await told(child)
    assert ("", 1) == (err, child.returncode)
    (kept,) = folder.iterdir()
    assert "127.0.0.1:1" in out
    assert "secret" not in out
    assert f"the daemon's log is {kept}/daemon.log" in out


@pytest.mark.parametrize(
    ("bus", "sentence"), [("kafka", "memory or rabbitmq, not 'kafka'"), ("rabbitmq", "ORCHESTRATOR__BUS__URL")]
)
async def test_a_bus_that_is_not_to_be_had_is_wrong_usage(bus: str, sentence: str, folder: Path):
    async with demo("--bus", bus, folder=folder) as child:
        _, err = await told(child)
    assert 2 == child.returncode
    assert sentence in err
    assert [] == list(folder.iterdir())
