"""Whatever instant a crash hits, afterwards there are whole results: the old ones or the new."""

from pathlib import Path

import pytest

from orchestrator.files import TaskShelves, swap
from orchestrator.files.layout import Shelf

OLD, NEW = b"old", b"new"


class Killed(BaseException):
    """The process ends here."""


def lay(folder: Path, data: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "cameras.json").write_bytes(data)


def kill_at(monkeypatch: pytest.MonkeyPatch, fatal: int) -> list[str]:
    """Die at the nth change of the disk that a swap makes; give the list of what was done."""
    done: list[str] = []

    def watched(name: str, real):
        def step(*args: object, **kwargs: object) -> object:
            if len(done) == fatal:
                raise Killed
            done.append(name)
            return real(*args, **kwargs)

        return step

    for name in ("rename", "touch", "unlink", "replace"):
        monkeypatch.setattr(Path, name, watched(name, getattr(Path, name)))
    monkeypatch.setattr("os.link", watched("link", __import__("os").link))
    monkeypatch.setattr("os.unlink", watched("os.unlink", __import__("os").unlink))
    return done


@pytest.mark.parametrize("fatal", range(12))
@pytest.mark.parametrize("has_old", [True, False])
async def test_a_swap_killed_at_any_step_is_made_good_at_the_next_start(
    root, task, fetched, shelves, folder, *, fatal, has_old
):
    if has_old:
        fetched(task, {"cameras.json": OLD})
        await shelves.accept(task)
    fetched(task, {"cameras.json": NEW})

    with pytest.MonkeyPatch.context() as patch:
        done = kill_at(patch, fatal)
        try:
            await shelves.accept(task)
        except Killed:
            pass
        else:
            assert len(done) <= fatal

    after = TaskShelves(root=root)
    await after.recover()
    results = folder / "assets"
    if has_old or results.exists():
        assert (results / "cameras.json").read_bytes() in {OLD, NEW}
        assert (results / "all.zip").is_file()
    assert [] == list(folder.glob("assets.ready")) + list(folder.glob("assets.old"))
    assert [] == list(root.glob("swaps/*"))

    fetched(task, {"cameras.json": NEW})
    await after.accept(task)
    assert NEW == (results / "cameras.json").read_bytes()
    assert ["assets"] == [path.name for path in folder.iterdir()]
    await after.close()


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"assets": OLD}, OLD),
        ({"assets": OLD, "assets.ready": NEW}, NEW),
        ({"assets.old": OLD, "assets.ready": NEW}, NEW),
        ({"assets.old": OLD}, OLD),
        ({"assets.old": OLD, "assets": NEW}, NEW),
        ({"assets.old": b"older", "assets": OLD, "assets.ready": NEW}, NEW),
        ({"assets.ready": NEW}, NEW),
    ],
)
def test_every_half_done_state_has_one_way_out(folder, before, expected):
    for name, data in before.items():
        lay(folder / name, data)

    swap.settle(Shelf(folder))
    swap.clear(Shelf(folder))

    assert expected == (folder / "assets" / "cameras.json").read_bytes()
    assert ["assets"] == [path.name for path in folder.iterdir()]


async def test_recovery_looks_only_at_tasks_that_were_being_swapped(root, shelves):
    lay(root / "tasks/1/assets.ready", NEW)
    lay(root / "tasks/2/assets.ready", NEW)
    (root / "swaps").mkdir()
    (root / "swaps" / "1").touch()
    (root / "swaps" / "3").touch()  # A task that has been removed since.

    await shelves.recover()

    assert (root / "tasks/1/assets").is_dir()
    assert (root / "tasks/2/assets.ready").is_dir()
    assert [] == list((root / "swaps").iterdir())


async def test_recovery_of_nothing_is_nothing(shelves, root):
    await shelves.recover()

    assert ["daemons.lock"] == [path.name for path in root.iterdir()]


async def test_swaps_are_left_alone_while_another_daemon_is_at_work(root, shelves):
    await shelves.recover()
    lay(root / "tasks/1/assets.ready", NEW)
    (root / "swaps").mkdir()
    (root / "swaps" / "1").touch()
    second, third = TaskShelves(root=root), TaskShelves(root=root)
    await second.recover()
    assert (root / "tasks/1/assets.ready").is_dir()

    await shelves.close()
    await second.close()
    await third.recover()
    assert (root / "tasks/1/assets").is_dir()
    await third.close()


async def test_half_extracted_results_of_a_crash_are_cleared_by_the_next(shelves, task, folder, fetched):
    fetched(task, {"cameras.json": NEW})
    lay(folder / "assets.new-1", b"half")
    lay(folder / "assets.new-3", b"half")

    await shelves.accept(task)

    assert ["assets"] == [path.name for path in folder.iterdir()]
