"""A task, a root folder and a flight folder of the test's own."""

import errno
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.domain.task import Stage, Task
from orchestrator.files import ImageFiles, TaskShelves

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = "0d6a8a5e-6c1b-4f43-9d3c-3f2a8f1c7a10"


@pytest.fixture
def task() -> Task:
    return Task(id=134, project=27, created_at=NOON, updated_at=NOON, stage=Stage.COLLECTING, fence=3, job_uuid=JOB)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    folder = tmp_path / "srv" / "flight-7"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def images(root: Path, flight: Path):
    files = ImageFiles(root=root, import_roots=[flight.parent])
    yield files
    await files.close()


@pytest.fixture
async def shelves(root: Path):
    kept = TaskShelves(root=root)
    yield kept
    await kept.close()


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "tasks" / "134"


@pytest.fixture
def fetched(shelves: TaskShelves) -> Callable[..., Path]:
    """Put an archive with these entries where the node's results are fetched to."""

    def put(task: Task, entries: dict[str, bytes]) -> Path:
        path = shelves.download_path(task)
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return path

    return put


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every write to a file as a full disk does, without filling one."""

    def refuse(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", refuse)
