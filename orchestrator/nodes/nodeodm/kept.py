"""What is known of a half-fetched archive, in a note beside it, so that a later try can go on where it ended."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    """The beginning of an archive: bytes here, bytes in all, and what tells whether the server's is still the same."""

    size: int
    total: int
    validator: str

    @property
    def headers(self) -> dict[str, str]:
        """Ask for the rest if the archive is unchanged, else for the whole."""
        return {"Range": f"bytes={self.size}-", "If-Range": self.validator}


def validator_of(headers: Mapping[str, str]) -> str:
    """Give what a conditional range can rely on: a strong ETag, else the date of the last change, else ''."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def recall(target: Path, *, uuid: str) -> Kept | None:
    """Find the beginning of this job's archive, if one was kept."""
    try:
        note = json.loads(_note(target).read_bytes())
        kept = Kept(target.stat().st_size, int(note["total"]), str(note["validator"]))
        same = note["uuid"] == uuid
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return kept if same and 0 < kept.size < kept.total and kept.validator else None


def keep(target: Path, *, uuid: str, total: int, validator: str) -> bool:
    """Note that what comes may be kept; say whether that could be noted."""
    try:
        _note(target).write_text(json.dumps({"uuid": uuid, "total": total, "validator": validator}))
    except OSError:
        return False
    return True


def complete(target: Path) -> None:
    """Drop the note: the archive is whole. One that can't be dropped does no harm beside it."""
    with contextlib.suppress(OSError):
        _note(target).unlink(missing_ok=True)


def discard(target: Path) -> None:
    """Delete archive and note. What can't be deleted is overwritten by the next try."""
    for path in (target, _note(target)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.note")
