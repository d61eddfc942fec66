"""Transfer: the files of one upload, a few at once, each counted only when its own answer was read."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.domain import facts
from orchestrator.domain.errors import NodeFault, OrchestratorError, SourceHindered, UploadUncertain
from orchestrator.domain.task import Source, Task
from orchestrator.engine.ports import NodeClient, OutgoingFile
from orchestrator.engine.steps.lanes import Lanes
from orchestrator.engine.workshop import Overtaken, Workshop

ASKED_AGAIN = 6
"""How often one file is sent to a node that answers 'not now' to it, and surely kept nothing."""


@dataclass(slots=True)
class Upload:
    """What this process knows of an upload: what was asked for, and what became of each file by name.

    ``answered``: the node has it. ``flying``: it was being sent; if nobody is sending it any more, its fate is unknown.
    """

    task: Task
    begun: bool = False
    answered: set[str] = field(default_factory=set)
    flying: set[str] = field(default_factory=set)


class Transfer:
    """Sends what the node does not have yet."""

    def __init__(self, shop: Workshop, task: Task, client: NodeClient, upload: Upload, *, lanes: Lanes) -> None:
        self._shop = shop
        self._lanes = lanes
        self._task = task
        self._client = client
        self._upload = upload
        self._answered = upload.answered
        self._sources: Sequence[Source] = ()
        self._bytes_sent = 0
        self._bytes_total = 0
        self._resized = 0
        self._to_resize = 0
        self._told = (0.0, 0.0)
        self._failed: list[OrchestratorError] = []
        self._named: Mapping[str, str] = {}

    async def send(self, sources: Sequence[Source], *, named: Mapping[str, str]) -> None:
        """Send all. On a failure the files in flight are finished first, so that their fate is known.

        A stop of the daemon does the same and raises ``Overtaken``. ``named``: files that go by another name there.
        """
        self._named, self._sources = named, sources
        todo = [source for source in sources if source.name not in self._answered]
        total = len(sources)
        if todo == list(sources) and self._task.resize_to < 0:
            self._bytes_total = sum(source.size for source in sources) if all(s.size >= 0 for s in sources) else 0
        if self._task.resize_to > 0:
            self._to_resize = sum(not source.side for source in sources)
            self._resized = self._to_resize - sum(not source.side for source in todo)
        queue = iter(todo)
        self._shop.sending.add(self._task.job_uuid)
        try:
            async with self._shop.telling(lambda: self._tell(total)), asyncio.TaskGroup() as senders:
                for _ in range(min(self._shop.timing.upload_connections, len(todo))):
                    senders.create_task(self._work(queue))
        finally:
            self._shop.sending.discard(self._task.job_uuid)
        if self._failed:
            raise self._worst()
        if any(source.name not in self._answered for source in todo):
            raise Overtaken

    def _worst(self) -> OrchestratorError:
        """Give the failure that decides: an uncertain file spoils the upload, whatever else happened."""
        return min(self._failed, key=lambda error: (_rank(error), error.retryable))

    async def _work(self, queue: Iterator[Source]) -> None:
        for source in queue:
            if self._is_over():
                return
            try:
                file = await self._stage(source)
                async with self._lanes.lane(self._task.job_node):
                    if self._is_over():
                        return
                    await self._send_one(file)
            except OrchestratorError as error:
                self._failed.append(error)
                return
            self._answered.add(source.name)

    def _is_over(self) -> bool:
        return bool(self._failed) or self._shop.stopping.is_set()

    async def _stage(self, source: Source) -> OutgoingFile:
        resize_to = self._task.resize_to
        file = await self._shop.images.stage(self._task, source, resize_to=resize_to, among=self._sources)
        self._resized += resize_to > 0 and not source.side
        return replace(file, name=self._named.get(source.name, file.name))

    async def _send_one(self, file: OutgoingFile) -> None:
        asked = 0
        while True:
            try:
                return await self._send_once(file)
            except NodeFault:
                asked += 1
                if asked == ASKED_AGAIN or self._is_over():
                    raise
                await asyncio.sleep(min(5.0, 0.1 * 2**asked) * (0.5 + self._shop.chance.random() / 2))

    async def _send_once(self, file: OutgoingFile) -> None:
        self._upload.flying.add(file.name)
        try:
            await self._client.upload(self._task.job_uuid, file, sent=self._count)
        except UploadUncertain:
            raise
        except SourceHindered as error:
            # Broken off in the middle: what the node holds of this file cannot be known.
            raise UploadUncertain(str(error)) from error
        except OrchestratorError:
            self._upload.flying.discard(file.name)  # Surely nothing was stored.
            raise
        self._upload.flying.discard(file.name)

    def _count(self, sent: int) -> None:
        self._bytes_sent += sent

    async def _tell(self, total: int) -> None:
        shares = self._share(total), self._resized / max(1, self._to_resize)
        if shares > self._told:
            self._told = shares
            await self._shop.say(self._task, facts.UploadProgressed(uploaded=shares[0], resized=shares[1]))

    def _share(self, total: int) -> float:
        if self._bytes_total > 0:
            return min(1.0, self._bytes_sent / self._bytes_total)
        return len(self._answered) / max(1, total)


def _rank(error: OrchestratorError) -> int:
    if not isinstance(error, UploadUncertain):
        return 2
    return 0 if error.too_slow else 1
