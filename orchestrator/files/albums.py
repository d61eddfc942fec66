"""The images of a task that came in over HTTP: a folder that goes with it; names are unique in any case."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.domain.errors import FileTooLarge, SourceFailed
from orchestrator.domain.names import folded
from orchestrator.domain.task import Source
from orchestrator.engine.ports import Arrived, Chunk
from orchestrator.files.addresses import file_uri
from orchestrator.files.chunks import Jigsaw
from orchestrator.files.deletion import delete_file, delete_tree
from orchestrator.files.failures import storing
from orchestrator.files.layout import Layout, flush_folder, link, make_folder
from orchestrator.files.names import is_image
from orchestrator.files.sources import MAX_FILES
from orchestrator.files.workbench import Stop, Workbench


class TaskAlbums:
    """Implements ``orchestrator.engine.ports.Albums`` below one root folder. One call for a task at a time."""

    def __init__(self, *, root: Path, max_file_bytes: int, max_archive_bytes: int) -> None:
        self._layout = Layout(root)
        self._max_file_bytes = max_file_bytes
        self._max_archive_bytes = max_archive_bytes
        self.max_files = MAX_FILES
        self._bench = Workbench(name="files-album", threads=4)

    async def close(self) -> None:
        """Let the threads go."""
        await self._bench.close()

    async def place(self, task: int, files: Sequence[Arrived]) -> Mapping[str, int]:
        """Put files among the task's images, in place of those of their names."""
        with storing(f"Storing images of task {task}"):
            return await self._bench.run(lambda _: self._place(task, [(it.path, it.name, it.size) for it in files]))

    async def place_chunk(self, task: int, file: Arrived, chunk: Chunk) -> Mapping[str, int]:
        """Put a piece of a file where it belongs."""
        _check_end(file, chunk, limit=self._max_file_bytes)
        with storing(f"Storing a part of {file.name}"):
            return await self._bench.run(lambda _: self._place_chunk(task, file, chunk))

    async def place_archive(self, task: int, file: Arrived) -> None:
        """Put an archive of results where a task that imports it looks for it."""
        with storing(f"Storing the archive of task {task}"):
            await self._bench.run(lambda _: self._place_archive(task, file.path))

    async def place_archive_chunk(self, task: int, file: Arrived, chunk: Chunk) -> bool:
        """Put a piece of an archive where it belongs, and say whether all are there."""
        _check_end(file, chunk, limit=self._max_archive_bytes)
        with storing(f"Storing a part of the archive of task {task}"):
            return await self._bench.run(lambda _: self._place_archive_chunk(task, file, chunk))

    async def sources(self, task: int) -> tuple[Source, ...]:
        """Give the files that are there, by name."""
        folder = self._layout.shelf(task).images
        with storing(f"Looking at the images of task {task}"):
            names = await self._bench.run(lambda _: sorted(_listed(folder)))
        return tuple(Source(uri=file_uri(str(folder / name)), name=name) for name in names)

    async def sizes(self, task: int) -> Mapping[str, int]:
        """Give the bytes of the files that are there, by name."""
        folder = self._layout.shelf(task).images
        with storing(f"Looking at the images of task {task}"):
            return await self._bench.run(lambda _: _sizes(folder))

    async def count(self, task: int) -> int:
        """Count the images that are there, not the files that go along with them."""
        folder = self._layout.shelf(task).images
        with storing(f"Looking at the images of task {task}"):
            return await self._bench.run(lambda _: sum(map(is_image, _listed(folder))))

    async def settle(self, task: int) -> None:
        """Drop what never became whole."""
        with storing(f"Deleting parts of images of task {task}"):
            await self._bench.run(lambda stop: delete_tree(self._layout.shelf(task).parts, stop=stop))

    async def copy(self, sources: Sequence[Source], *, of: int, to: int) -> tuple[Source, ...]:
        """Give another task the same files: hard links where the file system has them."""
        with storing(f"Storing the images of task {of} for task {to}"):
            return await self._bench.run(lambda stop: self._copy(sources, of, to, stop))

    async def drop(self, task: int) -> None:
        """Delete the folder of a task that is gone."""
        with storing(f"Deleting the files of task {task}"):
            await self._bench.run(lambda stop: delete_tree(self._layout.shelf(task).folder, stop=stop))

    # ------------------------------------------------------------------------------------------------- in a thread

    def _place(self, task: int, files: Sequence[tuple[Path, str, int]]) -> dict[str, int]:
        folder = self._layout.shelf(task).images
        make_folder(folder)
        there = _by_folded_name(folder)
        new = {folded(name) for _, name, _ in files} - there.keys()
        if len(there) + len(new) > self.max_files:
            raise FileTooLarge(f"There are more than {self.max_files:,} files; a task takes no more.")
        for path, name, _ in files:
            path.rename(folder / name)
            for before in there.get(folded(name), set()) - {name}:
                delete_file(folder / before)
            there[folded(name)] = {name}
        flush_folder(folder)
        return {name: size for _, name, size in files}

    def _place_chunk(self, task: int, file: Arrived, chunk: Chunk) -> dict[str, int]:
        jigsaw = Jigsaw(self._layout.shelf(task).parts, name=file.name, upload=chunk.upload)
        jigsaw.add(file.path, chunk)
        whole = jigsaw.whole
        if whole is None:
            return {}
        if jigsaw.data.exists():
            self._place(task, [(jigsaw.data, file.name, whole)])
        return {file.name: whole}

    def _place_archive(self, task: int, path: Path) -> None:
        archive = self._layout.shelf(task).archive("")
        make_folder(archive.parent)
        path.rename(archive)
        flush_folder(archive.parent)

    def _place_archive_chunk(self, task: int, file: Arrived, chunk: Chunk) -> bool:
        jigsaw = Jigsaw(self._layout.shelf(task).parts, name=file.name, upload=chunk.upload)
        jigsaw.add(file.path, chunk)
        if jigsaw.whole is None:
            return False
        if jigsaw.data.exists():
            self._place_archive(task, jigsaw.data)
        return True

    def _copy(self, sources: Sequence[Source], of: int, to: int, stop: Stop) -> tuple[Source, ...]:
        old, new = self._layout.shelf(of).images, self._layout.shelf(to).images
        own = {file_uri(str(old / name)): name for name in _listed(old)}
        copied: list[Source] = []
        for source in sources:
            stop.check()
            if not source.uri.startswith(file_uri(str(old)) + "/"):
                copied.append(Source(uri=source.uri, name=source.name))
                continue
            name = own.get(source.uri)
            if name is None:
                raise SourceFailed(f"{source.name} is missing: it was there when the task was created.")
            make_folder(new)
            link(old / name, new / name)
            copied.append(Source(uri=file_uri(str(new / name)), name=source.name))
        return tuple(copied)


def _check_end(file: Arrived, chunk: Chunk, *, limit: int) -> None:
    if chunk.offset + file.size > limit:
        raise FileTooLarge(f"{file.name} is larger than the {limit:,} bytes that are taken.")


def _listed(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def _sizes(folder: Path) -> dict[str, int]:
    sizes = {}
    for name in sorted(_listed(folder)):
        with suppress(FileNotFoundError):  # Another took its place meanwhile, or the task is being removed.
            sizes[name] = (folder / name).stat().st_size
    return sizes


def _by_folded_name(folder: Path) -> dict[str, set[str]]:
    """Give the names that are there by what they are in any case: after a crash one may be there twice."""
    there: dict[str, set[str]] = {}
    for name in _listed(folder):
        there.setdefault(folded(name), set()).add(name)
    return there
