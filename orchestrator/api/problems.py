"""Every answer that says no, as problem details (RFC 9457) in JSON: what the window shows when something is wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from orchestrator.contract.answers import rejected
from orchestrator.contract.json_text import to_json
from orchestrator.contract.views import public_problem
from orchestrator.domain.errors import (
    AmbiguousLetter,
    BusError,
    NoSuchLetter,
    OrchestratorError,
    StoreError,
    TokenRefused,
)
from orchestrator.domain.problem import Problem, internal, invalid, invalid_field, not_found

log = structlog.get_logger()

JSON: Final = "application/json"


class Refusal(Exception):
    """A request that is answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def shown(value: object, *, status: int = 200) -> web.Response:
    """Answer with a value as JSON."""
    return web.Response(body=to_json(value), status=status, content_type=JSON)


def refused(problem: Problem, *, command: str | None = None) -> web.Response:
    """Answer with a problem; in the shape of the bus's answers when it is about a command."""
    body = {"ok": False, "error": public_problem(problem)} if command is None else rejected(command, problem)
    return shown(body, status=problem.status)


def unavailable(detail: str) -> Problem:
    """Something that the daemon itself needs is away; the same again may do later."""
    return Problem("unavailable", "Not possible just now", 503, detail)


@asynccontextmanager
async def answered_within(deadline: float) -> AsyncIterator[None]:
    """Refuse a request whose block takes longer than so many seconds."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except TimeoutError:
        raise Refusal(unavailable(f"There was no answer within {deadline:g} s.")) from None


@web.middleware
async def problems_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let no request end without an answer that a program can read."""
    command = request.match_info.get("command")
    try:
        return await handler(request)
    except Refusal as refusal:
        return refused(refusal.problem, command=command)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return refused(_of_http(request, error), command=command)
    except OrchestratorError as error:
        return refused(_of_error(error), command=command)
    except Exception:
        log.exception("api.request_failed", method=request.method, path=request.path)
        return refused(internal("The daemon failed on this request; its log says more."), command=command)


def _of_error(error: OrchestratorError) -> Problem:
    match error:
        case StoreError():
            return unavailable(f"The store is not usable just now: {error}")
        case BusError():
            return unavailable(str(error))
        case NoSuchLetter():
            return not_found("id", str(error))
        case AmbiguousLetter():
            return invalid_field("id", str(error))
        case TokenRefused():
            return invalid(str(error))
        case _:
            return internal(str(error))


def _of_http(request: web.Request, error: web.HTTPException) -> Problem:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem("too-large", "The message is too large", error.status, "The body is larger than is taken in.")
    if error.status == web.HTTPNotFound.status_code:
        return Problem("not-found", "No such thing", error.status, f"There is nothing at {request.path}.")
    return Problem("http", error.reason, error.status, f"{request.method} {request.path}: {error.reason}.")
