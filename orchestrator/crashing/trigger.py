"""What the environment asks for: the point at which this process is to die, and a trail of those it passed."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from orchestrator.crashing.points import POINTS

AT = "ORCHESTRATOR_CRASH_AT"
"""``<point>`` or ``<point>:<n>``: die at the first, or the n-th, passing."""

TRAIL = "ORCHESTRATOR_CRASH_TRAIL"
"""A file to which each point is added as it is passed."""


class Trigger:
    """Dies at the n-th passing of a point."""

    def __init__(self, *, point: str = "", passing: int = 1, trail: Path | None = None) -> None:
        if point and point not in POINTS:
            raise ValueError(f"{AT}: there is no crash point {point!r}")
        self._point = point
        self._left = passing
        self._trail = None if trail is None else os.open(trail, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """Give what the environment asks for; None when it asks for nothing, as in production."""
        at, trail = environment.get(AT, ""), environment.get(TRAIL, "")
        if not at and not trail:
            return None
        point, _, passing = at.partition(":")
        return cls(point=point, passing=int(passing or 1), trail=Path(trail) if trail else None)

    def reached(self, point: str) -> None:
        """Pass a point, or die there."""
        if point not in POINTS:
            raise LookupError(f"the crash point {point!r} is not listed in orchestrator.crashing.points")
        if self._trail is not None:
            os.write(self._trail, f"{point}\n".encode())
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
