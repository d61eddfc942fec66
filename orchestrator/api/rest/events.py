"""Live events over REST: GET /api/events, as Server-Sent Events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. The id of each is its number in the journal: a
reader that comes back with the last one it saw gets all that followed, and from then on each event as it happens.
"""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from orchestrator.api.live import PAGE, Reader, frame
from orchestrator.api.ports import RestPorts
from orchestrator.api.rest.faults import detail, wrong_field
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.api.wire import knows_chunks, wire_of
from orchestrator.contract.event_filter import EventFilter, place_of
from orchestrator.contract.events import EVENT_TYPES, subject_of_task
from orchestrator.contract.fields import LARGEST_ID
from orchestrator.domain.errors import StoreError
from orchestrator.engine.ports import OutboxEntry

EVENT_STREAM: Final = "text/event-stream"
TAKING: Final = 30.0
"""Seconds within which a reader must take a page, or it is cut off."""
LIFETIME: Final = 900.0
"""Seconds after which a stream ends in order; the reader comes back by itself, and says anew who it is."""
RETRY: Final = b"retry: 2000\n\n"
MOST_READERS: Final = 4096
CATCHING_UP: Final = 2
"""Pages that are read at the same time, whoever wants them."""
FEW_TASKS: Final = 8
"""Tasks whose events are read by the index; who follows more reads the journal through."""
_CURSOR: Final = r"[0-9]{1,18}"
_NUMBERS: Final = r"^[0-9]{1,10}(,[0-9]{1,10})*$"


class EventQuery(Form):
    """Which events; each parameter may be given several times, or hold several values with commas between them."""

    project: Annotated[str, Field(pattern=_NUMBERS)] | None = None
    """Only events of tasks in these projects."""
    task: Annotated[str, Field(pattern=_NUMBERS)] | None = None
    """Only events of these tasks, by id."""
    type: str | None = None
    """Only events of these types, such as task.status-changed."""
    last_event_id: Annotated[str, Field(pattern=f"^{_CURSOR}$")] | None = None
    """The id of the last event that was seen; all that followed comes first. The header Last-Event-ID goes before."""


class _Cut(Exception):
    """The reader does not read, or has left."""


