"""Network shares: nothing on them is waited for without a deadline, and what is away holds up no one else."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.errors import SourceFailed, SourceHindered
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Source
from orchestrator.files import ImageFiles, shares
from orchestrator.files.mounts import Mounts
from orchestrator.files.roots import ImportRoots
from orchestrator.files.shares import Shares


def table(folder: Path, *mounts: tuple[Path | str, str]) -> Path:
    """Write a table of mounts, with a disk at / ahead of all."""
    path = folder / "mountinfo"
    rows = [("/", "ext4"), *mounts]
    lines = [
        f"{number} 1 0:{number} / {str(point).replace(' ', chr(92) + '040')} rw shared:1 - {kind} source rw\n"
        for number, (point, kind) in enumerate(rows)
    ]
    path.write_text("".join(lines))
    return path


@pytest.fixture
async def shared(tmp_path: Path, flight: Path):
    """Images of which the flight's folder is said to lie on a share."""
    waiting = Shares(deadline=0.2, table=table(tmp_path, (flight, "nfs4")))
    files = ImageFiles(
        root=tmp_path / "data", import_roots=[flight.parent], shares=waiting, listing_deadline=0.2,
    )  # fmt: skip
    yield files
    await files.close()


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object, str], None]]:
    """Have calls hang that would ask the share, as the kernel does while it is away; at the end it is back."""
    back = threading.Event()

    def hang(where: object, name: str) -> None:
        real = getattr(where, name)

        def hanging(*args: object, **fields: object) -> object:
            back.wait(30)
            return real(*args, **fields)

        monkeypatch.setattr(where, name, hanging)

    yield hang
    back.set()


async def found(images: ImageFiles, *paths: Path) -> list[Source]:
    sources = await images.expand([Source(str(path), "") for path in paths])
    assert isinstance(sources, tuple), sources
    return list(sources)


# --------------------------------------------------------------------------------------------- which paths are on one


def test_a_path_is_on_the_share_that_is_mounted_nearest_above_it(tmp_path: Path):
    mounts = Mounts(
        table(tmp_path, ("/mnt/a b", "nfs"), ("/mnt/a b/disk", "ext4"), ("/mnt/cloud", "fuse.rclone"), ("/x", "ext4"))
    )
    assert "/mnt/a b" == mounts.share_of("/mnt/a b/flight/1.jpg")
    assert "/mnt/a b" == mounts.share_of("/mnt/./a b")
    assert "/mnt/cloud" == mounts.share_of("/mnt/x/../cloud/1.jpg")
    assert [None, None, None] == [mounts.share_of(path) for path in ("/mnt/a bc/1.jpg", "/x/1.jpg", "/1.jpg")]


def test_what_is_mounted_last_on_a_point_is_what_is_seen(tmp_path: Path):
    mounts = Mounts(table(tmp_path, ("/mnt", "autofs"), ("/mnt", "ext4"), ("/srv", "ext4"), ("/srv", "cifs")))
    assert (None, "/srv") == (mounts.share_of("/mnt/1.jpg"), mounts.share_of("/srv/1.jpg"))


def test_links_are_followed_to_the_share_without_a_look_at_it(tmp_path: Path):
    away = tmp_path / "mnt"
    (tmp_path / "absolute").symlink_to(away / "in")
    (tmp_path / "relative").symlink_to("absolute/deeper")
    (tmp_path / "round").symlink_to("round")
    mounts = Mounts(table(tmp_path, (away, "nfs")))
    assert str(away) == mounts.share_of(f"{tmp_path}/relative/1.jpg")
    assert mounts.share_of(f"{tmp_path}/round/1.jpg") is None


def test_without_a_table_of_mounts_nothing_is_on_a_share(tmp_path: Path):
    mounts = Mounts(tmp_path / "nowhere")
    assert not mounts.any_share()
    assert mounts.share_of("/mnt/1.jpg") is None


