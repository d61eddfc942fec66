"""What a story is: a course of events, and the points at which the daemon dies in it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.crashes.scene import Scene


@dataclass(frozen=True)
class Story:
    """A course of events, and chains of points in the order in which they come; each chain is one run.

    What ``play`` gives must be the same wherever the daemon died. ``anywhere``: it ends, wherever a death is.
    ``prepare`` furnishes the folder before the first daemon starts.
    """

    play: Callable[[Scene], Awaitable[object]]
    chains: tuple[tuple[str, ...], ...]
    anywhere: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None


def around(*points: str) -> tuple[str, ...]:
    """Give the points on both sides of these."""
    return tuple(f"{point}.{side}" for point in points for side in ("before", "after"))
