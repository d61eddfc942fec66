"""Processing nodes as the engine sees them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.domain.node import NodeInfo, NodeOption, ProcessingNode
from orchestrator.domain.task import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """What a node says about a job (``GET /task/{uuid}/info``).

    ``status`` is a raw code (10, 20, 30, 40, 50). ``progress`` is 0..1, None while a cluster still forwards the job.
    ``processing_time`` (milliseconds) and ``images_count`` are -1 when unknown. ``output`` holds the console lines from
    the line asked for. ``created`` is when the job was made or last restarted, in milliseconds of the node's own clock,
    -1 when unknown: only good to tell one from the other.
    """

    status: int
    progress: float | None
    processing_time: int
    images_count: int
    error: str = ""
    output: tuple[str, ...] = ()
    created: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCard:
    """What a node says about a job besides its state: the name and the options that it was given."""

    name: str
    options: tuple[Option, ...]
    info: JobInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """One file on its way to a node. ``chunks()`` opens it anew at each call; ``size`` is bytes."""

    name: str
    size: int
    chunks: Callable[[], AsyncIterator[bytes]]


class NodeClient(Protocol):
    """One processing node, spoken to in the NodeODM protocol.

    Each call has a deadline of its own and raises errors of ``orchestrator.domain.errors`` only:
    ``NodeUnreachable``, ``NodeFault``, ``NodeUnauthorized``, ``NodeRefused``, and those named below.
    """

    async def info(self) -> NodeInfo:
        """Ask the node about itself."""
        ...

    async def options(self) -> tuple[NodeOption, ...]:
        """Ask which options its engine takes."""
        ...

    async def begin(self, uuid: str, *, name: str, options: Sequence[Option]) -> None:
        """Open a job under our uuid (``/task/new/init``). May be repeated with the same good options."""
        ...

    async def upload(self, uuid: str, file: OutgoingFile, *, sent: Callable[[int], None]) -> None:
        """Send one file; ``sent`` is told each number of bytes put on the wire.

        Raises ``UploadUncertain`` when the file's fate is unknown, ``NodeUnreachable`` or ``NodeFault`` when surely
        nothing was stored (the same file may be sent again), ``JobNotFound`` when the upload is gone, ``SourceFailed``
        and ``SourceHindered`` as the file's chunks raise them (then the file's fate is unknown as well).
        """
        ...

    async def commit(self, uuid: str) -> None:
        """Start the job. After a lost answer (``NodeFault``) ask ``job`` before anything else.

        Raises ``JobNotFound`` when the node has no such upload: it may have been committed already.
        """
        ...

    async def job(self, uuid: str, *, from_line: int | None = None) -> JobInfo:
        """Ask about a job, with its console lines from ``from_line`` on. Raises ``JobNotFound``."""
        ...

    async def job_list(self) -> tuple[str, ...]:
        """List the uuids of the jobs that the node has; those that we cannot have chosen are left out."""
        ...

    async def job_card(self, uuid: str) -> JobCard:
        """Ask what a job is. Raises ``JobNotFound``."""
        ...

    async def cancel(self, uuid: str) -> None:
        """Stop a job. Raises ``JobNotFound``."""
        ...

    async def remove(self, uuid: str) -> None:
        """Delete a job and its files. Raises ``JobNotFound``."""
        ...

    async def restart(self, uuid: str, *, options: Sequence[Option]) -> None:
        """Run an ended job again with these options in place of its old ones. Raises ``JobNotFound``."""
        ...

    async def download(self, uuid: str, target: Path, *, received: Callable[[int, int | None], None]) -> None:
        """Fetch ``all.zip`` into ``target``, resuming where the server offers ranges; the length is checked.

        ``received`` is told (bytes so far, total or None). Raises ``JobNotFound``, ``AssetNotReady``, and
        ``StorageFailed`` when the disk does not take it.
        """
        ...


class NodeClients(Protocol):
    """Hands out the client of each node."""

    def client(self, node: ProcessingNode) -> NodeClient:
        """Give the client for the node's present address and token."""
        ...
