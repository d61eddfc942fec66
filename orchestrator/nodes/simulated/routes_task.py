"""The calls about one committed job: look at it, and cancel, remove or restart it."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from orchestrator.nodes.simulated.answers import Refusal, json_answer
from orchestrator.nodes.simulated.filtering import BadOptions, kept_options, parse_json
from orchestrator.nodes.simulated.job import slice_lines
from orchestrator.nodes.simulated.register import Register
from orchestrator.nodes.simulated.routing import Route

__all__ = ["TaskCalls"]

_BODY_LIMIT = 100 << 10


class TaskCalls:
    """Answers for the jobs in the register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def routes(self) -> list[Route]:
        """The routes of this part."""
        return [
            Route("GET", "/task/list", "list", self._list),
            Route("GET", "/task/{uuid}/info", "task-info", self._info),
            Route("GET", "/task/{uuid}/output", "output", self._output),
            Route("POST", "/task/cancel", "cancel", self._cancel),
            Route("POST", "/task/remove", "remove", self._remove),
            Route("POST", "/task/restart", "restart", self._restart),
        ]

    async def _list(self, request: web.Request, _: str) -> web.StreamResponse:
        return json_answer(request, [{"uuid": job.uuid} for job in self._register])

    async def _info(self, request: web.Request, uuid: str) -> web.StreamResponse:
        job = self._register.find(uuid)
        info = job.info()
        if "with_output" in request.query:
            info["output"] = slice_lines(job.output, request.query.getall("with_output"))
        return json_answer(request, info)

    async def _output(self, request: web.Request, uuid: str) -> web.StreamResponse:
        job = self._register.find(uuid)
        return json_answer(request, slice_lines(job.output, request.query.getall("line", [])))

    async def _cancel(self, request: web.Request, _: str) -> web.StreamResponse:
        self._register.cancel(self._known(await _body(request)))
        return json_answer(request, {"success": True})

    async def _remove(self, request: web.Request, _: str) -> web.StreamResponse:
        await self._register.remove(self._known(await _body(request)))
        return json_answer(request, {"success": True})

    async def _restart(self, request: web.Request, _: str) -> web.StreamResponse:
        body = await _body(request)
        uuid = self._known(body)
        given = body.get("options")
        try:
            # Absent keeps the old options; anything else replaces them as a whole.
            options = kept_options(given if isinstance(given, str | list) else None) if given else None
        except BadOptions as error:
            raise Refusal(str(error)) from error
        self._register.restart(uuid, options)
        return json_answer(request, {"success": True})

    def _known(self, body: Mapping[str, object]) -> str:
        uuid = body.get("uuid")
        if not uuid:
            raise Refusal("uuid param missing.")
        if not isinstance(uuid, str) or uuid not in self._register:
            raise Refusal(f"{uuid} not found", success=False)
        return uuid


async def _body(request: web.Request) -> Mapping[str, object]:
    """The JSON or urlencoded body; any other kind counts as empty.

    Raises:
        Refusal: it is larger than 100 kB, or not JSON though it says so.
    """
    if request.content_type not in ("application/json", "application/x-www-form-urlencoded"):
        return {}
    text = await _read_limited(request)
    if request.content_type != "application/json":
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        value = parse_json(text) if text else {}
    except BadOptions as error:
        raise Refusal(str(error)) from error
    return value if isinstance(value, dict) else {}


async def _read_limited(request: web.Request) -> str:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise Refusal("request entity too large")
    return body.decode("utf-8", errors="replace")
