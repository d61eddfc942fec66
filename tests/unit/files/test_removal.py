"""Removing what is kept of a task: all of it, nothing else, as often as asked."""

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.errors import StorageFailed
from orchestrator.files.deletion import delete_tree


async def test_everything_of_the_task_goes_and_nothing_of_another(shelves, task, root, fetched):
    other = replace(task, id=13)
    for one in (task, other):
        fetched(one, {"cameras.json": b"{}"})
        await shelves.accept(one)
        await shelves.append_output(one, ["line"], new_run=True)

    await shelves.remove(task)

    assert ["13"] == [path.name for path in (root / "tasks").iterdir()]
    assert (0, "") == await shelves.output_tail(task)
    assert (1, "line") == await shelves.output_tail(other)


async def test_removing_again_is_fine(shelves, task):
    await shelves.remove(task)
    await shelves.remove(task)


async def test_links_are_deleted_and_what_they_lead_to_stays(shelves, task, folder, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "folder-link").symlink_to(tmp_path / "kept")
    (folder / "assets" / "file-link").symlink_to(tmp_path / "kept" / "file")
    (folder / "assets" / "dangling").symlink_to(tmp_path / "nowhere")

    await shelves.remove(task)

    assert not folder.exists()
    assert (tmp_path / "kept" / "file").exists()


async def test_a_task_folder_that_is_a_link_goes_without_what_it_leads_to(shelves, task, folder, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "kept")

    await shelves.remove(task)

    assert not folder.is_symlink()
    assert (tmp_path / "kept" / "file").exists()


async def test_only_what_was_staged_is_discarded(shelves, task, folder):
    for name in ("staging", "output"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").touch()

    await shelves.discard_staged(task)
    await shelves.discard_staged(task)

    assert ["output"] == [path.name for path in folder.iterdir()]


async def test_a_disk_that_refuses_is_said(shelves, task, folder, monkeypatch):
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "file").touch()

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(StorageFailed, match="Deleting the files of task 134 could not be done: the disk is read-only"):
        await shelves.remove(task)


async def test_removals_at_once_do_not_trip_over_each_other(shelves, task, folder):
    for number in range(50):
        (folder / str(number)).mkdir(parents=True)
        for name in range(10):
            (folder / str(number) / str(name)).touch()

    await asyncio.gather(*(shelves.remove(task) for _ in range(4)))

    assert not folder.exists()


def test_a_file_put_in_while_the_folder_goes_is_deleted_with_it(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    real = Path.rmdir

    def late(self: Path) -> None:
        monkeypatch.setattr(Path, "rmdir", real)
        (self / "late").touch()
        self.rmdir()

    monkeypatch.setattr(Path, "rmdir", late)
    delete_tree(tmp_path / "folder")

    assert not (tmp_path / "folder").exists()
