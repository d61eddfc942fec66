"""Images on their way in: what commands name is resolved here, and each file is made ready to send."""

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from orchestrator.domain.errors import SourceFailed, SourceHindered
from orchestrator.domain.names import folded
from orchestrator.domain.problem import Problem, invalid_field
from orchestrator.domain.task import Source, Task
from orchestrator.engine.ports import OutgoingFile
from orchestrator.files import points
from orchestrator.files.addresses import Local, Unusable, Web, parse
from orchestrator.files.assets import ARCHIVE
from orchestrator.files.failures import reading, storing
from orchestrator.files.fetch import Fetcher, FetchLimits
from orchestrator.files.layout import Layout
from orchestrator.files.names import can_resize, is_gcp, suffix_of
from orchestrator.files.reading import check_size, read_pieces
from orchestrator.files.roots import ImportRoots
from orchestrator.files.shares import Shares
from orchestrator.files.sources import MAX_FILES, Expansion, NeedsThread
from orchestrator.files.staging import copied, staged_name, store
from orchestrator.files.workbench import Stop, Workbench

INLINE_FILES = 8
"""So many files at most are looked at without a thread: a look costs less than a thread's turn."""

LISTING_DEADLINE = 60.0
"""Seconds that looking at what one command names may take."""


class ImageFiles:
    """Implements ``orchestrator.engine.ports.Images`` on local folders and http(s) addresses."""

    def __init__(
        self,
        *,
        root: Path,
        import_roots: Sequence[Path] = (),
        uploads: Path | None = None,
        limits: FetchLimits | None = None,
        archive_limits: FetchLimits | None = None,
        max_files: int = MAX_FILES,
        listing_deadline: float = LISTING_DEADLINE,
        shares: Shares | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._roots = ImportRoots(import_roots, uploads=uploads)
        self._max_files = max_files
        self._listing_deadline = listing_deadline
        self._lookers = Workbench(name="files-look", threads=4)
        self._workers = Workbench(name="files-stage", threads=min(4, os.cpu_count() or 1))
        self._shares = shares or Shares()
        self._archives = Fetcher(limits=archive_limits or FetchLimits(), bench=self._workers)
        self._fetcher = Fetcher(limits=limits or FetchLimits(), bench=self._workers)

    async def fetch_archive(self, url: str, target: Path) -> None:
        """Fetch an archive of results. Raises ``SourceFailed``, ``SourceHindered``, ``StorageFailed``."""
        await self._archives.fetch(Source(uri=url, name=ARCHIVE), target)

    async def expand(
        self, sources: Sequence[Source], *, taken: Sequence[str] = (), own: bool = False
    ) -> tuple[Source, ...] | Problem:
        """Resolve what a command names into single files with unique names, or say what is wrong with which."""
        share = self._share_of(sources)
        if len(sources) <= INLINE_FILES and share is None:
            try:
                return self._expansion(taken, None, own=own).run(sources)
            except NeedsThread:
                pass

        def look(stop: Stop) -> tuple[Source, ...] | Problem:
            return self._expansion(taken, stop, own=own).run(sources)

        try:
            if share:
                return await self._shares.ask(share, look, deadline=self._listing_deadline)
            async with asyncio.timeout(self._listing_deadline):
                return await self._lookers.ask(look)
        except SourceHindered as error:
            return invalid_field("images", str(error))
        except TimeoutError:
            return invalid_field(
                "images", f"looking at the files took more than {self._listing_deadline:g} s: is a network share away?"
            )

    async def stage(self, task: Task, source: Source, *, resize_to: int, among: Sequence[Source] = ()) -> OutgoingFile:
        """Make one file ready to send. Raises ``SourceFailed``, ``SourceHindered`` and ``StorageFailed``."""
        if (share := self._share_of([source])) and not (resize_to > 0 and _changes_in_size(source)):
            return await self._from_share(source, share)
        open_file = await self._opener(task, source)
        size = _size(open_file, name=source.name, expected=source.size)
        copy = None
        if resize_to > 0 and not source.side and can_resize(source.name):
            copy = await self._resized(task, source, open_file=open_file, resize_to=resize_to)
        elif resize_to > 0 and source.side and is_gcp(source.name) and size <= points.MOST:
            copy = await self._moved(task, source, open_file=open_file, resize_to=resize_to, among=among)
        if copy is not None:
            open_file = partial(_open_own, copy, source.name)
            size = _size(open_file, name=source.name, expected=-1)
        return OutgoingFile(
            name=source.name, size=size, chunks=partial(read_pieces, open_file, name=source.name, size=size)
        )

    async def close(self) -> None:
        """Close connections and let threads go."""
        await self._archives.close()
        await self._fetcher.close()
        await self._lookers.close()
        await self._workers.close()

    def _expansion(self, taken: Sequence[str], stop: Stop | None, *, own: bool) -> Expansion:
        return Expansion(self._roots, taken=taken, own=own, stop=stop, max_files=self._max_files)

    async def _opener(self, task: Task, source: Source) -> Callable[[], int]:
        match _address(source):
            case Local(path):
                if share := self._share_of([source]):
                    return await self._copied(task, source, share)
                return partial(self._roots.open, path, name=source.name)
            case Web(url):
                fetched = self._layout.shelf(task.id).staging / staged_name("fetched", url, suffix=_suffix(source))
                if not fetched.exists():
                    await self._fetcher.fetch(source, fetched)
                return partial(_open_own, fetched, source.name)

    def _share_of(self, sources: Sequence[Source]) -> str | None:
        """Give the first share that one of the files leads to."""
        paths = (path for source in sources if (path := _path_of(source)))
        if len(sources) > INLINE_FILES:
            paths = (path for path in dict.fromkeys(path.rpartition("/")[0] for path in paths))
        return self._shares.first_of(paths)

    async def _from_share(self, source: Source, share: str) -> OutgoingFile:
        path = _path_of(source)
        assert path is not None, "only files lie on shares"
        open_file = partial(self._roots.open, path, name=source.name)
        size = await self._shares.ask(share, lambda _: _size(open_file, name=source.name, expected=source.size))
        read = partial(self._shares.read, share, open_file, name=source.name, size=size)
        return OutgoingFile(name=source.name, size=size, chunks=read)

    async def _copied(self, task: Task, source: Source, share: str) -> Callable[[], int]:
        """Bring a file from a share to the disk, so that nothing else has to wait for the share."""
        name = staged_name("copied", source.uri, suffix=_suffix(source))
        target = self._layout.shelf(task.id).staging / name
        if not target.exists():
            file = await self._from_share(source, share)
            await copied(file.chunks(), target, name=source.name)
        return partial(_open_own, target, source.name)

    async def _resized(
        self, task: Task, source: Source, *, open_file: Callable[[], int], resize_to: int
    ) -> Path | None:
        name = staged_name("resized", source.uri, resize_to, suffix=_suffix(source))
        target = self._layout.shelf(task.id).staging / name

        def work(stop: Stop) -> bool:
            from orchestrator.files.resize import smaller_copy  # noqa: PLC0415  (Pillow is large, and seldom needed)

            with os.fdopen(open_file(), "rb") as file:
                return smaller_copy(file, target, longest=resize_to, name=source.name, stop=stop)

        return target if target.exists() or await self._workers.run(work) else None

    async def _moved(
        self, task: Task, source: Source, *, open_file: Callable[[], int], resize_to: int, among: Sequence[Source]
    ) -> Path | None:
        """Move ground control points along with the images in which they were marked."""
        with reading(source.name):
            data = await self._workers.run(lambda _: _whole(open_file))
        marked = points.images_of(data)
        scales: dict[str, float] = {}
        for image in among:
            if not image.side and folded(image.name) in marked and can_resize(image.name):
                scales[folded(image.name)] = await self._scale(task, image, longest=resize_to)
        if all(scale == 1.0 for scale in scales.values()):
            return None
        target = self._layout.shelf(task.id).staging / staged_name("moved", source.uri, resize_to, suffix="txt")
        with storing(f"Storing the ground control points of {source.name}"):
            await self._workers.run(lambda _: store(points.scaled(data, scales), target))
        return target

    async def _scale(self, task: Task, image: Source, *, longest: int) -> float:
        open_file = await self._opener(task, image)

        def work(_: Stop) -> float:
            from orchestrator.files.resize import scale_of  # noqa: PLC0415  (As above.)

            with os.fdopen(open_file(), "rb") as file:
                return scale_of(file, longest=longest)

        return await self._workers.run(work)


def _address(source: Source) -> Local | Web:
    try:
        return parse(source.uri)
    except Unusable as unusable:
        raise SourceFailed(str(unusable)) from unusable


def _changes_in_size(source: Source) -> bool:
    """Whether a file is made anew when images are made smaller."""
    return is_gcp(source.name) if source.side else can_resize(source.name)


def _path_of(source: Source) -> str | None:
    try:
        address = parse(source.uri)
    except Unusable:
        return None
    return address.path if isinstance(address, Local) else None


def _size(open_file: Callable[[], int], *, name: str, expected: int) -> int:
    descriptor = open_file()
    try:
        return check_size(descriptor, name=name, size=expected)
    finally:
        os.close(descriptor)


def _open_own(path: Path, name: str) -> int:
    with reading(name):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise SourceFailed(f"{name} is not a regular file.")


def _whole(open_file: Callable[[], int]) -> bytes:
    with os.fdopen(open_file(), "rb") as file:
        return file.read(points.MOST)


def _suffix(source: Source) -> str:
    return suffix_of(source.name) or "bin"
