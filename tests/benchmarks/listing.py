"""Pages of a list of 100,000 tasks over REST, filtered, searched and ordered: from the request to the last byte."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import asyncpg

from orchestrator.domain.task import Option, Project, Stage, Status, Task
from orchestrator.engine.changes import Changes
from orchestrator.store import open_store
from tests.benchmarks.bench import Bench
from tests.benchmarks.children import Measured, daemon
from tests.benchmarks.figures import Figure
from tests.services.postgres import create_database, drop_database

STORED = 100_000
LOT = 10_000
PROJECTS = 20
ASKED = 60
"""Requests for each page, one after the other."""

PAGES = {
    "newest of all": "/api/tasks/",
    "newest of a project with half of all": "/api/projects/1/tasks/?page=1",
    "failed ones (one in 20), of all": "/api/tasks/?status=30",
    "completed ones of a project, by name": "/api/projects/1/tasks/?page=1&status=40&ordering=name",
    "part of a name (one in 50), of all": "/api/tasks/?search=field+12",
    "part of a name that nothing has": "/api/tasks/?search=nowhere",
    "page 40 of the canceled ones of a project": "/api/projects/1/tasks/?page=40&status=50&ordering=created_at",
    "part of a name (one in 50), by name": "/api/tasks/?search=field+12&ordering=name",
    "last changed of all": "/api/tasks/?ordering=-updated_at",
    "last changed of a project with half of all": "/api/projects/1/tasks/?page=1&ordering=-updated_at",
    "most urgent of all": "/api/tasks/?ordering=-priority",
    "most urgent of a project with half of all": "/api/projects/1/tasks/?page=1&ordering=-priority",
    "all, by name": "/api/tasks/?ordering=name",
    "all, by status": "/api/tasks/?ordering=status",
    "all, by stage": "/api/tasks/?ordering=stage",
    "all, by project": "/api/tasks/?ordering=project",
    "all, by reference": "/api/tasks/?ordering=reference",
    "those of a project with half of all, by reference": "/api/projects/1/tasks/?page=1&ordering=reference",
    "all, by id": "/api/tasks/?ordering=id",
    "projects with part of a task's name": "/api/projects/?page=1&search=field+12",
}


async def measure(bench: Bench) -> list[Figure]:
    """Fill each database once, then ask for each page again and again."""
    figures = []
    for store in ("SQLite", *(["PostgreSQL"] if bench.postgres_url else [])):
        async with _filled(bench, store) as (child, session):
            for title, path in PAGES.items():
                taken = await _ask(session, child.health.removesuffix("/health") + path)
                shares = (("median", _at(taken, 0.5)), ("99th percentile", _at(taken, 0.99)))
                figures += [_figure(f"{store}: {title}, {name}", value) for name, value in shares]
    return figures


def _figure(title: str, value: float) -> Figure:
    return Figure(f"list: {title}", title, "ms", [value], floor="50", decimals=1)


def _at(taken: list[float], share: float) -> float:
    return taken[min(len(taken) - 1, int(share * len(taken)))]


async def _ask(session: aiohttp.ClientSession, url: str) -> list[float]:
    """Give how many milliseconds each request took, from the least to the most."""
    taken = []
    for _ in range(ASKED):
        began = time.perf_counter()
        async with session.get(url) as answer:
            page = await answer.json()
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, page
    return sorted(taken)


@asynccontextmanager
async def _filled(bench: Bench, store: str) -> AsyncIterator[tuple[Measured, aiohttp.ClientSession]]:
    folder = bench.folder / f"list-{uuid.uuid4().hex[:10]}"
    folder.mkdir()
    async with _database(bench, store, folder) as url, aiohttp.ClientSession() as session:
        await _fill(url)
        if store == "PostgreSQL":
            await _settle(url)
        async with daemon(folder, bus_url="memory://", store__url=url) as child:
            await child.until_ready(session)
            yield child, session


@asynccontextmanager
async def _database(bench: Bench, store: str, folder: Path) -> AsyncIterator[str]:
    if store == "SQLite":
        yield f"sqlite+aiosqlite:///{folder}/orchestrator.db"
        return
    name = f"list_{uuid.uuid4().hex[:10]}"
    url = await asyncio.to_thread(create_database, bench.postgres_url, name)
    try:
        yield url
    finally:
        await asyncio.to_thread(drop_database, bench.postgres_url, name)


async def _settle(url: str) -> None:
    """Do what autovacuum does within a minute: without it the server knows neither sizes nor what is visible to all."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("VACUUM ANALYZE tasks")
    finally:
        await connection.close()


async def _fill(url: str) -> None:
    began = datetime.now(UTC) - timedelta(days=365)
    async with open_store(url, migrate=True) as store:
        async with store.begin() as transaction:
            await transaction.reserve({"task": STORED, "project": PROJECTS})
            known = {id_: Project(id=id_, name=f"Project {id_}", created_at=began) for id_ in range(2, PROJECTS + 2)}
            await transaction.write(Changes(owner="", projects=known))
        for first in range(1, STORED + 1, LOT):
            lot = {number: _ended(number, began) for number in range(first, first + LOT)}
            async with store.begin() as transaction:
                await transaction.write(Changes(owner="", created=lot))


def _ended(number: int, began: datetime) -> Task:
    """Half of them in the first project; one in 20 failed, elsewhere, and one in 20 canceled, there."""
    status = {4: Status.FAILED, 5: Status.CANCELED}.get(number * 7 % 20, Status.COMPLETED)
    made = began + timedelta(minutes=5 * number)
    return Task(
        id=number, project=1 if number % 2 else 2 + number // 2 % PROJECTS, created_at=made, updated_at=made,
        stage=Stage.ENDED, version=9, status=status, name=f"Field {number * 13 % 100:02} north, flight {number}",
        priority=number * 3 % 10,
        reference=f"flight-{number}", options=(Option("dsm", value=True), Option("orthophoto-resolution", 2)),
        processing_node_name="node-1", images_count=250, files_count=250, uuid=str(uuid.UUID(int=number)),
        available_assets=("all.zip", "orthophoto.tif", "dsm.tif", "georeferenced_model.laz", "report.pdf"),
        reason="results are here, verified", running_progress=1.0, upload_progress=1.0, size=1234.5, fence=5,
    )  # fmt: skip
