"""Points between file operations on results and images, as Python's own audit events tell them: each comes before."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from orchestrator.crashing.trigger import Trigger

_WRITING = os.O_WRONLY | os.O_RDWR

_RENAMED_TO = {
    "assets.ready": "swap.ready",
    "assets.old": "swap.old",
    "assets": "swap.in-place",
    "output.old": "output.begin",
    "upload.json": "note.write",
}
_FOLDERS_DELETED = {
    "assets.old": "swap.old-gone",
    "incoming": "swap.incoming-gone",
    "staging": "staged.gone",
}


def watch_files(root: PurePath, trigger: Trigger) -> None:
    """Pass the points of all that happens below the root; for the rest of the process's life."""
    below = f"{root}{os.sep}"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        name_of = _EVENTS.get(event)
        if name_of is None:
            return
        paths = tuple(map(_path, arguments[:2]))
        if paths[0].startswith(below) and (point := name_of(arguments, *map(PurePath, paths))):
            trigger.reached(point)

    sys.addaudithook(hook)


def _path(argument: object) -> str:
    return os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""


def _renamed(_: object, __: PurePath, new: PurePath) -> str | None:
    return "staged.whole" if new.parent.name == "staging" else _RENAMED_TO.get(new.name)


def _linked(_: object, __: PurePath, new: PurePath) -> str | None:
    return "swap.link" if new.name == "all.zip" else None


def _deleted(_: object, path: PurePath, __: PurePath) -> str | None:
    if path.parent.name == "swaps":
        return "swap.note-gone"
    if path.name == "upload.json":
        return "note.take"
    return "swap.archive-gone" if path.name.endswith(".zip.part") else None


def _folder_deleted(_: object, path: PurePath, __: PurePath) -> str | None:
    return "files.gone" if path.parent.name == "tasks" else _FOLDERS_DELETED.get(path.name)


def _opened(arguments: tuple[Any, ...], path: PurePath, _: PurePath) -> str | None:
    if len(arguments) < 3 or not isinstance(arguments[2], int) or not arguments[2] & _WRITING:  # noqa: PLR2004
        return None
    if path.parent.name == "output":
        return "output.append"
    return "swap.extract" if any(part.startswith("assets.new-") for part in path.parts) else None


_EVENTS: Mapping[str, Callable[[tuple[Any, ...], PurePath, PurePath], str | None]] = {
    "os.rename": _renamed,
    "os.link": _linked,
    "os.remove": _deleted,
    "os.rmdir": _folder_deleted,
    "open": _opened,
}
