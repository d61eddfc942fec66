"""What keeps an installation going: migrations, doctor --fix, API tokens, console output that is too long."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from alembic import command
from sqlalchemy import create_engine

from orchestrator.store.migrations import config_for
from tests.crashes.scene import Scene
from tests.crashes.story import Story, around
from tests.crashes.visitor import LOST, Visitor
from tests.integration.api.photos import form

LONG_AGO = 3600.0
"""Seconds since anybody touched what earlier work left."""


def of_an_old_release(folder: Path) -> None:
    """Make a database as the first release made it, with a project in it."""
    (folder / "data").mkdir()
    engine = create_engine(f"sqlite:///{folder / 'data' / 'orchestrator.db'}")
    with engine.begin() as connection:
        command.upgrade(config_for(connection), "0001")
        connection.exec_driver_sql("INSERT INTO projects SELECT 2, 'North', '', 0, 1, created_at, '[]' FROM projects")
    engine.dispose()


async def migrated(scene: Scene) -> object:
    """A daemon finds the database of an older release, and goes on with it."""
    scene.arm_from_the_start()
    _, projects = await Visitor(scene).ask("GET", "/projects/")
    await scene.add_node()
    await scene.create(project=2)
    await scene.until_task(status=40)
    return [project["name"] for project in projects]


async def mended(scene: Scene) -> object:
    """The doctor tidies up what earlier work left, what is nobody's, and sees a job that nobody knows."""
    node = await scene.add_node()
    await scene.create()
    await scene.until_task(status=40)
    stranger = await _strange_job(node.url)
    await node.wait_for("ended", times=2, timeout=30)
    _litter(scene.folder / "data" / "tasks")
    await scene.arm()
    control = Visitor(scene, control=True)
    await scene.until_looked(lambda: _is_online(control), what="the node to be seen")
    for _ in range(2):
        _, found = await control.ask("POST", "/doctor", json={})
    async with aiohttp.ClientSession() as session, session.post(f"{node.url}/task/remove", data={"uuid": stranger}):
        pass
    return [(each["part"], each["mended"]) for each in found["findings"]]


async def _is_online(control: Visitor) -> bool:
    _, nodes = await control.ask("GET", "/processing-nodes")
    return all(node["online"] for node in nodes)


async def _strange_job(url: str) -> str:
    async with aiohttp.ClientSession() as session:
        body = form([("a.jpg", b"1"), ("b.jpg", b"2")], name="Somebody else's")
        async with session.post(f"{url}/task/new", data=body) as answer:
            return (await answer.json())["uuid"]


def _litter(tasks: Path) -> None:
    """Leave what daemons that died might have, long ago."""
    left = ("1/assets.old/a", "1/incoming/x.zip.part", "1/parts/k/data", "1/staging/a.jpg", "1/upload.json")
    for name in (*left, "77/staging/a.jpg", "78/assets/all.zip"):
        place = tasks / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("left")
        for each in (place, *place.parents):
            if each != tasks and tasks in each.parents:
                os.utime(each, (time.time() - LONG_AGO,) * 2)


async def tokens_come_and_go(scene: Scene) -> object:
    """An API token is made, used and revoked; one whose secret was lost is revoked, and made anew."""
    scene.arm_from_the_start()
    control, visitor = Visitor(scene, control=True), Visitor(scene)
    secret = await _token(control)
    headers = {"Authorization": f"Bearer {secret}"}
    used, _ = await visitor.ask("GET", "/projects/", headers=headers)
    await control.ask("POST", "/tokens/field/revoke")
    refused, _ = await visitor.ask("GET", "/projects/", headers=headers)
    _, left = await control.ask("GET", "/tokens")
    return used, refused, left


async def _token(control: Visitor) -> str:
    while True:
        try:
            status, made = await control.once("POST", "/tokens", json={"name": "field"})
        except LOST:
            _, known = await control.ask("GET", "/tokens")
            if known:
                await control.ask("POST", "/tokens/field/revoke")
        else:
            assert status == 200, made
            return made["token"]


async def much_output(scene: Scene) -> None:
    """A node says more than is kept."""
    await scene.add_node()
    await scene.arm()
    await scene.create()
    await scene.until_task(status=40)


STORIES: Mapping[str, Story] = {
    "migrated": Story(
        migrated,
        (
            ("migration.step", "migration.step:3", *around("commit.migration")),
        ),
        prepare=of_an_old_release,
    ),
    "mended": Story(
        mended,
        (
            (*around("node.list", "node.card"), "tidy.taken"),
            ("tidy.taken:2", "arrival.gone", "files.gone", "folder.aside"),
        ),
    ),
    "tokens come and go": Story(
        tokens_come_and_go,
        (
            around("commit.signing-key", "commit.token-added", "commit.token-used", "commit.token-removed"),
        ),
    ),
    "much output": Story(
        much_output, (("output.dropped", "output.dropped"),), settings={"files__max_output_bytes": "300"}
    ),
}  # fmt: skip
