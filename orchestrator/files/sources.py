"""What a command names, resolved into single files with unique names, or a sentence for each thing that is wrong."""

import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.domain.names import Names
from orchestrator.domain.problem import FieldError, Problem, invalid
from orchestrator.domain.task import Source
from orchestrator.files.addresses import Local, Unusable, Web, file_uri, parse, shown
from orchestrator.files.globs import Search, fixed_part, is_pattern
from orchestrator.files.names import (
    GCP_NAME,
    GCP_SUFFIXES,
    has_gcp,
    is_gcp,
    is_image,
    is_side,
    safe_name,
    suffix_of,
)
from orchestrator.files.roots import ImportRoots
from orchestrator.files.workbench import Stop

MAX_FILES = 20_000
"""Files of one task."""

MAX_ERRORS = 50
"""Errors told to a client; beyond that nothing more is looked at."""

TAKEN = "jpg, jpeg, png, tif, tiff, bmp, dng, nef, raw, jxl, mp4, mov, lrv, ts"
SIDE_TAKEN = "gcp*.txt, geo.txt, image_groups.txt"


class NeedsThread(Exception):
    """A folder or pattern is to be listed, which may take a while. Never leaves the room."""


@dataclass(frozen=True, slots=True)
class _Found:
    uri: str
    name: str
    size: int
    listed: bool = False
    """Found in a folder or by a pattern, rather than named by the client."""


