"""Says on TCP whether the daemon lives, whether it is ready, and how it does, to whatever watches over it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from orchestrator.api.ports import Check, problems_of
from orchestrator.api.problems import shown

Figures = Callable[[], Mapping[str, object]]
"""Gives what is shown beside whether all is well, by name."""


def add_health(
    application: web.Application, *, ready: Sequence[Check], figures: Figures, registry: CollectorRegistry
) -> None:
    """Add ``/health/live``, ``/health/ready`` (with the figures) and ``/metrics``."""
    application.router.add_get("/health/live", _answering())
    application.router.add_get("/health/ready", _answering(ready, figures))
    application.router.add_get("/metrics", _metrics(registry))


def health_of(checks: Sequence[Check]) -> tuple[dict[str, object], int]:
    """Give the body and status of a health answer: 200, or 503 with what is wrong by name."""
    problems = problems_of(checks)
    return {"status": "unhealthy" if problems else "ok", "problems": problems}, 503 if problems else 200


def _answering(
    checks: Sequence[Check] = (), figures: Figures = dict
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        body, status = health_of(checks)
        return shown({**body, **figures()}, status=status)

    return answer


def _metrics(registry: CollectorRegistry) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer
