"""Asks what becomes of the things that commands name."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Source
from orchestrator.files import ImageFiles


def write(folder: Path, *names: str, data: bytes = b"12345") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(data)
    return [folder / name for name in names]


async def names(images: ImageFiles, *uris: object, taken: Sequence[str] = ()) -> list[str]:
    found = await images.expand([Source(str(uri), "") for uri in uris], taken=taken)
    assert isinstance(found, tuple), found
    return [source.name for source in found]


async def problem(images: ImageFiles, *given: Source | str | Path, taken: Sequence[str] = ()) -> Problem:
    wanted = [one if isinstance(one, Source) else Source(str(one), "") for one in given]
    found = await images.expand(wanted, taken=taken)
    assert isinstance(found, Problem), found
    return found


async def message(images: ImageFiles, *given: Source | str | Path, taken: Sequence[str] = ()) -> str:
    return (await problem(images, *given, taken=taken)).errors[0].message
