"""Local files made ready to send: opened under the roots, read in pieces, never whole."""

import errno
import os
import tracemalloc
from pathlib import Path

import pytest

from orchestrator.domain.errors import SourceFailed, SourceHindered
from orchestrator.domain.task import Source, Task
from orchestrator.engine.ports import OutgoingFile
from orchestrator.files import ImageFiles


async def source(images: ImageFiles, path: Path) -> Source:
    found = await images.expand([Source(str(path), "")])
    assert isinstance(found, tuple)
    return found[0]


async def content(file: OutgoingFile) -> bytes:
    return b"".join([piece async for piece in file.chunks()])


def open_files(folder: Path) -> list[Path]:
    """Give the descriptors of files of a folder: what other tests left open may be closed at any time."""
    return [each for each in Path("/proc/self/fd").iterdir() if each.resolve().is_relative_to(folder)]


async def failure(images: ImageFiles, task: Task, one: Source) -> str:
    with pytest.raises(SourceFailed) as caught:
        await images.stage(task, one, resize_to=-1)
    return str(caught.value)


async def test_a_file_is_given_with_its_size_and_can_be_read_again(images, flight, task):
    data = os.urandom(600_000)
    (flight / "a.jpg").write_bytes(data)

    file = await images.stage(task, await source(images, flight / "a.jpg"), resize_to=-1)

    assert ("a.jpg", 600_000) == (file.name, file.size)
    assert data == await content(file)
    assert [262144, 262144, 75712] == [len(piece) async for piece in file.chunks()]


async def test_a_large_file_is_never_in_memory_as_a_whole(images, flight, task):
    with (flight / "a.tif").open("wb") as sparse:
        sparse.truncate(64 * 1024 * 1024)
    file = await images.stage(task, await source(images, flight / "a.tif"), resize_to=-1)

    tracemalloc.start()
    async for _ in file.chunks():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 2 * 1024 * 1024 > peak


async def test_a_file_that_vanished_or_changed_fails_by_its_name(images, flight, task):
    path = flight / "a.jpg"
    path.write_bytes(b"12345")
    one = await source(images, path)

    path.write_bytes(b"1234567")
    expected = "a.jpg has changed since the task was created: 7 bytes instead of 5."
    assert expected == await failure(images, task, one)
    path.unlink()
    assert "a.jpg is missing: it was there when the task was created." == await failure(images, task, one)


async def test_a_file_that_shrinks_while_it_is_sent_fails(images, flight, task):
    path = flight / "a.jpg"
    path.write_bytes(b"1" * 600_000)
    file = await images.stage(task, await source(images, path), resize_to=-1)

    pieces = file.chunks()
    await anext(pieces)
    os.truncate(path, 300_000)
    with pytest.raises(SourceFailed, match="became shorter while it was sent"):
        async for _ in pieces:
            pass


async def test_a_link_put_in_place_of_the_file_or_its_folder_is_not_followed(images, flight, tmp_path, task):
    (tmp_path / "secret").mkdir()
    for folder in (flight, tmp_path / "secret"):
        (folder / "a.jpg").write_bytes(b"12345")
    one = await source(images, flight / "a.jpg")
    file = await images.stage(task, one, resize_to=-1)

    (flight / "a.jpg").unlink()
    (flight / "a.jpg").symlink_to(tmp_path / "secret" / "a.jpg")
    assert "a.jpg has become a symbolic link" in await failure(images, task, one)
    with pytest.raises(SourceFailed):
        await content(file)

    flight.rename(tmp_path / "srv" / "away")
    flight.symlink_to(tmp_path / "secret")
    assert "a.jpg" in await failure(images, task, one)


async def test_a_special_file_put_in_place_of_the_file_is_not_read(images, flight, task):
    (flight / "a.jpg").write_bytes(b"12345")
    one = await source(images, flight / "a.jpg")
    (flight / "a.jpg").unlink()
    os.mkfifo(flight / "a.jpg")

    assert "a.jpg is not a regular file any more." == await failure(images, task, one)


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "file://{}/../../etc/passwd", "relative.jpg"])
async def test_a_stored_address_outside_the_roots_is_not_opened(images, flight, task, uri):
    assert await failure(images, task, Source(uri.format(flight), "a.jpg"))


async def test_a_disk_that_does_not_answer_just_now_hinders_only(images, flight, task, monkeypatch):
    (flight / "a.jpg").write_bytes(b"12345")
    file = await images.stage(task, await source(images, flight / "a.jpg"), resize_to=-1)

    def broken(descriptor: int, length: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(SourceHindered, match=r"a\.jpg could not be read just now"):
        await content(file)


async def test_no_descriptor_stays_open(images, flight, task):
    (flight / "a.jpg").write_bytes(b"1" * 600_000)
    file = await images.stage(task, await source(images, flight / "a.jpg"), resize_to=-1)
    pieces = file.chunks()
    await anext(pieces)
    assert open_files(flight)
    await pieces.aclose()
    await content(file)

    assert not open_files(flight)
