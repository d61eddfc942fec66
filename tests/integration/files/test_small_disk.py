"""Results on a disk that is really full; as root only, who may mount a small one."""

import contextlib
import os
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.domain.errors import StorageFailed
from orchestrator.domain.task import Stage, Task
from orchestrator.files import TaskShelves

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TASK = Task(id=134, project=27, created_at=NOON, updated_at=NOON, stage=Stage.COLLECTING, job_uuid="job")


@pytest.fixture
def small_disk(tmp_path: Path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("nobody may mount a disk here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


async def test_results_that_do_not_fit_leave_the_archive_and_the_old_results(small_disk, monkeypatch):
    shelves = TaskShelves(root=small_disk)
    with zipfile.ZipFile(shelves.download_path(TASK), "w") as archive:
        archive.writestr("cameras.json", b"{}")
    await shelves.accept(TASK)
    path = shelves.download_path(TASK)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("odm_dem/dsm.tif", bytes(8_000_000))

    with pytest.raises(StorageFailed, match="8,000,000 bytes, but only"):
        await shelves.accept(TASK)
    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.files.extraction.check_space", lambda *args: None)
        with pytest.raises(StorageFailed, match="no space is left on the disk"):
            await shelves.accept(TASK)

    folder = small_disk / "tasks" / "134"
    assert path.exists()
    assert ["assets", "incoming"] == sorted(entry.name for entry in folder.iterdir())
    assert ["all.zip", "cameras.json"] == sorted(entry.name for entry in (folder / "assets").iterdir())
    await shelves.close()


async def test_an_archive_that_the_disk_has_no_room_for_is_not_asked_for(small_disk):
    shelves = TaskShelves(root=small_disk)
    path = shelves.download_path(TASK, room=3_000_000)
    with pytest.raises(StorageFailed, match="need 8,000,000 bytes, but only"):
        shelves.download_path(TASK, room=8_000_000)
    path.write_bytes(bytes(3_000_000))
    assert path == shelves.download_path(TASK, room=3_500_000)  # Most of it is here.
    await shelves.close()


async def test_console_output_that_does_not_fit_can_come_again(small_disk):
    shelves = TaskShelves(root=small_disk)
    await shelves.append_output(TASK, ["one"], new_run=True)
    ballast = small_disk / "ballast"
    fill(ballast)

    with pytest.raises(StorageFailed, match="no space is left on the disk"):
        await shelves.append_output(TASK, ["x" * 10_000], new_run=False)
    assert (1, "one") == await shelves.output_tail(TASK)
    ballast.unlink()
    await shelves.append_output(TASK, ["two"], new_run=False)

    assert (["one", "two"], 2) == await shelves.read_output(134, 0, None)
    await shelves.close()
