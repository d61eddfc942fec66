"""Submit: a task's files go to its node under the uuid that was chosen for it, and the job is started, once.

What cannot be known is never guessed: a file whose answer was lost spoils the uuid (the node may hold half of it, and
it cannot be taken back), and after a lost answer to the commit the node is asked before anything else is done.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from orchestrator.domain import facts
from orchestrator.domain.adoption import job_name
from orchestrator.domain.errors import (
    FileError,
    JobNotFound,
    NodeError,
    NodeFault,
    NodeRefused,
    SourceFailed,
    SourceHindered,
    StoreError,
    UploadUncertain,
)
from orchestrator.domain.facts import Fact
from orchestrator.domain.fitting import fitted
from orchestrator.domain.names import plain_names
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Option, Source, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import NodeClient
from orchestrator.engine.steps import refusals
from orchestrator.engine.steps.committing import Commits
from orchestrator.engine.steps.lanes import Lanes
from orchestrator.engine.steps.transfer import Transfer, Upload
from orchestrator.engine.workshop import AWAY, Workshop

log = structlog.get_logger()

HINDRANCES = 8
"""Faults without progress of a node that answers, after which the job is given up (a try of the task)."""

SOURCE_HINDRANCES = 3
"""Tries in a row to get an image that is not to be had just now, after which the node is given back."""

REST = 60.0
"""Seconds until the whole task is tried again then, and after a node has refused it for now."""

NO_IMAGES = (
    "the images of this task are not known: it was adopted from its node after the store was lost, and only a job that "
    "its node still has can be restarted; create the task anew"
)


class Submit:
    """The step of stage ``uploading``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._uploads: dict[str, Upload] = {}
        self._commits = Commits(shop)
        self._lanes = Lanes()
        self._slots = asyncio.Semaphore(shop.timing.parallel_uploads)
        self._interrupted: set[str] = set()

    def found_interrupted(self, task: Task) -> None:
        """Note that another run of the daemon began this upload; only it knew what the node holds of it."""
        self._interrupted.add(task.job_uuid)

    def on_commit(self, changes: Changes) -> None:
        """Forget uploads that were given up (a listener of the turn)."""
        for job in changes.jobs.values():
            if job.abandoned_at:
                self._uploads.pop(job.uuid, None)
                self._interrupted.discard(job.uuid)

    async def leave(self) -> None:
        """Leave a note on each upload that can be gone on with, for the next run of the daemon."""
        for upload in self._uploads.values():
            if upload.begun and not upload.flying:
                try:
                    await self._shop.shelves.note_upload(upload.task, sorted(upload.answered))
                except FileError as error:
                    log.warning("upload.not_noted", task=upload.task.id, reason=str(error))
        self._uploads.clear()
        self._interrupted.clear()

    async def __call__(self, task: Task) -> Fact:
        """Send, commit, and say ``JobTaken``; or what came between."""
        node = await self._shop.node_of(task)
        client = self._shop.board.client(node)
        try:
            if task.committed:
                return await self._commits.find_or_commit(task, client)
            if task.job_uuid in self._interrupted:
                fact = await self._resume(task, client)
                if fact:
                    return fact
            async with self._slots:
                return await self._submit(task, client, node)
        except SourceFailed as error:
            return facts.SourcesFailed(str(error))
        except SourceHindered as error:
            return self._without_source(task, error)
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))
        except NodeError as error:
            return self._sort(task, error, node)

    async def _resume(self, task: Task, client: NodeClient) -> Fact | None:
        """Go on with what a former run noted; without a note the uuid is given up, for nobody knows what is whole."""
        names = await self._shop.shelves.take_upload_note(task)
        if names is not None:
            self._uploads[task.job_uuid] = Upload(task, begun=True, answered=set(names))
            self._interrupted.discard(task.job_uuid)
            return None
        try:
            await client.job(task.job_uuid)
        except JobNotFound:
            return facts.JobSpoiled("the daemon was stopped in the middle of the upload", counts=False)
        return facts.JobTaken()

    async def _submit(self, task: Task, client: NodeClient, node: ProcessingNode) -> Fact:
        upload = self._uploads.setdefault(task.job_uuid, Upload(task))
        if upload.flying:
            return facts.JobSpoiled("a file's transfer was broken off")
        sources = await self._shop.store.sources(task.id)
        if not sources:
            raise SourceFailed(NO_IMAGES)
        if not upload.begun:
            await self._shop.shelves.begin_output(task)
            fact = await self._begin(task, client, upload, options=fitted(upload.task.options, node.options))
            if fact:
                return fact
        known = len(upload.answered)
        try:
            transfer = Transfer(self._shop, task, client, upload, lanes=self._lanes)
            await transfer.send(sources, named=_names_there(node, sources))
        finally:
            if len(upload.answered) > known:
                self._shop.tally.clear(task.job_uuid)
        task = await self._shop.say(task, facts.Committing())
        self._uploads.pop(task.job_uuid, None)
        return await self._commits.commit(task, client)

    async def _begin(self, task: Task, client: NodeClient, upload: Upload, *, options: Sequence[Option]) -> Fact | None:
        try:
            await client.begin(task.job_uuid, name=job_name(task), options=options)
        except NodeRefused as error:
            if not refusals.is_known_already(error):
                raise
            return await self._commits.look(task, client)
        upload.begun = True
        return None

    # --------------------------------------------------------------------------------------------------- errors

    def _without_source(self, task: Task, error: SourceHindered) -> Fact:
        """Try again at once a few times; then give the node back to others, and try the whole task later."""
        if self._shop.tally.add(task.job_uuid, error.code) < SOURCE_HINDRANCES:
            return self._shop.later(task, str(error))
        later = self._shop.clock.now() + timedelta(seconds=REST)
        return facts.JobSpoiled(str(error), not_before=later)

    def _sort(self, task: Task, error: NodeError, node: ProcessingNode) -> Fact:
        if isinstance(error, UploadUncertain) and error.too_slow:
            self._lanes.narrow(node.id)
        if error.code in {"upload-uncertain", "job-not-found"}:
            # A node that is full keeps the beginning of what it could not write.
            return self._refused_for_now(error) if refusals.passes(error) else facts.JobSpoiled(str(error))
        upload = self._uploads.get(task.job_uuid)
        opening = upload is not None and not upload.begun
        if isinstance(error, NodeRefused):
            if refusals.is_too_many_images(error):
                return facts.NodeTooSmall(str(error))
            if not refusals.passes(error):
                return facts.JobRefused(str(error))
            if opening or upload is None:
                return self._refused_for_now(error, counts=not opening)
        if opening and isinstance(error, NodeFault) and node.info is not None and node.info.is_micmac:
            return facts.JobSpoiled(f"{error} (and this engine does not bear being asked twice)")
        if error.code not in AWAY and self._shop.tally.add(task.job_uuid, "fault") >= HINDRANCES:
            return facts.JobSpoiled(str(error))
        self._shop.probe(node.id)
        return self._shop.later(task, str(error))

    def _refused_for_now(self, error: NodeError, *, counts: bool = True) -> Fact:
        """Give the job up: the node has nothing of it, or no more (one that refuses a commit drops the upload).

        It costs a try unless nothing was sent: then the task asks again for as long as it takes.
        """
        later = self._shop.clock.now() + timedelta(seconds=REST)
        return facts.JobSpoiled(str(error), counts=counts, not_before=later, elsewhere=True)


def _names_there(node: ProcessingNode, sources: Sequence[Source]) -> dict[str, str]:
    """Give the names that files go by on a node which would change theirs, and lose some of them by that."""
    if node.info is None or not node.info.is_micmac:
        return {}
    return plain_names(source.name for source in sources)
