"""The calls about the node itself: what it is, what it offers, how to get in."""

import os
from html import escape

from aiohttp import web

from orchestrator.nodes.simulated.answers import json_answer
from orchestrator.nodes.simulated.catalogue import CATALOGUE
from orchestrator.nodes.simulated.console import ENGINE_VERSION
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.register import Register
from orchestrator.nodes.simulated.routing import Route

__all__ = ["node_routes"]

_VERSION = "2.2.4"
_TOTAL_MEMORY = 16 << 30
_MEMORY_PER_JOB = 2 << 30


def node_routes(options: SimulatedNodeOptions, register: Register) -> list[Route]:
    """The routes of this part."""

    async def info(request: web.Request, _: str) -> web.StreamResponse:
        if request.query.get("_debugUnauthorized") == "1":
            return web.Response(status=401)
        return json_answer(request, _info(options, register))

    async def catalogue(request: web.Request, _: str) -> web.StreamResponse:
        return json_answer(request, [option.as_json() for option in CATALOGUE])

    async def access(request: web.Request, _: str) -> web.StreamResponse:
        message = "Authentication not available on this node"
        return json_answer(request, {"message": message, "loginUrl": None, "registerUrl": None})

    async def no_access(request: web.Request, _: str) -> web.StreamResponse:
        return json_answer(request, {"error": "Not available"})

    async def front_page(_request: web.Request, _: str) -> web.StreamResponse:
        page = f"<!DOCTYPE html><title>{escape(options.name)}</title><p>A simulated processing node."
        return web.Response(text=page, content_type="text/html")

    return [
        Route("GET", "/", "front-page", front_page, needs_token=False),
        Route("GET", "/info", "info", info),
        Route("GET", "/options", "options", catalogue),
        Route("GET", "/auth/info", "auth-info", access, needs_token=False),
        Route("POST", "/auth/login", "auth-login", no_access, needs_token=False),
        Route("POST", "/auth/register", "auth-register", no_access, needs_token=False),
    ]


def _info(options: SimulatedNodeOptions, register: Register) -> dict[str, object]:
    busy = sum(job.is_processing for job in register)
    return {
        "version": _VERSION,
        "taskQueueCount": register.unfinished,
        "totalMemory": _TOTAL_MEMORY,
        "availableMemory": max(1 << 30, _TOTAL_MEMORY - (1 + busy) * _MEMORY_PER_JOB),
        "cpuCores": os.cpu_count() or 1,
        "maxImages": options.max_images,
        "maxParallelTasks": options.parallel,
        "engineVersion": ENGINE_VERSION,
        "engine": "odm",
    }
