"""Clients that nobody here wrote, as WebODM's documentation shows them: curl, and a script with ``requests``."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.acceptance.command_line import scene

pytestmark = pytest.mark.timeout(120)

PATIENCE = 90.0
RECIPE = Path(__file__).with_name("process_images.py")
TIFF = (b"II*\0", b"MM\0*", b"II+\0")


@pytest.fixture
async def running():
    async with scene(bus_url="memory://") as (shell, _):
        yield shell


def api(shell):
    return shell.daemon.health.removesuffix("/health")


async def run(shell, *words):
    """Run a program to its end, with nothing of ours in its way; gives what it printed."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=shell.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*"},
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert 0 == process.returncode, (out + err).decode()
    return out.decode()


async def curl(shell, *words):
    return json.loads(await run(shell, "curl", "-sS", "--fail-with-body", *words))


async def completed(shell, url):
    """Poll with curl, as the documentation does, until the task has ended."""
    async with asyncio.timeout(PATIENCE):
        while (task := await curl(shell, url))["status"] not in {30, 40, 50}:
            await asyncio.sleep(0.2)
    assert 40 == task["status"], task
    return task


async def test_curl_creates_polls_and_downloads(running):
    project = await curl(running, "-F", "name=Fields", f"{api(running)}/api/projects/")
    tasks = f"{api(running)}/api/projects/{project['id']}/tasks/"
    photos = [word for number in range(4) for word in ("-F", f"images=@photos/DJI_{number}.JPG")]
    options = 'options=[{"name":"orthophoto-resolution","value":24}]'
    task = await curl(running, "-X", "POST", *photos, "-F", "name=North", "-F", options, tasks)
    assert (4, "North", 24) == (task["images_count"], task["name"], task["options"][0]["value"])
    done = await completed(running, f"{tasks}{task['id']}/")
    assert "orthophoto.tif" in done["available_assets"]
    await run(running, "curl", "-sS", "-f", "-OJ", f"{tasks}{task['id']}/download/orthophoto.tif")
    whole = (running.folder / "North-orthophoto.tif").read_bytes()
    assert whole[:4] in TIFF
    (running.folder / "part.tif").write_bytes(whole[:100])
    await run(running, "curl", "-sS", "-f", "-C", "-", "-o", "part.tif", f"{tasks}{task['id']}/download/orthophoto.tif")
    assert whole == (running.folder / "part.tif").read_bytes()
    await run(running, "curl", "-sS", "-f", "-o", "all.zip", f"{tasks}{task['id']}/download/all.zip")
    assert b"PK" == (running.folder / "all.zip").read_bytes()[:2]


@pytest.mark.parametrize("is_open", [True, False], ids=["without any token", "with a token"])
async def test_the_recipe_for_processing_images_runs_as_it_is(running, is_open):
    name, token = "admin", "admin"
    if not is_open:
        token = (await running("token", "create", name, "--json")).json["token"]
    photos = [str(path) for path in sorted((running.folder / "photos").iterdir())]
    told = await run(running, sys.executable, str(RECIPE), api(running), name, token, *photos)
    assert "Task has completed!" == told.splitlines()[-2]
    assert (running.folder / "orthophoto.tif").read_bytes()[:4] in TIFF
