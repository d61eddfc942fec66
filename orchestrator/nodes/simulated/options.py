"""How a simulated node shall behave: one frozen set of values, refused when it makes no sense."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SimulatedNodeOptions"]

_SHARES = ("fail_rate", "drop_uploads", "cut_uploads", "lose_answers")
_MOMENTS = ("seconds", "offline_after", "offline_for", "forget_after")
_SPEEDS = ("slow_upload", "slow_download")
_COUNTS = ("corrupt_results", "result_bytes")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class SimulatedNodeOptions:
    """Behaviour of one simulated node. Times are in seconds, speeds in bytes per second, shares from 0 to 1.

    Raises:
        ValueError: a value is out of range; the message names the option and the value.
    """

    name: str = "simulated"
    """Shown in the console output and in the results."""
    host: str = "127.0.0.1"
    port: int = 3001
    """0 takes any free port, and the node keeps it until it is stopped."""
    token: str | None = field(default=None, repr=False)
    seconds: float = 5.0
    """How long a job is processed."""
    parallel: int = 1
    """How many jobs are processed at once."""
    max_images: int | None = None
    """Largest number of files a job may have, text files included. None is no limit."""
    fail_rate: float = 0.0
    """Share of the runs that end FAILED."""
    offline_after: float | None = None
    """So long after the start the node refuses connections; jobs go on."""
    offline_for: float | None = None
    """It is back after that long. None stays away."""
    forget: bool = False
    """An outage is a crash: when the node comes back, its committed jobs are gone."""
    forget_after: float | None = None
    """So long after the start the node crashes and is back at once, its committed jobs gone."""
    slow_upload: float | None = None
    slow_download: float | None = None
    drop_uploads: float = 0.0
    """Share of the upload requests answered 500, with nothing stored."""
    cut_uploads: float = 0.0
    """Share of the upload connections cut in the middle of a file; the truncated file stays."""
    lose_answers: float = 0.0
    """Share of the POST requests that take effect while the answer never comes."""
    corrupt_results: int = 0
    """So many first downloads of each job have damaged bytes."""
    data: Path | None = None
    """Where uploads and jobs are kept. None is a temporary folder, removed with the node."""
    seed: int | None = None
    """Makes every random decision repeatable."""
    result_bytes: int = 0
    """Size of a padding file in the archive, to make results as heavy as real ones."""

    def __post_init__(self) -> None:
        for name in _SHARES:
            self._require(name, lambda share: 0 <= share <= 1, "from 0 to 1")
        for name in _MOMENTS:
            self._require(name, lambda moment: 0 <= moment < math.inf, "0 s or more")
        for name in _SPEEDS:
            self._require(name, lambda speed: 0 < speed < math.inf, "more than 0 bytes per second")
        for name in _COUNTS:
            self._require(name, lambda count: count >= 0, "0 or more")
        self._require("port", lambda port: 0 <= port <= _HIGHEST_PORT, "from 0 to 65535")
        self._require("parallel", lambda count: count >= 1, "1 or more")
        self._require("max_images", lambda count: count >= 1, "1 or more, or nothing for no limit")
        self._require_sense()

    def _require(self, name: str, holds: Callable[[float], bool], wanted: str) -> None:
        value = getattr(self, name)
        if value is not None and not holds(value):
            raise ValueError(f"simulated node: {name} must be {wanted}, not {value!r}")

    def _require_sense(self) -> None:
        if not self.name or not self.host:
            raise ValueError("simulated node: name and host must not be empty")
        if self.token is not None and not self.token:
            raise ValueError("simulated node: token must not be empty; leave it out for a node without token")
        if self.offline_for is not None and self.offline_after is None:
            raise ValueError("simulated node: offline_for needs offline_after, the moment the outage begins")
        if self.drop_uploads + self.cut_uploads > 1:
            raise ValueError("simulated node: drop_uploads and cut_uploads together must not exceed 1")
