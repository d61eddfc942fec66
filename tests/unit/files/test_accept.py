"""Fetched archives become verified results, or nothing changes."""

import asyncio
import errno
import os
import stat
import threading
import time
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.domain.errors import ResultsCorrupt, StorageFailed
from orchestrator.domain.task import IMPORTED_FILE
from orchestrator.files import ArchiveLimits, TaskShelves
from orchestrator.files.extraction import Extraction
from tests.unit.files.accepting import AVAILABLE, RESULTS, leftovers, tree


async def test_results_are_extracted_beside_the_archive_and_listed(shelves, task, folder, fetched):
    path = fetched(task, RESULTS)
    packed = path.read_bytes()

    collected = await shelves.accept(task)

    assert AVAILABLE == collected.available_assets
    assert len(packed) + 6006 == collected.size
    assert RESULTS | {"all.zip": packed} == tree(folder / "assets")
    assert {"assets"} == leftovers(folder)


async def test_everything_is_closed_to_others(shelves, task, root, fetched):
    fetched(task, RESULTS)
    await shelves.accept(task)

    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [root, *root.rglob("*")]}

    assert set() == {mode for _, mode in modes if mode & 0o007}
    assert {0o750} == {mode for is_folder, mode in modes if is_folder}


async def test_new_results_replace_the_old_as_a_whole(shelves, task, folder, fetched):
    fetched(task, RESULTS)
    await shelves.accept(task)
    fetched(task, {"odm_dem/dsm.tif": b"surface"})

    assert ("all.zip", "dsm.tif") == (await shelves.accept(task)).available_assets
    assert ["all.zip", "odm_dem/dsm.tif"] == list(tree(folder / "assets"))
    assert {"assets"} == leftovers(folder)


async def test_packed_entries_and_large_ones_come_out_whole(shelves, task, folder):
    data = os.urandom(3_000_000) + bytes(3_000_000)
    with zipfile.ZipFile(shelves.download_path(task), "w") as archive:
        for number, method in enumerate(
            [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
        ):
            archive.writestr(f"{number}.bin", data, method)

    await shelves.accept(task)

    assert {data} == {(folder / "assets" / f"{number}.bin").read_bytes() for number in range(4)}


async def test_the_entries_of_an_archive_in_64_bit_format_are_counted_before_they_are_read(shelves, task):
    with zipfile.ZipFile(shelves.download_path(task), "w") as archive:
        for number in range(65_536):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    limited = TaskShelves(root=shelves._layout.root, limits=ArchiveLimits(max_entries=65_000))

    with pytest.raises(ResultsCorrupt, match="more than 65,000 entries"):
        await limited.accept(task)
    await limited.close()


@pytest.mark.parametrize("name", ["all.zip", "all.zip/IMG_1.JPG", "All.zip/x/y"])
async def test_an_archive_of_its_own_inside_is_not_taken_for_the_archive(shelves, task, folder, fetched, name):
    packed = fetched(task, RESULTS | {name: b"half of an older one"}).read_bytes()

    await shelves.accept(task)

    assert RESULTS | {"all.zip": packed} == tree(folder / "assets")


@pytest.mark.parametrize("name", ["all.zip", "all.zip/x"])
async def test_of_a_backup_only_the_backup_is_the_archive(shelves, task, folder, fetched, name):
    results = {f"assets/{path}": content for path, content in RESULTS.items()}
    packed = fetched(task, results | {"data/backup.json": b"{}", f"assets/{name}": b"older"}).read_bytes()

    collected = await shelves.accept(replace(task, import_url=IMPORTED_FILE))

    assert RESULTS | {"all.zip": packed} == tree(folder / "assets")
    assert (AVAILABLE, len(packed) + sum(map(len, RESULTS.values()))) == (collected.available_assets, collected.size)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
async def test_a_disk_that_fails_keeps_archive_and_old_results_and_leaves_no_half_tree(
    shelves, task, folder, fetched, *, monkeypatch, number
):
    fetched(task, RESULTS)
    await shelves.accept(task)
    old = tree(folder / "assets")
    path = fetched(task, {"odm_dem/dsm.tif": b"surface"})

    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(StorageFailed, match="disk"):
            await shelves.accept(task)

    assert path.exists()
    assert old == tree(folder / "assets")
    assert {"assets", "incoming"} == leftovers(folder)
    assert ("all.zip", "dsm.tif") == (await shelves.accept(task)).available_assets


async def test_too_little_space_is_said_before_anything_is_written(shelves, task, fetched, monkeypatch):
    path = fetched(task, RESULTS)
    there = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((there.f_bsize, 1, 1, 1, 1, *there[5:])))

    with pytest.raises(StorageFailed, match="need 6,006 bytes, but only 1 are free"):
        await shelves.accept(task)
    assert path.exists()


