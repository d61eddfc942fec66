"""The words the rooms of the simulated node share: status codes, events and outcomes."""

from enum import IntEnum
from typing import Literal

__all__ = ["EventName", "Outcome", "Status"]


class Status(IntEnum):
    """Status codes of a job, as on the wire."""

    QUEUED = 10
    RUNNING = 20
    FAILED = 30
    COMPLETED = 40
    CANCELED = 50

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is to be done, except that a canceled run may still finish."""
        return self in (Status.FAILED, Status.COMPLETED, Status.CANCELED)


EventName = Literal[
    "init",
    "upload-started",
    "uploaded",
    "committed",
    "queued",
    "started",
    "packing",
    "ended",
    "canceled",
    "restarted",
    "removed",
    "download-started",
    "download-ended",
    "hung",
    "offline",
    "online",
    "forgotten",
]
"""`upload-started` is a file that begins to arrive, `uploaded` an upload request answered. `packing` begins the part
of a run that a cancel cannot stop. `ended` is a job that reached FAILED, COMPLETED or CANCELED. `hung` is a request
that waits for a hanging node."""

Outcome = Literal["completed", "failed", "canceled", "interrupted"]
"""How a run ended; interrupted is by a crash, a restart or the stop of the node."""
