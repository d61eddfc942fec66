"""A look at the folders of tasks: what lies there that nobody needs, what is missing, and the tidying up."""

import contextlib
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.domain.task import Task
from orchestrator.files.assets import ARCHIVE, BY_NAME, exists
from orchestrator.files.deletion import delete_file, delete_tree
from orchestrator.files.failures import storing
from orchestrator.files.layout import Layout, Shelf, make_folder
from orchestrator.files.swap import settle
from orchestrator.files.workbench import Workbench

QUIET = 600.0
"""Seconds for which nobody must have touched a thing that is called left over: a restart may just have begun."""

_LEFT = ("assets.old", "assets.ready", "assets.new-*", "incoming", "parts", "staging", "upload.json")


class ShelfInspector:
    """Implements ``orchestrator.engine.ports.checkup.ShelfInspection`` below one root folder."""

    def __init__(self, *, root: Path) -> None:
        self._layout = Layout(root)
        self._bench = Workbench(name="files-inspect", threads=1)

    async def close(self) -> None:
        """Let the thread go."""
        await self._bench.close()

    async def folders(self) -> tuple[str, ...]:
        """Give the names of all that lies where task folders lie."""
        with storing("Looking at the folders of tasks"):
            return await self._bench.run(lambda _: tuple(_names(self._layout.tasks)))

    async def leftovers(self, tasks: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Give, by task, what earlier work left."""
        with storing("Looking for what earlier work left"):
            return await self._bench.run(
                lambda _: {task: names for task in tasks if (names := _left(self._layout.shelf(task)))}
            )

    async def missing(self, tasks: Sequence[Task]) -> dict[int, tuple[str, ...]]:
        """Give, by task, the assets that are not there."""
        with storing("Looking at results"):
            return await self._bench.run(lambda _: {task.id: names for task in tasks if (names := self._missing(task))})

    async def tidy(self, task: int) -> None:
        """Delete what earlier work left, once results that were being swapped in are in their place."""
        with storing(f"Tidying up the folder of task {task}"):
            await self._bench.run(lambda _: self._tidy(task))

    async def put_away(self, task: int) -> None:
        """Delete the folder of a task that is no more, or set it aside if it has results, or images sent to us."""
        with storing(f"Putting the folder of task {task} away"):
            await self._bench.run(lambda _: self._put_away(task))

    def _missing(self, task: Task) -> tuple[str, ...]:
        assets = self._layout.shelf(task.id).assets
        known = (name for name in task.available_assets if name in BY_NAME)
        return tuple(name for name in known if not exists(assets, BY_NAME[name]))

    def _tidy(self, task: int) -> None:
        shelf = self._layout.shelf(task)
        settle(shelf)
        # Out of the folder by a rename each: cut short, a deletion would make what is left look as if it were in use.
        away = self._layout.arrivals / f"left-{secrets.token_hex(8)}"
        for name in _left(shelf):
            make_folder(away)
            (shelf.folder / name).rename(away / name)
        delete_tree(away)
        delete_file(self._layout.swaps / str(task))

    def _put_away(self, task: int) -> None:
        shelf = self._layout.shelf(task)
        settle(shelf)
        if not (_names(shelf.assets) or _names(shelf.images)):
            delete_tree(shelf.folder)
            return
        aside = self._layout.root / "set-aside"
        make_folder(aside)
        shelf.folder.rename(aside / f"{task}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(place.name for place in folder.iterdir())
    except FileNotFoundError:
        return []


def _left(shelf: Shelf) -> tuple[str, ...]:
    if not shelf.folder.is_dir():
        return ()
    found = [place for pattern in _LEFT for place in sorted(shelf.folder.glob(pattern))]
    needed = shelf.incoming if _holds_import(shelf) else None
    return tuple(place.name for place in found if _is_quiet(place) and place != needed)


def _holds_import(shelf: Shelf) -> bool:
    """Whether it has the archive of an import that was canceled: a restart needs it, and nobody can fetch it again."""
    archive = shelf.archive("")
    return archive.exists() and archive.stat().st_size > 0 and not (shelf.assets / ARCHIVE).exists()


def _is_quiet(place: Path) -> bool:
    """Whether nobody has touched it for a while; gone meanwhile is nobody's leftover."""
    with contextlib.suppress(FileNotFoundError):
        return time.time() - place.lstat().st_mtime >= QUIET
    return False
