"""Reads queries and small bodies into their forms, whatever they came as; large ones are streamed by their handlers."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from orchestrator.api.rest.complaints import complain
from orchestrator.api.rest.faults import NON_FIELD, detail, wrong_field
from orchestrator.api.rest.route import JSON, Form, Route

F = TypeVar("F", bound=Form)

MAX_FORM: Final = 4_194_304
"""Bytes of a body that is read as a whole."""


MALFORMED: Final = (ValueError, RuntimeError, LookupError, AssertionError, HttpProcessingError)
"""What aiohttp raises for a malformed form: for its headers, its names, its encodings and its end."""


def read_query(request: web.Request, route: Route) -> Form | None:
    """Read the query. Raises ``Fault``."""
    return None if route.query is None else read_form(route.query, dict(request.query))


async def read_body(request: web.Request, route: Route) -> Form | None:
    """Read the body, unless the handler does. Raises ``Fault``."""
    if route.body is None or route.streams:
        return None
    return read_form(route.body, await read_fields(request, route.kinds))


def read_form(form: type[F], given: Mapping[str, Any]) -> F:
    """Check what was given. Raises ``Fault``."""
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise complain(error) from None


async def read_fields(request: web.Request, kinds: Collection[str]) -> Mapping[str, Any]:
    """Read a small body of one of these media types. Raises ``Fault``."""
    kind = request.content_type
    if not request.can_read_body:
        return {}
    if kind not in kinds:
        raise detail(415, f'Unsupported media type "{kind}" in request.')
    announced = request.content_length or 0
    if announced > MAX_FORM:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_FORM, actual_size=announced)
    if kind == JSON:
        return _object(await request.read())
    try:
        form = await request.post()
    except MALFORMED as error:
        raise detail(400, f"Multipart form parse error - {type(error).__name__}: {error}") from None
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise detail(400, f"JSON parse error - {error}") from None
    if not isinstance(read, dict):
        raise wrong_field(NON_FIELD, f"Invalid data. Expected a dictionary, but got {type(read).__name__}.")
    return read
