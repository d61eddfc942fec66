"""The shelves: images in, assets and console output kept."""

from orchestrator.files.archive import ArchiveLimits
from orchestrator.files.fetch import FetchLimits
from orchestrator.files.images import ImageFiles
from orchestrator.files.inspection import ShelfInspector
from orchestrator.files.shelves import TaskShelves

__all__ = ["ArchiveLimits", "FetchLimits", "ImageFiles", "ShelfInspector", "TaskShelves"]
