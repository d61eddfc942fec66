"""The control socket's application: what the command line sends, reads and follows. Local, so it asks for no password.

Commands take the same turn as those from the bus and get the same answers: there is no second way to change a task.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from orchestrator import __version__
from orchestrator.api import queries
from orchestrator.api.adoption import AdoptionWindow
from orchestrator.api.dead_letters import DeadLetterWindow
from orchestrator.api.doctor import DoctorWindow
from orchestrator.api.health import health_of
from orchestrator.api.output import output_of
from orchestrator.api.ports import Check, ControlPorts
from orchestrator.api.problems import JSON, Refusal, answered_within, problems_in_json, refused, shown, unavailable
from orchestrator.api.stream import EventStreams
from orchestrator.api.tokens import TokenWindow
from orchestrator.contract.commands import decode
from orchestrator.contract.fields import MAX_TEXT
from orchestrator.contract.views import public_node, public_project, public_task
from orchestrator.domain.problem import Problem, invalid_field, not_found
from orchestrator.domain.task import Task
from orchestrator.engine.ports import Order

__all__ = ["ControlPorts", "control_application"]

MAX_BODY: Final = 4_194_304
DEADLINE: Final = 30.0
"""Seconds within which a command is settled or a question answered."""

MESSAGE_ID: Final = "Message-Id"


def control_application(
    ports: ControlPorts,
    *,
    checks: Sequence[Check] = (),
    max_body_bytes: int = MAX_BODY,
    deadline: float = DEADLINE,
    streams: EventStreams | None = None,
) -> web.Application:
    """Build the application. ``checks`` are shown under ``/health``; ``deadline`` is seconds."""
    window = Control(ports, checks=checks, deadline=deadline)
    streams = streams or EventStreams(ports.subscribe)
    application = web.Application(middlewares=[problems_in_json], client_max_size=max_body_bytes)
    application.router.add_post("/commands/{command}", window.command)
    application.router.add_get("/tasks", window.tasks)
    application.router.add_get("/tasks/{task}", window.task)
    application.router.add_get("/tasks/{task}/output", window.output)
    application.router.add_get("/projects", window.projects)
    application.router.add_get("/processing-nodes", window.nodes)
    application.router.add_get("/health", window.health)
    application.router.add_get("/events", streams.serve)
    DeadLetterWindow(ports.dead_letters, deadline=deadline).add_to(application)
    AdoptionWindow(ports.adoption, deadline=deadline).add_to(application)
    DoctorWindow(ports.doctor).add_to(application)
    TokenWindow(ports.tokens, deadline=deadline).add_to(application)
    application.on_shutdown.append(streams.stop)
    return application


class Control:
    """Answers requests with what the rooms behind it say."""

    def __init__(self, ports: ControlPorts, *, checks: Sequence[Check], deadline: float) -> None:
        self._ports = ports
        self._checks = checks
        self._deadline = deadline

    async def command(self, request: web.Request) -> web.Response:
        """Settle a command; the answer is that of the bus, with the problem's own status if it was rejected."""
        name = request.match_info["command"]
        decoded = decode(name, await request.read())
        if isinstance(decoded, Problem):
            return refused(decoded, command=name)
        order = Order(decoded, _message_id(request))
        try:
            async with asyncio.timeout(self._deadline):
                (settled,) = await self._ports.desk.settle([order])
        except TimeoutError:
            late = f"No answer within {self._deadline:g} s; the command may still take effect."
            return refused(unavailable(late), command=name)
        status = 200 if settled.accepted else int(json.loads(settled.answer)["error"]["status"])
        return web.Response(body=settled.answer, status=status, content_type=JSON)

    async def tasks(self, request: web.Request) -> web.Response:
        """List tasks, newest first."""
        wanted = queries.task_filter(request.query)
        async with answered_within(self._deadline):
            tasks = await self._ports.library.tasks(wanted)
        return shown([public_task(task) for task in tasks])

    async def task(self, request: web.Request) -> web.Response:
        """Show one task."""
        async with answered_within(self._deadline):
            return shown(public_task(await self._named(request)))

    async def output(self, request: web.Request) -> web.Response:
        """Show console output: ``{"lines": […], "count": total}``."""
        line, limit = queries.lines(request.query)
        async with answered_within(self._deadline):
            task = await self._named(request)
            found, count = await output_of(task, self._ports.read_output, line=line, limit=limit)
        return shown({"lines": found, "count": count})

    async def projects(self, _: web.Request) -> web.Response:
        """List projects."""
        async with answered_within(self._deadline):
            return shown([public_project(project) for project in await self._ports.library.projects()])

    async def nodes(self, _: web.Request) -> web.Response:
        """List processing nodes."""
        async with answered_within(self._deadline):
            return shown([public_node(node) for node in await self._ports.library.nodes()])

    async def health(self, _: web.Request) -> web.Response:
        """Show how the daemon does, and that it is one."""
        body, status = health_of(self._checks)
        return shown({"version": __version__, "pid": os.getpid(), **body}, status=status)

    async def _named(self, request: web.Request) -> Task:
        key = request.match_info["task"]
        library = self._ports.library
        # A reference may consist of digits, too; an id goes first.
        found = await library.task(int(key)) if queries.is_id(key) else None
        found = found or await library.task(key)
        if found is None:
            raise Refusal(not_found("task", f"There is no task {key}."))
        return found


def _message_id(request: web.Request) -> str | None:
    given = request.headers.get(MESSAGE_ID)
    if given is not None and not (0 < len(given) <= MAX_TEXT and given.isprintable()):
        raise Refusal(invalid_field(MESSAGE_ID, f"must be 1 to {MAX_TEXT} printable characters"))
    return given
