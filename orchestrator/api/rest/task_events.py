"""What happened to one task, as far as it is kept: /api/tasks/{task}/events/."""

from collections.abc import Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from orchestrator.api.ports import RestPorts
from orchestrator.api.rest.events import types_of
from orchestrator.api.rest.finding import task_anywhere
from orchestrator.api.rest.route import JSON, Call, Form, Route
from orchestrator.contract.event_filter import EventFilter, place_of
from orchestrator.contract.event_models import TaskEventView
from orchestrator.contract.events import subject_of_task
from orchestrator.contract.json_text import to_json
from orchestrator.contract.view_models import View
from orchestrator.engine.ports import OutboxEntry

MOST: Final = 1000


class TaskEventsQuery(Form):
    """Which of a task's events."""

    after: Annotated[int, Field(ge=0, le=10**18 - 1)] = 0
    """Only events with larger numbers."""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    """How many at most, those of other types counted."""
    type: str | None = None
    """Only events of these types, such as task.status-changed; with commas, or given several times."""


class NumberedEventView(View):
    """An event, and its place in the journal."""

    number: int
    """Its id in /api/events."""
    event: TaskEventView


class TaskEventsView(View):
    """Events of a task, oldest first. The oldest may not be kept any more: the first of all has the sequence 1."""

    events: list[NumberedEventView]
    next: str | None
    """Address of the events that follow these, if there are any yet."""
    last_event_id: int
    """With it, GET /api/events goes on where this answer ends."""


class TaskEvents:
    """The endpoint."""

    def __init__(self, ports: RestPorts) -> None:
        self._library = ports.library
        self._journal = ports.journal

    def routes(self) -> list[Route]:
        """Give it."""
        return [
            Route(
                method="GET", path="/tasks/{task}/events/", name="listTaskEvents", query=TaskEventsQuery,
                summary="List what happened to a task, oldest first.", handler=self.listed,
                answers={200: TaskEventsView},
            )
        ]  # fmt: skip

    async def listed(self, call: Call) -> web.Response:
        """List some; from when the task was in a project that the caller may not see, none."""
        task = await task_anywhere(self._library, call)
        given: TaskEventsQuery = call.query
        found = await self._journal.events_of([subject_of_task(task.id)], after=given.after, limit=given.limit)
        wanted = EventFilter(types=types_of(call)).kept_to(call.caller.projects)
        mine = [entry for entry in found.entries if wanted.passes(place_of(entry.routing_key))]
        more = found.upto < found.kept.last
        following = str(call.request.url.update_query(after=found.upto)) if more else None
        return web.Response(body=_written(mine, following=following, upto=found.upto), content_type=JSON)


def _written(entries: Sequence[OutboxEntry], *, following: str | None, upto: int) -> bytes:
    """Write the answer around the events, which are JSON already."""
    events = b",".join(b'{"number":%d,"event":%b}' % (entry.number, entry.body) for entry in entries)
    return b'{"events":[%b],"next":%b,"last_event_id":%d}' % (events, to_json(following), upto)
