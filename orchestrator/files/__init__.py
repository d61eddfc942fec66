"""The shelves: images in, assets and console output kept."""

from orchestrator.files.albums import TaskAlbums
from orchestrator.files.archive import ArchiveLimits
from orchestrator.files.arrivals import ArrivalHall
from orchestrator.files.fetch import FetchLimits
from orchestrator.files.images import ImageFiles
from orchestrator.files.inspection import ShelfInspector
from orchestrator.files.results import TaskResults
from orchestrator.files.shelves import TaskShelves

__all__ = [
    "ArchiveLimits",
    "ArrivalHall",
    "FetchLimits",
    "ImageFiles",
    "ShelfInspector",
    "TaskAlbums",
    "TaskResults",
    "TaskShelves",
]
