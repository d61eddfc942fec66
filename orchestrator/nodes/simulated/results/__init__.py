"""The results of a simulated run: a small archive in which every file opens."""

from orchestrator.nodes.simulated.results.archive import build_archive
from orchestrator.nodes.simulated.results.dataset import Dataset

__all__ = ["Dataset", "build_archive"]
