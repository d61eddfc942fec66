"""The REST application: routes that check who asks and what for, and answers in WebODM's shapes, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import structlog
from aiohttp import web
from yarl import URL

from orchestrator.api.problems import shown
from orchestrator.api.rest.faults import Body, Fault, detail, forbidden, of_error
from orchestrator.api.rest.openapi import document
from orchestrator.api.rest.reader import add_reader
from orchestrator.api.rest.reading import MAX_FORM, read_body, read_query
from orchestrator.api.rest.route import FORMS, JSON, Call, Route
from orchestrator.domain.access import EVERYONE, Caller
from orchestrator.domain.errors import OrchestratorError

log = structlog.get_logger()

DEADLINE: Final = 30.0
"""Seconds within which a short request is answered."""

LISTS: Final = ("projects", "processingnodes")
"""What the root of the API points to."""

Entered = Callable[[web.Request], Awaitable[web.StreamResponse]]

Authenticate = Callable[[web.Request], Awaitable[Caller]]
"""Says who is asking. Raises ``Fault`` for nobody who may."""


_with_slash = web.normalize_path_middleware(merge_slashes=False, redirect_class=web.HTTPMovedPermanently)


async def admit_everyone(_: web.Request) -> Caller:
    """Take everyone who reaches the daemon for its owner: it listens to its own machine only."""
    return EVERYONE


def rest_application(
    routes: Sequence[Route], *, authenticate: Authenticate = admit_everyone, deadline: float = DEADLINE
) -> web.Application:
    """Build what is mounted at ``/api``. ``deadline``: seconds, for whatever does not stream."""

    @cache
    def described() -> dict[str, Any]:
        return document(every)  # Only when it is asked for: its schemas take time and memory.

    async def openapi(_: Call) -> web.Response:
        return shown(described())

    every = (
        *routes,
        Route(
            method="GET", path="/", name="root", summary="Where the lists are.",
            handler=_root, answers={200: dict[str, str]}, public=True,
        ),
        Route(
            method="GET", path="/openapi.json", name="openapi", summary="This API, as an OpenAPI 3.1 document.",
            handler=openapi, answers={200: JSON}, public=True,
        ),
    )  # fmt: skip
    application = web.Application(middlewares=[in_webodms_shapes, _with_slash], client_max_size=MAX_FORM)
    for route in every:
        application.router.add_route(route.method, route.path, _entered(route, authenticate, deadline), name=route.name)
    for path, answer in _heads(every, authenticate, deadline):
        application.router.add_route("HEAD", path, answer)
    add_reader(application)
    return application


async def _root(call: Call) -> web.Response:
    """Answer clients that look whether somebody is there before they sign in."""
    return shown({name: str(call.request.url.join(URL(f"{name}/"))) for name in LISTS})


def _heads(routes: Sequence[Route], authenticate: Authenticate, deadline: float) -> Iterator[tuple[str, Entered]]:
    """Give what answers HEAD where GET is answered: the same, and aiohttp leaves the body out."""
    own = {route.path for route in routes if route.method == "HEAD"}
    for route in routes:
        if route.method == "GET" and route.ends and route.path not in own:
            yield route.path, _entered(route, authenticate, deadline)


def _entered(route: Route, authenticate: Authenticate, deadline: float) -> Entered:
    async def enter(request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(deadline) as limit:
            caller = EVERYONE if route.public else await authenticate(request)
            if not caller.may(route.role):
                raise forbidden()
            query, body = read_query(request, route), await read_body(request, route)
            if route.streams:
                limit.reschedule(None)
            return await route.handler(Call(request, caller, query, body))

    return enter


@web.middleware
async def in_webodms_shapes(request: web.Request, handler: Entered) -> web.StreamResponse:
    """Let no request end without an answer that WebODM's clients can read."""
    try:
        return await handler(request)
    except Fault as fault:
        return _no_for(fault)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return _of_http(request, error)
    except web.RequestPayloadError:
        answer = _no(400, {"detail": "The body cannot be read: it is not what its headers say."})
        answer.force_close()  # Where the next request would begin, nobody knows.
        return answer
    except (ConnectionError, TimeoutError, OrchestratorError) as error:
        return _no_for(of_error(error))
    except Exception:
        log.exception("api.request_failed", method=request.method, path=request.path)
        return _no(500, {"detail": "The daemon failed on this request; its log says more."})


def _no(status: int, body: Body) -> web.Response:
    return shown(body, status=status)


def _no_for(fault: Fault) -> web.Response:
    answer = _no(fault.status, fault.body)
    answer.headers.update(fault.headers)
    return answer


def _of_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if isinstance(error, web.HTTPMethodNotAllowed) and request.method == "OPTIONS":
        methods = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
        return web.json_response({"renders": [JSON], "parses": list(FORMS)}, headers={"Allow": methods})
    sentences = {
        404: "Not found.",
        405: f'Method "{request.method}" not allowed.',
        413: f"The body is larger than the {MAX_FORM} bytes that are taken in here.",
    }
    fault = detail(error.status, sentences.get(error.status, error.reason))
    answer = _no(fault.status, fault.body)
    if isinstance(error, web.HTTPMethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
    return answer