class Events:
    """The endpoint. ``lifetime`` and ``taking``: seconds."""

    def __init__(self, ports: RestPorts, *, lifetime: float = LIFETIME, taking: float = TAKING) -> None:
        self._journal = ports.journal
        self._live = ports.live
        self._lifetime = lifetime
        self._taking = taking
        self._reading = asyncio.Semaphore(CATCHING_UP)

    def routes(self) -> list[Route]:
        """Give it."""
        return [
            Route(
                method="GET", path="/events", name="followEvents", streams=True, query=EventQuery,
                summary="Follow events live, as Server-Sent Events; the data of each is a CloudEvent.",
                handler=self.follow, answers={200: EVENT_STREAM}, ends=False,
            )
        ]  # fmt: skip

    async def follow(self, call: Call) -> web.StreamResponse:
        """Stream events until the reader leaves."""
        wanted = _filter(call).kept_to(call.caller.projects)
        if self._live.followers >= MOST_READERS:
            raise detail(503, f"There are {MOST_READERS} readers already; try again later.")
        given, kept = _last_seen(call), await self._journal.kept()
        missed = given is not None and not (given.isdigit() and kept.follows(int(given)))
        cursor = kept.last if given is None or missed else int(given)
        greeting = RETRY + (_gap(given, first=kept.first, cursor=cursor) if missed else b"")
        response = _answer(call.request)
        await response.prepare(call.request)
        wire = wire_of(call.request)
        if wire is not None:
            reader = Reader(wanted, wire, cursor=cursor)
            with self._live.following(reader):
                await self._stream(reader, response, greeting)
        return response

    async def _stream(self, reader: Reader, response: web.StreamResponse, greeting: bytes) -> None:
        try:
            await self._write(response, greeting)
            with contextlib.suppress(TimeoutError):  # Its time is over: an orderly end.
                async with asyncio.timeout(self._lifetime):
                    await self._serve(reader, response)
            async with asyncio.timeout(self._taking):
                await response.write_eof()
        except (_Cut, StoreError, TimeoutError, ConnectionError):
            # No orderly end: the reader comes back, and resumes.
            reader.wire.cut()

    async def _serve(self, reader: Reader, response: web.StreamResponse) -> None:
        while not reader.ended:
            if not self._live.join(reader):
                await self._catch_up(reader, response)
                continue
            await reader.left.wait()
            if reader.wire.gone:
                raise _Cut

    async def _catch_up(self, reader: Reader, response: web.StreamResponse) -> None:
        """Send a page from the journal."""
        async with self._reading:
            page, upto = await self._page(reader.filter, reader.cursor)
        if upto <= reader.cursor:
            given, kept = reader.cursor, await self._journal.kept()
            reader.cursor = kept.last
            await self._write(response, _gap(str(given), first=kept.first, cursor=kept.last))
            return
        mine = [frame(entry) for entry in page if reader.filter.passes(place_of(entry.routing_key))]
        if mine:
            await self._write(response, b"".join(mine))
        reader.cursor = upto

    async def _page(self, wanted: EventFilter, cursor: int) -> tuple[Sequence[OutboxEntry], int]:
        """Give events after the cursor, all of those that are wanted up to a number; 0: some of them have gone."""
        if wanted.tasks is not None and len(wanted.tasks) <= FEW_TASKS:
            keys = [subject_of_task(task) for task in wanted.tasks]
            found = await self._journal.events_of(keys, after=cursor, limit=PAGE)
            return found.entries, found.upto if found.kept.follows(cursor) else 0
        page = await self._journal.events(after=cursor, limit=PAGE)
        return page, page[-1].number if page and page[0].number == cursor + 1 else 0

    async def _write(self, response: web.StreamResponse, text: bytes) -> None:
        """Write, and wait until the reader has taken most of it. Raises ``_Cut``."""
        try:
            async with asyncio.timeout(self._taking):
                await response.write(text)
        except TimeoutError as error:
            raise _Cut from error


def _answer(request: web.Request) -> web.StreamResponse:
    headers = {"Content-Type": f"{EVENT_STREAM}; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    if knows_chunks(request):
        response.enable_chunked_encoding()
    return response


def _gap(given: str | None, *, first: int, cursor: int) -> bytes:
    """Say that what followed is not kept any more: whoever shows a state reads it anew."""
    told = json.dumps({"last_event_id": given, "first_kept": first}).encode()
    return b"id: %d\nevent: gap\ndata: %b\n\n" % (cursor, told)


def _last_seen(call: Call) -> str | None:
    # A browser that reconnects sends the header, and the address that it was first given.
    header = call.request.headers.get("Last-Event-ID", "").strip()
    given: str | None = header or call.query.last_event_id
    return given if given is None or (given.isascii() and given.isdigit() and len(given) <= 18) else "?"  # noqa: PLR2004


def _filter(call: Call) -> EventFilter:
    return EventFilter(projects=_numbers(call, "project"), tasks=_numbers(call, "task"), types=types_of(call))


def _values(call: Call, name: str) -> list[str] | None:
    given = call.request.query.getall(name, [])
    return [value.strip() for each in given for value in each.split(",")] if given else None


def _numbers(call: Call, name: str) -> frozenset[int] | None:
    values = _values(call, name)
    if values is None:
        return None
    if not all(value.isascii() and value.isdigit() and 0 < int(value[:11]) <= LARGEST_ID for value in values):
        raise wrong_field(name, "A valid integer is required.")
    return frozenset(map(int, values))


def types_of(call: Call) -> frozenset[str] | None:
    """Give the types of events that are asked for; None: any. Raises ``Fault``."""
    values = _values(call, "type")
    if values is None:
        return None
    unknown: list[Any] = [value for value in values if value not in EVENT_TYPES]
    if unknown:
        raise wrong_field("type", f'"{unknown[0]}" is not a valid choice.')
    return frozenset(values)