# ------------------------------------------------------------------------------------------------------ while it works


async def test_files_on_a_share_are_found_and_read_like_others(shared, flight, task):
    data = os.urandom(2_500_000)
    (flight / "a.jpg").write_bytes(data)
    [one] = await found(shared, flight / "a.jpg")
    assert [one] == await found(shared, flight)
    file = await shared.stage(task, one, resize_to=-1)
    pieces = [piece async for piece in file.chunks()]
    assert (data, [1048576, 1048576, 402848]) == (b"".join(pieces), [len(piece) for piece in pieces])


async def test_an_image_on_a_share_is_copied_before_it_is_made_smaller(shared, flight, task, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 32)).save(flight / "a.jpg")
    [one] = await found(shared, flight / "a.jpg")
    for _ in range(2):
        file = await shared.stage(task, one, resize_to=16)
        (tmp_path / "small.jpg").write_bytes(b"".join([piece async for piece in file.chunks()]))
        with Image.open(tmp_path / "small.jpg") as small:
            assert (16, 8) == small.size


async def test_ground_control_points_on_a_share_move_along_with_their_images(shared, flight, task):
    from PIL import Image

    Image.new("RGB", (64, 32)).save(flight / "a.jpg")
    (flight / "gcp_list.txt").write_text("EPSG:4326\n1 2 3 32 16 a.jpg\n")
    photo, side = await found(shared, flight)
    file = await shared.stage(task, side, resize_to=16, among=[photo, side])
    moved = b"".join([piece async for piece in file.chunks()]).decode().splitlines()[1].split()
    assert [8.0, 4.0] == [float(number) for number in moved[3:5]]


async def test_a_file_on_a_share_that_shrinks_while_it_is_sent_fails(shared, flight, task):
    (flight / "a.jpg").write_bytes(b"1" * 2_500_000)
    [one] = await found(shared, flight / "a.jpg")
    pieces = (await shared.stage(task, one, resize_to=-1)).chunks()
    await anext(pieces)
    os.truncate(flight / "a.jpg", 1_000_000)
    with pytest.raises(SourceFailed, match=r"a\.jpg became shorter while it was sent"):
        await anext(pieces)


# ----------------------------------------------------------------------------------------------------- while it is away


async def test_a_share_that_is_away_refuses_a_command_and_is_not_asked_again_at_once(shared, flight, gone):
    gone(ImportRoots, "locate")
    source = Source(str(flight / "a.jpg"), "")
    for words in ("did not answer within 0.2 s", "does not answer"):
        problem = await shared.expand([source])
        assert isinstance(problem, Problem)
        assert f"The network share {flight} {words}." == problem.errors[0].message


async def test_a_share_that_does_not_even_say_that_it_is_there_is_not_waited_for_as_long(tmp_path, flight, gone):
    gone(os, "statvfs")
    waiting = Shares(knock=0.1, table=table(tmp_path, (flight, "nfs4")))
    images = ImageFiles(root=tmp_path / "data", import_roots=[flight.parent], shares=waiting)
    problem = await images.expand([Source(str(flight / "a.jpg"), "")])
    assert isinstance(problem, Problem)
    assert f"The network share {flight} did not answer within 0.1 s." == problem.errors[0].message
    await images.close()


async def test_a_share_whose_statistics_fail_is_there(shared, flight, monkeypatch):
    def failing(path):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "statvfs", failing)
    (flight / "a.jpg").write_bytes(b"1")
    assert 1 == len(await found(shared, flight / "a.jpg"))


async def test_a_share_that_is_away_hinders_an_upload_before_or_within_a_file(shared, flight, task, gone, monkeypatch):
    monkeypatch.setattr(shares, "REST", 0)
    (flight / "a.jpg").write_bytes(b"1" * 2_500_000)
    [one] = await found(shared, flight / "a.jpg")
    pieces = (await shared.stage(task, one, resize_to=-1)).chunks()
    await anext(pieces)
    gone(shares, "_piece")
    with pytest.raises(SourceHindered, match=r"did not answer within 0\.2 s"):
        await anext(pieces)
    gone(ImportRoots, "open")
    with pytest.raises(SourceHindered, match=r"did not answer within 0\.2 s"):
        await shared.stage(task, one, resize_to=-1)


