"""What the world told us: each step ends as one of these. None of them says a task's status; the lifecycle does."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A node was chosen, and a uuid for the job there."""

    node: int
    node_name: str
    rerun_stages: tuple[str, ...]
    job_uuid: str


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """No node could be chosen; why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hindered:
    """The step could not be done just now; it is tried again then.

    ``counts``: whether it is one more failure in a row (waiting for a node that is away is none).
    """

    reason: str
    not_before: datetime
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgressed:
    """Shares of the images resized and sent, 0..1."""

    uploaded: float
    resized: float = 0.0


@dataclass(frozen=True, slots=True)
class Committing:
    """Every file's own answer was read, and the node is about to be told to start: from here on it may work."""


@dataclass(frozen=True, slots=True)
class JobTaken:
    """The node has the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """What the node says about the job: a raw status code, progress 0..1, milliseconds (-1: unknown).

    ``error``: why it ended without results, in the node's words. ``last_words``: the end of its console output then.
    """

    status: int
    progress: float
    processing_time: int
    error: str = ""
    last_words: str = ""


@dataclass(frozen=True, slots=True)
class JobSpoiled:
    """The job's dataset on the node is not what was to be sent; its uuid is given up.

    ``counts``: whether it costs the task a try (it does not when our own stop or crash was the cause).
    ``not_before``: the task rests until then, and keeps no node waiting meanwhile.
    ``elsewhere``: another node is the better choice for the next try, if there is one.
    """

    reason: str
    counts: bool = True
    not_before: datetime | None = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class JobLost:
    """The node does not know the job any more, or has no results for it."""

    reason: str


@dataclass(frozen=True, slots=True)
class JobRefused:
    """The node said no, in its own words; asking again would not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeTooSmall:
    """The node takes fewer images than the task has."""

    reason: str


@dataclass(frozen=True, slots=True)
class SourcesFailed:
    """An image is missing or unreadable."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeLost:
    """The node has been away for so long that it is not waited for, or it was taken away."""

    reason: str


@dataclass(frozen=True, slots=True)
class Restarting:
    """The node is about to be told to run the job again: from here on it may.

    ``created``: when the node made the run that has ended, by its own clock; it dates the next one anew.
    """

    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRestarted:
    """The node runs the ended job again, with the task's options."""

    node_name: str
    rerun_stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestartImpossible:
    """The old job cannot be run again where it is; the task is to be sent anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class DownloadProgressed:
    """Share of the results fetched, 0..1."""

    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsCollected:
    """Verified results are in place; ``size`` is bytes on disk, ``photos`` of how many they say they were made."""

    available_assets: tuple[str, ...]
    size: int
    photos: int = 0


@dataclass(frozen=True, slots=True)
class JobKeptEnough:
    """The job of a COMPLETED task has been on its node for as long as it was to stay there."""


@dataclass(frozen=True, slots=True)
class FilesRemoved:
    """Nothing is kept of the task's files."""


@dataclass(frozen=True, slots=True)
class DraftExpired:
    """No image came for the draft for too long, or who was to bring them is gone."""

    reason: str


Fact = (
    Placed
    | StillWaiting
    | Hindered
    | UploadProgressed
    | Committing
    | JobTaken
    | JobSeen
    | JobSpoiled
    | JobLost
    | JobRefused
    | NodeTooSmall
    | SourcesFailed
    | NodeLost
    | Restarting
    | JobRestarted
    | RestartImpossible
    | DownloadProgressed
    | ResultsCollected
    | JobKeptEnough
    | FilesRemoved
    | DraftExpired
)


@dataclass(frozen=True, slots=True)
class Report:
    """A fact about a task, from work that was begun under ``fence``."""

    task: int
    fence: int
    fact: Fact
