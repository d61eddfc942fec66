"""What goes wrong on purpose: by chance, by the shares in the options, or on the command of a test."""

import asyncio
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import Literal

from aiohttp import web

from orchestrator.nodes.simulated.options import SimulatedNodeOptions

__all__ = ["DEFAULT_FAILURE", "Canned", "Faults"]

DEFAULT_FAILURE = "Cannot process dataset"
_UNKNOWN_LENGTH = 1 << 16
_EARLIEST_CUT, _LATEST_CUT = 0.1, 0.9
_EARLIEST_FAILURE, _LATEST_FAILURE = 0.3, 0.95

UploadFate = Literal["stored", "dropped", "cut"]


@dataclass
class Canned:
    """A fixed answer in place of the node's own, for the next requests whose path matches."""

    status: int
    body: str
    content_type: str
    times: int
    path: str

    def response(self) -> web.Response:
        """The answer."""
        return web.Response(status=self.status, text=self.body, content_type=self.content_type)


@dataclass(frozen=True)
class Failure:
    """A run that is bound to fail: how far it gets (0 to 1) and what it says."""

    at: float
    message: str


class Faults:
    """Decides, request by request and run by run, whether something goes wrong."""

    def __init__(self, options: SimulatedNodeOptions, random: Random) -> None:
        self._options = options
        self._random = random
        self._canned: list[Canned] = []
        self._ordered_failures: deque[str] = deque()
        self._moving = asyncio.Event()
        self._moving.set()

    def respond_with(self, canned: Canned) -> None:
        """Queue a fixed answer; several are used in the order they came."""
        self._canned.append(canned)

    def canned_for(self, path: str) -> web.Response | None:
        """The fixed answer to this request, if there is one left."""
        for canned in self._canned:
            if fnmatchcase(path, canned.path):
                canned.times -= 1
                if canned.times < 1:
                    self._canned.remove(canned)
                return canned.response()
        return None

    def fail_next(self, count: int, message: str | None) -> None:
        """Let that many of the coming runs fail."""
        self._ordered_failures.extend([message or DEFAULT_FAILURE] * count)

    def failure_of_run(self) -> Failure | None:
        """Whether this run is to fail; decided when it starts."""
        by_chance = self._random.random() < self._options.fail_rate
        at = self._random.uniform(_EARLIEST_FAILURE, _LATEST_FAILURE)
        if self._ordered_failures:
            return Failure(at, self._ordered_failures.popleft())
        return Failure(at, DEFAULT_FAILURE) if by_chance else None

    def fate_of_upload(self) -> UploadFate:
        """What becomes of this upload request."""
        draw = self._random.random()
        if draw < self._options.drop_uploads:
            return "dropped"
        return "cut" if draw < self._options.drop_uploads + self._options.cut_uploads else "stored"

    def place_of_cut(self, length: int | None) -> int:
        """After how many bytes of files to cut a body of this length."""
        return 1 + int((length or _UNKNOWN_LENGTH) * self._random.uniform(_EARLIEST_CUT, _LATEST_CUT))

    def loses_answer(self, method: str) -> bool:
        """Whether the answer to this request gets lost. Only POST has effects a client could be wrong about."""
        return method == "POST" and self._random.random() < self._options.lose_answers

    def hang(self) -> None:
        """From now on requests wait."""
        self._moving.clear()

    def unhang(self) -> None:
        """Let the waiting requests go on."""
        self._moving.set()

    @property
    def is_hanging(self) -> bool:
        """Whether requests wait."""
        return not self._moving.is_set()

    async def while_hanging(self) -> None:
        """Return when the node is not hanging."""
        await self._moving.wait()