async def test_a_file_that_opens_when_nobody_waits_any_more_is_closed(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"12345")
    back, closed, close = threading.Event(), threading.Event(), os.close
    opened: list[int] = []

    def slow() -> int:
        back.wait(30)
        opened.append(os.open(tmp_path / "a.jpg", os.O_RDONLY))
        return opened[0]

    def noted(descriptor: int) -> None:
        close(descriptor)
        if descriptor in opened:
            closed.set()

    waiting = Shares(deadline=0.2)
    with pytest.raises(SourceHindered):
        await anext(waiting.read("/mnt", slow, name="a.jpg", size=5))
    monkeypatch.setattr(os, "close", noted)
    back.set()
    assert await asyncio.to_thread(closed.wait, 30)


async def test_a_copy_that_is_broken_off_leaves_nothing(shared, flight, task, gone, tmp_path):
    (flight / "a.jpg").write_bytes(b"12345")
    [one] = await found(shared, flight / "a.jpg")
    gone(shares, "_piece")
    with pytest.raises(SourceHindered):
        await shared.stage(task, one, resize_to=16)
    assert [] == [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


async def test_disks_are_not_held_up_by_a_share_that_is_away(tmp_path, flight, monkeypatch):
    (flight / "a.jpg").write_bytes(b"12345")
    share, back, locate = tmp_path / "mnt", threading.Event(), ImportRoots.locate
    waiting = Shares(deadline=30, table=table(tmp_path, (share, "cifs")))
    images = ImageFiles(root=tmp_path / "data", import_roots=[flight, share], shares=waiting)

    def hanging(roots: ImportRoots, path: str, **fields: Any) -> object:
        if path.startswith(str(share)):
            back.wait(30)
        return locate(roots, path, **fields)

    monkeypatch.setattr(ImportRoots, "locate", hanging)
    asked = [asyncio.create_task(images.expand([Source(f"{share}/{number}.jpg", "")])) for number in range(40)]
    await asyncio.sleep(0)
    assert ["a.jpg"] == [one.name for one in await found(images, flight)]
    assert not any(each.done() for each in asked)
    back.set()
    assert all(isinstance(each, Problem) for each in await asyncio.gather(*asked))
    await images.close()


async def test_work_that_hangs_keeps_neither_its_caller_nor_the_end_of_the_daemon_waiting(tmp_path):
    """A pool's threads would: the interpreter waits for them as it ends."""
    program = (
        "import asyncio, threading\n"
        "from orchestrator.files.shares import Shares\n"
        "async def main():\n"
        "    for _ in range(2):\n"
        "        try: await Shares(deadline=0.1).ask('/mnt', lambda _: threading.Event().wait())\n"
        "        except Exception as error: print(error)\n"
        "asyncio.run(main())\n"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(50):
        said, _ = await child.communicate()
    assert ["The network share /mnt did not answer within 0.1 s."] * 2 == said.decode().splitlines()
    assert 0 == child.returncode


async def test_an_answer_that_comes_after_the_end_of_the_loop_is_nobodys(tmp_path):
    back = threading.Event()

    def ask() -> None:
        with pytest.raises(SourceHindered):
            asyncio.run(Shares(deadline=0.1).ask("/mnt", lambda _: back.wait(30)))

    before = set(threading.enumerate())
    await asyncio.to_thread(ask)
    hanging = [thread for thread in threading.enumerate() if thread.name == "files-share" and thread not in before]
    back.set()
    for thread in hanging:
        await asyncio.to_thread(thread.join, 30)
        assert not thread.is_alive()
