"""What the tests of the NodeODM client start from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from orchestrator.domain.node import ProcessingNode
from orchestrator.engine.ports import OutgoingFile
from orchestrator.nodes.nodeodm import Deadlines, NodeOdmClient
from orchestrator.nodes.registry import NodeRegistry

UUID = "0b9b9b6e-3a53-4d1f-9f5c-6d2f5a0e8c11"
TOKEN = "s3cret+/token"
MIB = 1 << 20
CHUNK = 256 * 1024
QUICK = Deadlines(connect=0.5, answer=0.2, info=0.1, upload_idle=0.2, download_idle=0.2, commit=0.3)


def node_at(url: str, token: str = TOKEN, *, number: int = 1) -> ProcessingNode:
    return ProcessingNode(
        id=number, url=url, hostname="127.0.0.1", port=0, created_at=datetime(2026, 1, 1, tzinfo=UTC), token=token
    )


@asynccontextmanager
async def client_of(url: str, token: str = TOKEN, deadlines: Deadlines | None = None) -> AsyncIterator[NodeOdmClient]:
    async with NodeRegistry(deadlines) as registry:
        yield registry.client(node_at(url, token))


def generated(size: int, *, name: str = "IMG_0001.JPG", claimed: int | None = None) -> OutgoingFile:
    """A file that is never whole in memory."""

    async def chunks() -> AsyncIterator[bytes]:
        block = bytes(range(256)) * (CHUNK // 256)
        for start in range(0, size, CHUNK):
            yield block[: min(CHUNK, size - start)]

    return OutgoingFile(name=name, size=size if claimed is None else claimed, chunks=chunks)


def ignore(*_: object) -> None:
    """Take a report of progress."""
