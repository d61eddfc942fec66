"""Results as nodes pack them, and what is left when they are refused."""

from pathlib import Path

import pytest

from orchestrator.domain.errors import ResultsCorrupt
from orchestrator.files import TaskShelves

RESULTS = {
    "odm_orthophoto/odm_orthophoto.tif": b"raster" * 1000,
    "odm_report/report.pdf": b"%PDF",
    "cameras.json": b"{}",
}


AVAILABLE = ("all.zip", "orthophoto.tif", "report.pdf", "cameras.json")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def refusal(shelves: TaskShelves, task: object) -> str:
    with pytest.raises(ResultsCorrupt) as caught:
        await shelves.accept(task)
    return str(caught.value)