class Expansion:
    """One command's files. ``stop``: None when it must not take long, so that ``NeedsThread`` is raised instead."""

    def __init__(
        self, roots: ImportRoots, *, taken: Sequence[str], own: bool, stop: Stop | None, max_files: int
    ) -> None:
        self._roots = roots
        self._own = own
        self._stop = stop
        self._max_files = max_files
        self._names = Names(taken)
        self._seen: set[str] = set()
        self._folders: dict[str, str] = {}
        self._errors: list[FieldError] = []
        self._has_explicit_gcp = False

    def run(self, sources: Sequence[Source]) -> tuple[Source, ...] | Problem:
        """Resolve all, in the order given. Files that are named explicitly as side files get their names first."""
        results: list[list[Source]] = [[] for _ in sources]
        for index in sorted(range(len(sources)), key=lambda index: not sources[index].side):
            source = sources[index]
            field = "ground_control_points" if source.side else f"images[{index}]"
            results[index] = self._one(source, field)
            if len(self._errors) >= MAX_ERRORS:
                break
        files = tuple(itertools.chain.from_iterable(results))
        if len(files) > self._max_files:
            self._fail("images", f"there are {len(files):,} files; a task takes {self._max_files:,} at most.")
        return self._problem() if self._errors else files

    def _problem(self) -> Problem:
        first = self._errors[0]
        more = f" ({len(self._errors)} errors in all)" if len(self._errors) > 1 else ""
        return invalid(f"{first.field}: {first.message}{more}", *self._errors)

    def _fail(self, field: str, message: str) -> None:
        if len(self._errors) < MAX_ERRORS:
            self._errors.append(FieldError(field, message))

    def _one(self, source: Source, field: str) -> list[Source]:
        results: list[Source] = []
        try:
            for found in self._found(source):
                if found.uri in self._seen:
                    continue  # Named twice, it is still one file: a doubled photo spoils the reconstruction.
                self._seen.add(found.uri)
                self._take(found, source=source, field=field, results=results)
                if len(results) > self._max_files or len(self._errors) >= MAX_ERRORS:
                    break
        except Unusable as unusable:
            self._fail(field, str(unusable))
        return results

    def _take(self, found: _Found, *, source: Source, field: str, results: list[Source]) -> None:
        """Name one file and keep it; what is wrong with it is noted, so that its neighbours are looked at as well."""
        try:
            _check_size(found)
            result = self._side(found, source) if source.side else self._named(found, source)
        except Unusable as unusable:
            self._fail(field, str(unusable))
        else:
            if result is not None:
                results.append(result)

    # ------------------------------------------------------------------------------------------------- finding

    def _found(self, source: Source) -> Iterator[_Found]:
        address = parse(source.uri)
        if isinstance(address, Web):
            yield _Found(source.uri, address.name, -1)
            return
        real, found = self._located(address.path)
        if found is None and is_pattern(address.path):
            yield from self._listed(source, self._matching(address.path))
        elif found is not None and stat.S_ISDIR(found.st_mode):
            yield from self._listed(source, self._in_folder(real))
        else:
            yield _file(address, real, found)

    def _located(self, path: str) -> tuple[str, os.stat_result | None]:
        return self._roots.locate(path, folders=self._folders, own=self._own)

    def _listed(self, source: Source, paths: Iterator[str]) -> Iterator[_Found]:
        if source.side or source.name:
            what = "ground control points are" if source.side else "a name is given, so it must be"
            raise Unusable(f"{shown(source.uri)} is a folder or pattern, but {what} one file.")
        any_image = False
        for path in paths:
            name = path.rpartition("/")[2]
            if not (is_image(name) or is_side(name)):
                continue
            real, found = self._located(path)
            if found is not None and stat.S_ISREG(found.st_mode):
                any_image = any_image or is_image(name)
                yield _Found(file_uri(real), name, _readable(path, real, found), listed=True)
        if not any_image:
            raise Unusable(f"{shown(source.uri)} has no image in it: {TAKEN} are taken.")

    def _in_folder(self, real: str) -> Iterator[str]:
        if self._stop is None:
            raise NeedsThread
        return Search(stop=self._stop).files(real, ["*"])

    def _matching(self, pattern: str) -> Iterator[str]:
        if self._stop is None:
            raise NeedsThread
        folder, segments = fixed_part(pattern)
        real, found = self._located(folder)
        if found is None:
            raise Unusable(f"{shown(folder)} does not exist.")
        return Search(stop=self._stop).files(real, segments)

    # ------------------------------------------------------------------------------------------------- naming

    def _named(self, found: _Found, source: Source) -> Source | None:
        own = safe_name(found.name)
        name = safe_name(source.name) if source.name else own
        if not (is_image(name) or is_side(name)) and is_image(own):
            name = f"{name}.{own.rpartition('.')[2]}"
        if is_side(name):
            return self._beside(found, name)
        if not is_image(name):
            raise Unusable(_no_image(found, source))
        return Source(uri=found.uri, name=self._names.give(name), size=found.size)

    def _beside(self, found: _Found, name: str) -> Source | None:
        """Keep a side file's name as it is: under another the node would take it for something else."""
        if found.listed and is_gcp(name) and self._has_explicit_gcp:
            return None
        if self._names.has(name):
            raise Unusable(f"{self._told(found)}: the task has a file {name} already, and takes one only: merge them.")
        if is_gcp(name) and has_gcp(self._names):
            raise Unusable(f"{self._told(found)}: the task has ground control points already, and takes one such file.")
        return Source(uri=found.uri, name=self._names.give(name), size=found.size, side=True)

    def _told(self, found: _Found) -> str:
        """Name a file to its owner, without telling where we keep what came in over HTTP."""
        return found.name if self._own else shown(found.uri)

    def _side(self, found: _Found, source: Source) -> Source | None:
        if suffix_of(found.name) not in GCP_SUFFIXES:
            raise Unusable(f"{shown(found.uri)} is no file of ground control points: a text file (.txt) is taken.")
        name = safe_name(source.name)
        result = self._beside(found, name if is_side(name) and is_gcp(name) else GCP_NAME)
        self._has_explicit_gcp = True
        return result


def _file(address: Local, real: str, found: os.stat_result | None) -> _Found:
    if found is None:
        raise Unusable(f"{shown(address.path)} does not exist.")
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{shown(address.path)} is neither a regular file nor a folder.")
    return _Found(file_uri(real), address.path.rpartition("/")[2], _readable(address.path, real, found))


def _readable(path: str, real: str, found: os.stat_result) -> int:
    if not os.access(real, os.R_OK):
        raise Unusable(f"{shown(path)} may not be read by the daemon: give its user the right to read it.")
    return found.st_size


def _check_size(found: _Found) -> None:
    if found.size == 0:
        raise Unusable(f"{shown(found.uri)} is empty (0 bytes).")


def _no_image(found: _Found, source: Source) -> str:
    if found.size < 0 and not source.name:
        return f"{shown(found.uri)} does not end in the name of an image: give it a name such as IMG_0001.JPG."
    return f"{shown(found.uri)} is no image: {TAKEN} are taken, and beside them {SIDE_TAKEN}."
