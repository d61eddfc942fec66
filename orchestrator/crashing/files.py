"""Points between file operations on results and images, told by Python's audit events, which come before each.

What is renamed, linked or deleted below the root and has no point is an error: see ``_of_no_account`` for the rest.
"""

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
_RENAMED_INTO = {
    "images": "image.placed",
    "staging": "staged.whole",
    "set-aside": "folder.aside",
}
_LINKED_INTO = {
    "images": "image.linked",
    "incoming": "archive.restored",
}
_FOLDERS_DELETED = {
    "assets.old": "swap.old-gone",
    "output.old": "output.old-gone",
    "incoming": "swap.incoming-gone",
    "staging": "staged.gone",
    "parts": "parts.gone",
    "arrivals": "arrivals.gone",
}
_FOLDERS_DELETED_IN = {
    "tasks": "files.gone",
    "parts": "chunk.misfits",
    "arrivals": "arrival.gone",
}


def watch_files(root: PurePath, trigger: Trigger) -> None:
    """Pass the points of all that happens below the root; for the rest of the process's life."""
    below = f"{root}{os.sep}"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        name_of = _EVENTS.get(event)
        if name_of is None:
            return
        paths = tuple(map(_path, arguments[:2]))
        if not paths[0].startswith(below) or _of_no_account(event, *map(PurePath, paths)):
            return
        point = name_of(arguments, *map(PurePath, paths)) or _within_results(PurePath(paths[0]))
        if point and (event != "open" or _is_writing(arguments)):
            trigger.reached(point)
        elif event != "open":
            raise LookupError(f"no crash point is named for {event} {paths}")

    sys.addaudithook(hook)


def _path(argument: object) -> str:
    return os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""


def _of_no_account(event: str, path: PurePath, new: PurePath) -> bool:
    """Whether it does not matter: the control socket, what a download holds on to, and deleting what is not there."""
    if path.suffix == ".sock" or (new.parent.parent.name == "arrivals" and event == "os.link"):
        return True
    if event != "os.remove":
        return False
    unfinished = path.name.startswith(".") or path.name == "upload.json.part" or path.suffix == ".note"
    return unfinished or not os.path.lexists(path)


def _renamed(_: object, old: PurePath, new: PurePath) -> str | None:
    if new.parent.name == "incoming":
        return "archive.fetched" if old.name.startswith(".") else "archive.placed"
    if new.parent.parent.name == "parts":
        return "chunk.whole" if new.name == "whole" else "chunk.noted"
    if new.parent.parent.name == "arrivals":
        return "tidy.taken"
    if new.suffix == ".dropped":
        return "output.dropped"
    return _RENAMED_INTO.get(new.parent.name) or _RENAMED_TO.get(new.name)


def _linked(_: object, __: PurePath, new: PurePath) -> str | None:
    return "swap.link" if new.name == "all.zip" else _LINKED_INTO.get(new.parent.name)


def _deleted(_: object, path: PurePath, __: PurePath) -> str | None:
    if path.parent.name == "swaps":
        return "swap.note-gone"
    if path.parent.name == "images":
        return "image.replaced"
    if path.name == "upload.json":
        return "note.take"
    return "swap.archive-gone" if path.name.endswith(".zip.part") else None


def _folder_deleted(_: object, path: PurePath, __: PurePath) -> str | None:
    if path.name.startswith("assets.new-"):
        return "swap.new-gone"
    return _FOLDERS_DELETED.get(path.name) or _FOLDERS_DELETED_IN.get(path.parent.name)


def _is_writing(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) > 2 and isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)  # noqa: PLR2004


def _within_results(path: PurePath) -> str | None:
    """Name whatever else happens within results that are no results yet."""
    return "swap.extract" if any(part.startswith("assets.new-") for part in path.parent.parts) else None


def _opened(_: object, path: PurePath, __: PurePath) -> str | None:
    if path.parent.name in _OPENED_IN:
        return _OPENED_IN[path.parent.name]
    if path.parent.parent.name == "arrivals":
        return "arrival.write"
    if path.parent.parent.name == "parts" and path.name == "data":
        return "chunk.write"
    return "archive.fetch" if path.parent.name == "incoming" and path.name.startswith(".") else None


_OPENED_IN = {"output": "output.append", "swaps": "swap.note"}

_EVENTS: Mapping[str, Callable[[tuple[Any, ...], PurePath, PurePath], str | None]] = {
    "os.rename": _renamed,
    "os.link": _linked,
    "os.remove": _deleted,
    "os.rmdir": _folder_deleted,
    "os.truncate": lambda *_: "archive.refused",
    "open": _opened,
}
