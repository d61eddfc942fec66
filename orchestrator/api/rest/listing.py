"""Lists over REST: a page where one is asked for, else all as a bare array, in whatever order is known."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Final

import structlog
from aiohttp import web
from pydantic import Field, WithJsonSchema, model_validator

from orchestrator.api.problems import shown
from orchestrator.api.rest.faults import Fault, detail
from orchestrator.api.rest.fields import SearchText
from orchestrator.api.rest.route import JSON, Call, Form
from orchestrator.contract.json_text import to_json
from orchestrator.domain.errors import StoreError
from orchestrator.engine.ports import Ordering

log = structlog.get_logger()

PAGE: Final = 10
"""Entries on a page, as in WebODM."""

AT_ONCE: Final = 500
"""Entries of an array that are in memory at a time."""

STALLED: Final = 60.0
"""Seconds within which a reader takes so many; then it is cut off."""

PageNumber = Annotated[str, Field(max_length=20), WithJsonSchema({"type": "integer", "minimum": 1})]


class Filters(Form):
    """A query. A parameter without a value is one that was not given."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in given.items() if value != ""}


class ListFilters(Filters):
    """What every list takes."""

    ordering: SearchText | None = None
    """The field to order by, with - from the largest down; by default -created_at. An unknown field is ignored."""
    page: PageNumber | None = None
    """Which page, from 1, or 'last'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list: how many there are, the ids from ``offset`` on, and how some of them are shown."""

    count: Callable[[], Awaitable[int]]
    numbers: Callable[[int | None, int], Awaitable[Sequence[int]]]
    """Takes the limit (None: all) and the offset."""
    views: Callable[[Sequence[int]], Awaitable[Sequence[Any]]]


def ordering(text: str | None, known: Collection[str]) -> Ordering:
    """Read by what a list is to be ordered: the first field that is known."""
    for name in (text or "").split(","):
        field = name.strip().removeprefix("-")
        if field in known:
            return Ordering(field=field, descending=name.strip().startswith("-"))
    return Ordering()


async def page(call: Call, listing: Listing, *, number: str, size: int = PAGE) -> web.Response:
    """Answer with one page. Raises ``Fault`` past the end."""
    count = await listing.count()
    pages = max(1, -(-count // size))
    at = pages if number == "last" else _page_number(number)
    if not 1 <= at <= pages:
        raise _invalid_page()
    views = await listing.views(await listing.numbers(size, (at - 1) * size)) if count else ()
    following = _link(call, at + 1) if at < pages else None
    previous = _link(call, at - 1) if at > 1 else None
    return shown({"count": count, "next": following, "previous": previous, "results": list(views)})


async def array(call: Call, listing: Listing, *, limit: int | None = None) -> web.StreamResponse:
    """Answer with all of them; many are sent as they are read."""
    numbers = await listing.numbers(limit, 0)
    if len(numbers) <= AT_ONCE:
        return shown(list(await listing.views(numbers)))
    answer = web.StreamResponse(headers={"Content-Type": JSON})
    await answer.prepare(call.request)
    if call.request.method == "HEAD":
        return answer
    try:
        await _send(answer, listing, numbers)
    except (StoreError, TimeoutError, ConnectionError) as error:
        # The status has been sent: only a cut connection tells the reader, if it is still there, that this is not all.
        log.warning("api.list_cut", path=call.request.path, reason=str(error))
        if call.request.transport:
            call.request.transport.abort()
    return answer


async def _send(answer: web.StreamResponse, listing: Listing, numbers: Sequence[int]) -> None:
    left, before = iter(numbers), b"["
    while some := list(islice(left, AT_ONCE)):
        views = await listing.views(some)
        if views:
            async with asyncio.timeout(STALLED):
                await answer.write(before + b",".join(map(to_json, views)))
            before = b","
    await answer.write_eof(b"]" if before == b"," else b"[]")


def _page_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _invalid_page()
    return int(text)


def _invalid_page() -> Fault:
    return detail(404, "Invalid page.")


def _link(call: Call, number: int) -> str:
    return str(call.request.url.update_query(page=number))
