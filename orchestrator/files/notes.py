"""A note on an upload that was interrupted in order: which files the node has, for the next run of the daemon.

It is there only while nothing is being sent, so it outlasts neither a crash nor the first file sent after it was read.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from orchestrator.files.layout import flush_folder, make_folder


def write_note(path: Path, job: str, names: Sequence[str]) -> None:
    """Note that the node has these files of the job, and nothing else of it. Raises ``OSError``."""
    make_folder(path.parent)
    new = _unfinished(path)
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump({"job": job, "names": list(names)}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def take_note(path: Path, job: str) -> frozenset[str] | None:
    """Give what was noted of the job, once the note is gone for good; None without one. Raises ``OSError``."""
    _unfinished(path).unlink(missing_ok=True)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    path.unlink(missing_ok=True)
    flush_folder(path.parent)
    try:
        noted = json.loads(text)
        return frozenset(map(str, noted["names"])) if noted["job"] == job else None
    except (ValueError, TypeError, KeyError):
        return None


def _unfinished(path: Path) -> Path:
    """Give a name that is always the same: what a crash leaves under it is found, and goes."""
    return path.with_name(f"{path.name}.part")
