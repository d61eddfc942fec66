"""Files made for sending (fetched, resized): written under a temporary name, then renamed once whole."""

import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from orchestrator.files.deletion import delete_file
from orchestrator.files.failures import storing
from orchestrator.files.layout import FILE_MODE, make_folder


def staged_name(*parts: object, suffix: str) -> str:
    """Give a name that says, by its hash, of what and how the file was made."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{digest}.{suffix}"


def unfinished(target: Path) -> Path:
    """Give a name beside the target that no one else has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def store(data: bytes, target: Path) -> None:
    """Write a file whole. Raises ``OSError``, and then leaves nothing."""
    part, left = unfinished(target), memoryview(data)
    make_folder(target.parent)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)
        part.replace(target)
    finally:
        delete_file(part)


async def copied(pieces: AsyncIterator[bytes], target: Path, *, name: str) -> None:
    """Write the pieces of a file to ``target``, whole or not at all. Raises ``StorageFailed``, and what they raise."""
    part = unfinished(target)
    with storing(f"Storing {name}"):
        make_folder(target.parent)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for piece in pieces:
                with storing(f"Storing {name}"):
                    file.write(piece)
        with storing(f"Storing {name}"):
            part.replace(target)
    finally:
        delete_file(part)
