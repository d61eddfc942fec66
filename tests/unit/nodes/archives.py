"""Archives on a scripted server: whole ones, cut ones, rests of them, and a client that fetches until it has one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.errors import NodeFault
from orchestrator.nodes.nodeodm import Deadlines
from tests.unit.nodes.nodeodm_bundle import UUID, client_of, ignore
from tests.unit.nodes.scripted_node import Act, ScriptedNode, http

ARCHIVE = bytes(range(256)) * 8192
ZIP: dict[str, Any] = {"Content_Type": "application/zip"}
S3: dict[str, Any] = {**ZIP, "Accept_Ranges": "bytes", "ETag": '"abc"'}
WHOLE = Act(http(200, ARCHIVE, **ZIP))
WHOLE_FROM_S3 = Act(http(200, ARCHIVE, **S3))


class Until(asyncio.Event):
    """Set once so many bytes of the archive were received."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def received(self, done: int, _: int | None) -> None:
        if done >= self._count:
            self.set()


def cut(at: int, *, start: int = 0, **headers: Any) -> Act:
    """Part of the archive, cut once the client has written all of it."""
    answer = http(200, ARCHIVE[start:at], length=len(ARCHIVE) - start, **headers)
    if start:
        said = f"bytes {start}-{len(ARCHIVE) - 1}/{len(ARCHIVE)}"
        answer = http(206, ARCHIVE[start:at], length=len(ARCHIVE) - start, Content_Range=said, **headers)
    return Act(answer, close=True, until=Until(at))


def rest_from(at: int, *, said: int | None = None) -> Act:
    content_range = f"bytes {at if said is None else said}-{len(ARCHIVE) - 1}/{len(ARCHIVE)}"
    return Act(http(206, ARCHIVE[at:], Content_Type="application/zip", Content_Range=content_range, ETag='"abc"'))


async def fetch(script: list[Act], target: Path, *, deadlines: Deadlines | None = None) -> ScriptedNode:
    """Fetch as often as the archive is cut, and once more."""
    async with ScriptedNode(script) as node, client_of(node.url, deadlines=deadlines) as client:
        for act in script:
            if isinstance(act.until, Until):
                with pytest.raises(NodeFault):
                    await client.download(UUID, target, received=act.until.received)
        await client.download(UUID, target, received=ignore)
    return node
