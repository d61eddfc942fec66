"""Drafts over HTTP: a task gets its images one after another, or all at once, and is committed; or it is gone again.

Whatever looks at a draft and then changes its images does so alone: no image slips in between commit and its answer.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from orchestrator.api.ports import RestPorts
from orchestrator.api.rest.commanding import Rejected, settle, settle_named
from orchestrator.api.rest.faults import broken_rule, detail, not_found, wrong_field
from orchestrator.api.rest.task_form import TaskForm
from orchestrator.contract.views import public_task
from orchestrator.domain.commands import CommitTask, CreateTask, SetPendingAction, TaskKey
from orchestrator.domain.errors import FileError
from orchestrator.domain.names import folded
from orchestrator.domain.task import IMPORTED_FILE, PendingAction, Source, Stage, Task
from orchestrator.engine.ports import Albums, Arrived, Chunk

NO_FILE = "You need to upload at least 1 file before commit"

View = dict[str, Any]
T = TypeVar("T")


async def counted(albums: Albums, view: View) -> View:
    """Count the images of a draft, as shown, that came in over HTTP: the task knows them once it is committed.

    A disk that cannot be read just now keeps nobody from seeing the rest.
    """
    if view["stage"] != Stage.DRAFT:
        return view
    try:
        return view | {"images_count": view["images_count"] + await albums.count(view["id"])}
    except FileError:
        return view


class Drafts:
    """What is done with drafts. Every method raises ``Fault``, ``FileError``, ``StoreError``."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports
        self._albums = ports.files.albums
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def begin(self, project: int, form: TaskForm, *, whole: bool = False) -> View:
        """Create a draft; ``whole``: for a request that commits it, too."""
        await self._check_node(form.processing_node)
        fields = form.model_dump(exclude_none=True) | {"project": project, "partial": True}
        return await settle_named(self._ports.desk, "create-task", fields, known={"whole": whole})

    async def begin_whole(self, project: int, form: TaskForm, files: Sequence[Arrived]) -> View:
        """Create a task with all its images, or none."""
        draft = await self.begin(project, form, whole=True)

        async def fill(task: int) -> tuple[Source, ...]:
            await self._albums.place(task, files)
            return await self._albums.sources(task)

        return await self._filled(draft["id"], fill)

    async def begin_import(self, project: int, *, name: str, url: str, archive: Arrived | None) -> View:
        """Create a task that takes over finished results."""
        command = CreateTask(
            project=project, name=name, partial=True, whole=True, import_url=url or IMPORTED_FILE,
            auto_processing_node=False,
        )  # fmt: skip
        draft = await settle(self._ports.desk, command)

        async def fill(task: int) -> tuple[Source, ...]:
            if archive is not None:
                await self._albums.place_archive(task, archive)
            return ()

        return await self._filled(draft["id"], fill)

    async def import_piece(self, project: int, *, name: str, archive: Arrived, chunk: Chunk) -> View | None:
        """Take a piece of an archive; once all are there, give the task that takes over what is in it.

        Its reference tells the pieces of one archive from those of others, also for another daemon or after a restart.
        """
        digest = hashlib.sha256(f"{project}\0{chunk.upload}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        command = CreateTask(
            project=project, name=name, partial=True, import_url=IMPORTED_FILE, auto_processing_node=False,
            reference=f"import-{digest}",
        )  # fmt: skip
        draft = await settle(self._ports.desk, command)
        if draft["stage"] != Stage.DRAFT:
            # All are there, and one came again because its answer was lost: with it perhaps what follows the commit.
            await self._albums.settle(draft["id"])
            return draft
        async with self._lock(draft["id"]):
            if not await self._placed(draft["id"], self._albums.place_archive_chunk(draft["id"], archive, chunk)):
                return None
            view = await self._commit(draft["id"], ())
            await self._albums.settle(draft["id"])
            return view

    async def place(self, task: int, files: Sequence[Arrived], chunk: Chunk | None) -> dict[str, int]:
        """Give a draft more files, or a piece of one; gives the sizes of those that are whole, by name."""
        async with self._lock(task):
            self._draft(await self._ports.library.task(task))
            if chunk is None:
                placing = self._albums.place(task, files)
            else:
                placing = self._albums.place_chunk(task, files[0], chunk)
            return dict(await self._placed(task, placing))

    async def commit(self, task: int) -> View:
        """Let a draft begin. A task that has begun is shown as it is."""
        async with self._lock(task):
            found = await self._ports.library.task(task)
            if found and not found.partial and found.stage is not Stage.REMOVING:
                return public_task(found)
            sources = await self._albums.sources(task)
            if found and found.stage is Stage.DRAFT and not (sources or await self._ports.files.sources(task)):
                raise broken_rule(NO_FILE)
            if found and found.stage is Stage.DRAFT:
                # Ahead of the commit: afterwards the task takes no more images, and nobody would come back for this.
                await self._albums.settle(task)
            return await self._commit(task, sources)

    async def duplicate(self, task: Task) -> View:
        """Create a task with the same images."""
        sources = await self._ports.files.sources(task.id)
        if task.stage is Stage.REMOVING:
            raise not_found()
        if task.stage is Stage.DRAFT or not sources:
            what = "is a draft, whose images are still to come" if task.stage is Stage.DRAFT else "has no images"
            raise detail(409, f"task {task.id} {what}: there is nothing to make a task of")
        draft = await settle(self._ports.desk, _same(task, await self._node_of(task)))

        async def fill(new: int) -> tuple[Source, ...]:
            there = {folded(source.name) for source in await self._ports.files.sources(new)}
            wanted = [source for source in sources if folded(source.name) not in there]
            return await self._albums.copy(wanted, of=task.id, to=new)

        return await self._filled(draft["id"], fill)

    # ------------------------------------------------------------------------------------------------------ parts

    def _lock(self, task: int) -> asyncio.Lock:
        return self._locks.setdefault(task, asyncio.Lock())

    async def _filled(self, task: int, fill: Callable[[int], Awaitable[tuple[Source, ...]]]) -> View:
        """Commit a draft with these files; if that cannot be, take it away."""
        try:
            async with self._lock(task):
                return await self._commit(task, await self._placed(task, fill(task)))
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(self._take_away(task)))
            raise

    async def _commit(self, task: int, sources: Sequence[Source]) -> View:
        return await settle(self._ports.desk, CommitTask(task=TaskKey(id=task), sources=tuple(sources)), own=True)

    async def _take_away(self, task: int) -> None:
        """Remove it, and what came after somebody else had removed it."""
        removal = SetPendingAction(task=TaskKey(id=task), pending_action=PendingAction.REMOVE)
        with contextlib.suppress(Rejected):  # It is gone.
            await settle(self._ports.desk, removal)
        await self._albums.drop(task)

    def _draft(self, task: Task | None) -> None:
        if task is None:
            raise not_found()
        if task.stage is not Stage.DRAFT:
            raise detail(409, f"task {task.id} takes no more images: it was committed, or it is being removed")

    async def _placed(self, task: int, placing: Awaitable[T]) -> T:
        """Wait for files of a draft to be placed; that it went meanwhile is no fault of the disk."""
        try:
            placed = await placing
        except FileError:
            await self._still_there(task)
            raise
        await self._still_there(task)
        return placed

    async def _still_there(self, task: int) -> None:
        """Leave nothing behind for a draft that was removed while its images came.

        One may have been committed, too, over the bus or by another daemon: that one needs what it has.
        """
        found = await self._ports.library.task(task)
        if found is None or found.stage is Stage.REMOVING:
            await self._albums.drop(task)
        self._draft(found)

    async def _check_node(self, node: int | None) -> None:
        if node is not None and node not in {each.id for each in await self._ports.library.nodes()}:
            raise wrong_field("processing_node", f'Invalid pk "{node}" - object does not exist.')

    async def _node_of(self, task: Task) -> int | None:
        if task.auto_processing_node or task.processing_node is None:
            return None
        if task.processing_node not in {each.id for each in await self._ports.library.nodes()}:
            raise detail(409, f"processing node {task.processing_node}, which task {task.id} is for, is no more")
        return task.processing_node


def _same(task: Task, node: int | None) -> CreateTask:
    return CreateTask(
        project=task.project,
        name=task.name,
        options=task.options,
        processing_node=node,
        auto_processing_node=task.auto_processing_node,
        priority=task.priority,
        ground_control_points=task.ground_control_points,
        resize_to=task.resize_to,
        tags=task.tags,
        partial=True,
        whole=True,
    )