async def test_a_cancelled_accept_stops_at_once_and_cleans_up_before_it_says_so(
    shelves, task, folder, fetched, *, monkeypatch
):
    path = fetched(task, {f"{number}.bin": bytes(1000) for number in range(10)})
    begun, proceed = threading.Event(), threading.Event()
    extract = Extraction._extract

    def slowly(self: Extraction, entry: zipfile.ZipInfo) -> None:
        extract(self, entry)
        begun.set()
        proceed.wait(10)

    monkeypatch.setattr(Extraction, "_extract", slowly)
    accepting = asyncio.create_task(shelves.accept(task))
    await asyncio.to_thread(begun.wait)
    assert {"assets.new-3", "incoming"} == leftovers(folder)

    accepting.cancel()
    await asyncio.wait([accepting], timeout=0.01)
    accepting.cancel()  # Impatience changes nothing.
    assert not accepting.done()
    proceed.set()
    with pytest.raises(asyncio.CancelledError):
        await accepting

    assert {"incoming"} == leftovers(folder)
    assert path.exists()


async def test_cancelling_takes_less_than_a_second_in_the_midst_of_large_data(shelves, task, folder, monkeypatch):
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    copy = Extraction._copy

    def told(*args: Any) -> int:
        loop.call_soon_threadsafe(begun.set)
        return copy(*args)

    monkeypatch.setattr(Extraction, "_copy", told)
    with zipfile.ZipFile(shelves.download_path(task), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("zeros.bin", bytes(400_000_000))
    accepting = asyncio.create_task(shelves.accept(task))
    await begun.wait()

    since = time.monotonic()
    accepting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await accepting

    assert 1.0 > time.monotonic() - since
    assert {"incoming"} == leftovers(folder)


async def test_one_that_waits_for_a_thread_is_cancelled_at_once(root, task, fetched, monkeypatch):
    shelves = TaskShelves(root=root, threads=1)
    begun, proceed = threading.Event(), threading.Event()

    run = Extraction.run

    def wait(self: Extraction) -> None:
        begun.set()
        proceed.wait(10)
        run(self)

    monkeypatch.setattr(Extraction, "run", wait)
    fetched(task, RESULTS)
    first = asyncio.create_task(shelves.accept(task))
    await asyncio.to_thread(begun.wait)
    second = asyncio.create_task(shelves.accept(replace(task, id=135)))
    await asyncio.sleep(0)

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert not first.done()
    proceed.set()
    await first
    await shelves.close()


async def test_many_tasks_are_accepted_at_once(shelves, task, root, fetched):
    tasks = [replace(task, id=number) for number in range(20)]
    for number, one in enumerate(tasks):
        fetched(one, {"cameras.json": str(number).encode()})

    collected = await asyncio.gather(*(shelves.accept(one) for one in tasks))

    assert {("all.zip", "cameras.json")} == {one.available_assets for one in collected}
    expected = [str(number).encode() for number in range(20)]
    assert expected == [(root / f"tasks/{number}/assets/cameras.json").read_bytes() for number in range(20)]


async def test_another_jobs_leftover_is_never_gone_on_with(shelves, task):
    old = shelves.download_path(task)
    old.write_bytes(b"half of it")

    new = shelves.download_path(replace(task, job_uuid="9c0c3f0e-4b1f-4f0f-8a53-1e9d2c3b4a55"))

    assert old != new
    assert not old.exists()
    assert new.parent.is_dir()


async def test_what_a_crash_left_of_a_swap_is_not_fetched_into(shelves, task, folder, fetched):
    archive = fetched(task, RESULTS)
    packed = archive.read_bytes()
    await shelves.accept(task)
    archive.parent.mkdir()
    os.link(folder / "assets" / "all.zip", archive)  # The daemon was killed before this name of it was gone.
    shelves.download_path(task).write_bytes(b"the first bytes of")
    assert packed == (folder / "assets" / "all.zip").read_bytes()


@pytest.mark.parametrize("job", ["", "../../../etc/passwd", "a" * 65])
def test_a_job_of_no_plain_name_still_downloads_into_its_folder(shelves, task, folder, job):
    assert folder / "incoming" / "results.zip.part" == shelves.download_path(replace(task, job_uuid=job))


async def test_where_there_are_no_hard_links_the_archive_is_moved(shelves, task, folder, fetched, monkeypatch):
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    packed = fetched(task, RESULTS).read_bytes()

    await shelves.accept(task)

    assert packed == (folder / "assets" / "all.zip").read_bytes()
    assert {"assets"} == leftovers(folder)


async def test_a_moved_archive_goes_back_when_the_swap_cannot_begin(shelves, task, folder, fetched, monkeypatch):
    def refuse(*args: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    path = fetched(task, RESULTS)
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr("orchestrator.files.swap.flush_folder", refuse)

    with pytest.raises(StorageFailed, match="the disk is read-only"):
        await shelves.accept(task)
    assert path.exists()
    assert {"incoming"} == leftovers(folder)
