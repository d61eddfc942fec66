"""The calls that create a job: init, upload, commit, or all in one."""

import uuid as uuids
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from aiohttp import web

from orchestrator.nodes.simulated.answers import Refusal, json_answer, plain_error
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.faults import Faults
from orchestrator.nodes.simulated.filtering import BadOptions
from orchestrator.nodes.simulated.intake import too_many
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.receiving import Form, Meter, UploadCut, receive
from orchestrator.nodes.simulated.register import Register
from orchestrator.nodes.simulated.routing import Route
from orchestrator.nodes.simulated.submission import read_submission
from orchestrator.nodes.simulated.uploads import Uploads, may_be_set

__all__ = ["Creation"]

_NO_FILE = "Need at least 1 file."
_NO_UPLOAD = "Invalid uuid (not found)"


class Creation:
    """Takes jobs in. `crash` is what a certain bad field does to a real node."""

    def __init__(
        self,
        options: SimulatedNodeOptions,
        *,
        uploads: Uploads,
        register: Register,
        faults: Faults,
        events: EventBook,
        random: Random,
        crash: Callable[[], Awaitable[None]],
    ) -> None:
        self._options = options
        self._uploads = uploads
        self._register = register
        self._faults = faults
        self._events = events
        self._random = random
        self._crash = crash

    def routes(self) -> list[Route]:
        """The routes of this part."""
        return [
            Route("POST", "/task/new/init", "init", self._init),
            Route("POST", "/task/new/upload/{uuid}", "upload", self._upload),
            Route("POST", "/task/new/commit/{uuid}", "commit", self._commit),
            Route("POST", "/task/new", "new", self._new),
        ]

    async def _init(self, request: web.Request, _: str) -> web.StreamResponse:
        uuid = self._chosen_uuid(request)
        form = await receive(request, None)
        await self._begin(uuid, form)
        self._events.record("init", uuid)
        return json_answer(request, {"uuid": uuid})

    async def _upload(self, request: web.Request, uuid: str) -> web.StreamResponse:
        if not self._uploads.exists(uuid):
            raise Refusal(_NO_UPLOAD)
        fate = self._faults.fate_of_upload()
        if fate == "dropped":
            return plain_error(500, "Internal Server Error")
        cut_at = self._faults.place_of_cut(request.content_length) if fate == "cut" else None
        form = await self._receive_files(request, uuid, cut_at)
        if not form.files:
            raise Refusal(_NO_FILE, noRetry=True)
        self._events.record("uploaded", uuid)
        return json_answer(request, {"success": True})

    async def _commit(self, request: web.Request, uuid: str) -> web.StreamResponse:
        if not self._uploads.exists(uuid):
            raise Refusal(_NO_UPLOAD)
        await self._admit(uuid)
        return json_answer(request, {"uuid": uuid})

    async def _new(self, request: web.Request, _: str) -> web.StreamResponse:
        uuid = self._chosen_uuid(request)
        # The fields may come after the files, so the folder must be there before they are known.
        if not self._uploads.exists(uuid):
            await self._begin(uuid, Form())
        try:
            form = await self._receive_files(request, uuid, None)
        except Refusal:
            await self._uploads.destroy(uuid)
            raise
        await self._begin(uuid, form)
        if form.fields.get("zipurl"):
            await self._uploads.destroy(uuid)
            raise Refusal("File upload via URL is not available on a simulated node.")
        count, limit = len(self._uploads.files(uuid)), self._options.max_images
        if limit is not None and count > limit:
            await self._uploads.destroy(uuid)
            raise Refusal(too_many(count, limit))
        await self._admit(uuid)
        return json_answer(request, {"uuid": uuid})

    def _chosen_uuid(self, request: web.Request) -> str:
        chosen = request.headers.get("set-uuid")
        if not chosen:
            return str(uuids.UUID(int=self._random.getrandbits(128), version=4))
        if not may_be_set(chosen) or chosen in self._register:
            raise Refusal(f"Invalid set-uuid: {chosen}")
        return chosen

    async def _begin(self, uuid: str, form: Form) -> None:
        try:
            submission = read_submission(form.fields)
        except BadOptions as error:
            # Also what was uploaded under this uuid before: a repeated init with bad options costs all of it.
            await self._uploads.destroy(uuid)
            raise Refusal(str(error)) from error
        self._uploads.begin(uuid, submission)

    async def _receive_files(self, request: web.Request, uuid: str, cut_at: int | None) -> Form:
        def place(name: str) -> Path:
            self._events.record("upload-started", uuid)
            return self._uploads.place(uuid, name)

        try:
            return await receive(request, place, Meter(speed=self._options.slow_upload, cut_at=cut_at))
        except UploadCut:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("upload cut on purpose") from None

    async def _admit(self, uuid: str) -> None:
        submission = self._uploads.take(uuid)
        count = len(self._uploads.files(uuid))
        if not count:
            await self._uploads.destroy(uuid)
            raise Refusal(_NO_FILE)
        if any(not isinstance(path, str) for path in submission.outputs):
            await self._crash()
            raise ConnectionResetError("crashed by a path that is no text")
        self._register.admit(
            uuid, submission, files=count, hand_over=lambda images: self._uploads.hand_over(uuid, images)
        )
        self._events.record("committed", uuid)
