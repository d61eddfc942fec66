"""One processing node as the engine's port ``NodeClient`` wants it: every call of the NodeODM protocol we use."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from orchestrator.domain.errors import JobNotFound, NodeFault, NodeRefused
from orchestrator.domain.node import NodeInfo, NodeOption
from orchestrator.domain.task import Option
from orchestrator.engine.ports import JobCard, JobInfo, OutgoingFile
from orchestrator.nodes.nodeodm import forms, shapes
from orchestrator.nodes.nodeodm.address import Address, checked
from orchestrator.nodes.nodeodm.answers import Answer, expect_success, expect_uuid, nonsense, value_of
from orchestrator.nodes.nodeodm.deadlines import Deadline, Deadlines
from orchestrator.nodes.nodeodm.download import Downloads
from orchestrator.nodes.nodeodm.upload import Uploads
from orchestrator.nodes.nodeodm.wire import MIB, Wire

JOB_CAP = 64 * MIB
"""A console log comes whole when it is asked for from its first line."""

Shape = TypeVar("Shape")


class NodeOdmClient:
    """A node at ``url`` (with a path prefix if it has one).

    ``transfers`` is the session for files, if another one. The node's health is asked for there, too: it must not seem
    away because many calls wait for a connection.

    Raises what the port names, and nothing else. Keeps no state: any number of calls may be under way.
    """

    def __init__(
        self,
        url: str,
        token: str,
        session: aiohttp.ClientSession,
        deadlines: Deadlines | None = None,
        *,
        transfers: aiohttp.ClientSession | None = None,
    ) -> None:
        deadlines = deadlines or Deadlines()
        self._address = Address(url, token)
        self._wire = Wire(session, self._address, deadlines)
        self._probes = Wire(transfers or session, self._address, deadlines)
        self._uploads = Uploads(transfers or session, self._address, deadlines)
        self._downloads = Downloads(transfers or session, self._address, deadlines)
        self._info = Deadline("info", deadlines.info)
        self._answer = Deadline("answer", deadlines.answer)
        self._commit = Deadline("commit", deadlines.commit)

    def __repr__(self) -> str:
        """Safe to log: without the token."""
        return f"NodeOdmClient({self._address!r})"

    async def info(self) -> NodeInfo:
        """Ask the node about itself. A cluster none of whose nodes is there is as good as away (``NodeFault``)."""
        answer = await self._probes.get(self._address.url("/info"), self._info)
        info = self._shaped(answer, shapes.node_info)
        if info.is_cluster and info.engine == shapes.NO_ENGINE:
            raise NodeFault("The cluster has no processing node that is online.")
        return info

    async def options(self) -> tuple[NodeOption, ...]:
        """Ask which options its engine takes."""
        answer = await self._probes.get(self._address.url("/options"), self._answer)
        return self._shaped(answer, shapes.node_options)

    async def begin(self, uuid: str, *, name: str, options: Sequence[Option]) -> None:
        """Open a job under our uuid.

        NodeODM says ``Invalid set-uuid`` (``NodeRefused``) when a job of that uuid is committed already.
        """
        headers = {"set-uuid": checked(uuid)}
        form = forms.opening(name, options)
        url = self._address.url("/task/new/init")
        answer = await self._wire.post(url, self._answer, body=form.body, headers=form.headers | headers)
        expect_uuid(answer, self._address, uuid=uuid)

    async def upload(self, uuid: str, file: OutgoingFile, *, sent: Callable[[int], None]) -> None:
        """Send one file in a request of its own."""
        url = self._address.url(f"/task/new/upload/{checked(uuid)}")
        await self._uploads.send(url, file, uuid=uuid, sent=sent)

    async def commit(self, uuid: str) -> None:
        """Start the job. Raises ``JobNotFound`` when there is no such upload (any more); the job may run already."""
        url = self._address.url(f"/task/new/commit/{checked(uuid)}")
        answer = await self._wire.post(url, self._commit)
        try:
            expect_uuid(answer, self._address, uuid=uuid)
        except NodeRefused as refusal:
            # The upload's folder or form is not there: another commit has taken them, or the clean-up.
            if str(refusal).startswith("ENOENT"):
                raise JobNotFound(str(refusal)) from None
            raise

    async def job(self, uuid: str, *, from_line: int | None = None) -> JobInfo:
        """Ask about a job, with its console lines from ``from_line`` on."""
        # A negative line would mean the last ones.
        query = "" if from_line is None else f"with_output={max(0, from_line)}"
        url = self._address.url(f"/task/{checked(uuid)}/info", query=query)
        answer = await self._wire.get(url, self._answer, cap=JOB_CAP)
        return self._shaped(answer, partial(shapes.job_info, with_output=from_line is not None), uuid=uuid)

    async def job_list(self) -> tuple[str, ...]:
        """List the uuids of the node's jobs. NodeMICMAC has no such list (``NodeFault``)."""
        answer = await self._wire.get(self._address.url("/task/list"), self._answer)
        return self._shaped(answer, shapes.job_list)

    async def job_card(self, uuid: str) -> JobCard:
        """Ask what a job is."""
        url = self._address.url(f"/task/{checked(uuid)}/info")
        answer = await self._wire.get(url, self._answer, cap=JOB_CAP)
        return self._shaped(answer, shapes.job_card, uuid=uuid)

    async def cancel(self, uuid: str) -> None:
        """Stop a job. Turns a job that has just completed into a canceled one."""
        await self._tell("cancel", uuid)

    async def remove(self, uuid: str) -> None:
        """Delete a job and its files."""
        await self._tell("remove", uuid)

    async def restart(self, uuid: str, *, options: Sequence[Option]) -> None:
        """Run an ended job again with these options in place of its old ones."""
        await self._tell("restart", uuid, options=options)

    async def download(self, uuid: str, target: Path, *, received: Callable[[int, int | None], None]) -> None:
        """Fetch ``all.zip`` into ``target``. What can be resumed later is kept there, with a note beside it."""
        url = self._address.url(f"/task/{checked(uuid)}/download/all.zip")
        await self._downloads.fetch(url, target, uuid=uuid, received=received)

    async def _tell(self, verb: str, uuid: str, *, options: Sequence[Option] | None = None) -> None:
        form = forms.about(checked(uuid), options=options)
        url = self._address.url(f"/task/{verb}")
        answer = await self._wire.post(url, self._answer, body=form.body, headers=form.headers)
        expect_success(answer, self._address, uuid=uuid)

    def _shaped(self, answer: Answer, shape: Callable[[Any], Shape], *, uuid: str = "") -> Shape:
        value = value_of(answer, self._address, uuid=uuid)
        try:
            return shape(value)
        except shapes.ShapeError as error:
            raise nonsense(answer, self._address, wanted=str(error)) from None
