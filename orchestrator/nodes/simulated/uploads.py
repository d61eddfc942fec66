"""Uploads that are not committed yet: on disk only, so they survive whatever the node forgets.

One folder per uuid, with the submission in `body.json` beside the images. The folder without that file does not count:
that is how a commit takes it, so a second commit finds nothing.
"""

import asyncio
import re
import shutil
from pathlib import Path, PurePosixPath

from orchestrator.nodes.simulated.submission import Submission

__all__ = ["Uploads", "is_uuid", "may_be_set"]

_BODY = "body.json"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SETTABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether it looks like a uuid, and so is safe as the name of a folder."""
    return _UUID.fullmatch(text) is not None


def may_be_set(text: str) -> bool:
    """Whether a client may choose this uuid: versions 1 to 7, the usual variant."""
    return _SETTABLE.fullmatch(text) is not None


class Uploads:
    """The folders of uploads under way."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def begin(self, uuid: str, submission: Submission) -> None:
        """Make the folder, or write the submission anew; images that are already there stay."""
        self._folder(uuid).mkdir(exist_ok=True)
        (self._folder(uuid) / _BODY).write_text(submission.to_json(), encoding="utf-8")

    def exists(self, uuid: str) -> bool:
        """Whether images can be added under this uuid."""
        return is_uuid(uuid) and (self._folder(uuid) / _BODY).is_file()

    def place(self, uuid: str, filename: str) -> Path:
        """Where to store a file of that name. A name that is taken gets underscores: nothing is replaced."""
        name = PurePosixPath(filename.replace("\\", "/")).name or "_"
        path = self._folder(uuid) / (f"_{name}" if name == _BODY else name)
        while path.exists():
            path = path.with_name(f"{path.stem}_{path.suffix}")
        # Taken at once, so that a concurrent request finds the name in use.
        path.touch()
        return path

    def files(self, uuid: str) -> list[Path]:
        """The images and other files that have come, whole or not."""
        if not is_uuid(uuid) or not self._folder(uuid).is_dir():
            return []
        return sorted(path for path in self._folder(uuid).iterdir() if path.name != _BODY)

    def take(self, uuid: str) -> Submission:
        """End the upload: its submission, read and removed. The files wait for `hand_over` or `destroy`."""
        body = self._folder(uuid) / _BODY
        submission = Submission.from_json(body.read_text(encoding="utf-8"))
        body.unlink()
        return submission

    def hand_over(self, uuid: str, destination: Path) -> None:
        """Move the files to the job. A file that is still being written goes on in its new place."""
        self._folder(uuid).rename(destination)

    async def destroy(self, uuid: str) -> None:
        """Remove the folder and all in it."""
        if is_uuid(uuid):
            await asyncio.to_thread(shutil.rmtree, self._folder(uuid), ignore_errors=True)

    def _folder(self, uuid: str) -> Path:
        return self._root / uuid
