"""What we show to producers and subscribers works as it stands, against a real daemon on a real broker."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.acceptance.documents import ROOT, blocks_of
from tests.acceptance.staged import Stage, staged

WITHIN = 40.0

Run = Callable[..., Awaitable["Script"]]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "flights"
    folder.mkdir()
    paths = [folder / f"IMG_{number:04}.JPG" for number in range(5)]
    for path in paths:
        Image.new("RGB", (32, 24), "olive").save(path)
    return paths


@pytest.fixture
async def stage(amqp_url: str, bus_prefix: str, tmp_path: Path, images: list[Path]) -> AsyncIterator[Stage]:
    async with staged(amqp_url, prefix=bus_prefix, folder=tmp_path, images=images[0].parent) as running:
        yield running


class Script:
    """An example being run, its output read line by line."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        self._child = child
        self._output = child.stdout

    async def line(self) -> str:
        async with asyncio.timeout(WITHIN):
            return (await self._output.readline()).decode().rstrip("\n")

    async def rest(self) -> tuple[int, str]:
        """Give exit code and remaining output."""
        async with asyncio.timeout(WITHIN):
            text = await self._output.read()
            return await self._child.wait(), text.decode()

    async def end(self) -> None:
        if self._child.returncode is None:
            self._child.kill()
        await self.rest()


@pytest.fixture
async def run(stage: Stage) -> AsyncIterator[Run]:
    """Start scripts; those that still run when the test is over are ended."""
    scripts: list[Script] = []

    async def start(*words: str | Path) -> Script:
        env = {**os.environ, **stage.clients, "PYTHONUNBUFFERED": "1"}
        pipe = asyncio.subprocess.PIPE
        scripts.append(Script(await asyncio.create_subprocess_exec(sys.executable, *words, env=env, stdout=pipe)))
        return scripts[-1]

    yield start
    for script in scripts:
        await script.end()


async def produce(run: Run, *images: str | Path) -> tuple[int, dict]:
    script = await run(ROOT / "examples/producer.py", *images)
    code, text = await script.rest()
    return code, json.loads(text)


async def test_the_examples_take_a_task_from_its_images_to_its_end(run: Run, images: list[Path]):
    subscriber = await run(ROOT / "examples/subscriber.py", "task.#", "--until-ended")
    assert "subscribed to task.#" == await subscriber.line()

    code, answer = await produce(run, *images)
    assert (0, True, "create-task") == (code, answer["ok"], answer["command"])
    assert (5, None, "waiting") == tuple(answer["task"][key] for key in ("images_count", "status", "stage"))

    code, text = await subscriber.rest()
    told = [re.fullmatch(r"(\S+) #(\d+) (\S+): (.+)", line) for line in text.splitlines()]
    assert 0 == code
    assert all(told), text
    lines = [match.groups() for match in told if match]
    task = f"tasks/{answer['task']['id']}"
    assert {task} == {subject for subject, *_ in lines}
    assert list(range(1, len(lines) + 1)) == [int(sequence) for _, sequence, *_ in lines]
    assert "task.created" == lines[0][2]
    assert ("task.status-changed", "results are here, verified") == lines[-1][2:]


async def test_the_producer_shows_why_a_command_was_rejected(run: Run, images: list[Path]):
    missing = images[0].with_name("missing.JPG")
    code, answer = await produce(run, missing)
    assert (1, False, "validation") == (code, answer["ok"], answer["error"]["type"])
    assert ["images[0]"] == [error["field"] for error in answer["error"]["errors"]]


def written(page: str, function: str, *, stage: Stage, images: list[Path], folder: Path) -> Path:
    """Write down a page's Python block that defines a function, with the names of this test's broker and images."""
    block = next(block for block in blocks_of(ROOT / page) if f"async def {function}(" in block.text)
    text = block.text.replace("amqp://guest:guest@127.0.0.1/", stage.amqp_url)
    text = re.sub(r'"orchestrator\.(commands|events|dead-letters)', rf'"{stage.prefix}.\1', text)
    path = folder / f"{function}.py"
    path.write_text(text.replace("file:///srv/flights/7/*.JPG", f"{images[0].parent.as_uri()}/*.JPG"))
    return path


async def test_the_readmes_producer_and_subscriber_do_what_it_says(
    stage: Stage, run: Run, images: list[Path], tmp_path: Path
):
    subscriber = await run(written("README.md", "subscribe", stage=stage, images=images, folder=tmp_path))
    assert "subscribed" == await subscriber.line()
    producer = await run(written("README.md", "produce", stage=stage, images=images, folder=tmp_path))
    code, text = await producer.rest()
    assert (0, "flight-7 is task 1: waiting") == (code, text.strip().partition(" for")[0])
    code, text = await subscriber.rest()
    assert (0, "40 results are here, verified") == (code, text.splitlines()[-1])

    replay = written("docs/how-to/follow-events.md", "replay", stage=stage, images=images, folder=tmp_path)
    code, text = await (await run(replay)).rest()
    told = [line.split() for line in text.splitlines() if " tasks/1 " in line]
    assert 0 == code
    assert [str(number) for number in range(1, len(told) + 1)] == [sequence for _, _, sequence, _ in told]
    assert "task.created" == told[0][-1]


async def test_a_dead_letter_is_looked_at_and_stays(stage: Stage, run: Run, images: list[Path], tmp_path: Path):
    code, answer = await produce(run, "ftp://files.example.org/IMG_0001.JPG")
    assert (1, "validation") == (code, answer["error"]["type"])
    look = written("docs/how-to/dead-letters.md", "look", stage=stage, images=images, folder=tmp_path)
    said = f"create-task: {answer['error']['detail']}\n"
    async with asyncio.timeout(WITHIN):
        while (seen := await (await run(look)).rest()) != (0, said):
            assert (0, "") == seen  # It is put aside after the answer was sent.
    assert (0, said) == await (await run(look)).rest()
