"""One endpoint as data: from the same table come the routes that run and the document that describes them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.api.rest.faults import not_found
from orchestrator.contract.fields import LARGEST_ID
from orchestrator.domain.access import Caller, Role

JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORMS: Final = (JSON, URLENCODED, MULTIPART)
"""What a small body may come as: one parser reads them all."""

LARGEST_EVENT: Final = 10**18 - 1
"""Of the numbers of events: a daemon may have more of them than anything else."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_PARAMETER = re.compile(r"{(\w+)(?::[^}]+)?}")


class Form(BaseModel):
    """A body or a query, read as WebODM reads it.

    Texts stand for numbers and the other way round, space around a text does not count, unknown fields are ignored.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False, use_attribute_docstrings=True,
        str_strip_whitespace=True, coerce_numbers_to_str=True,
    )  # fmt: skip

    def given(self) -> dict[str, Any]:
        """Give the fields that are there, by name."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a handler gets it: by someone who may, with query and body read and checked."""

    request: web.Request
    caller: Caller
    query: Any = None
    body: Any = None

    def id(self, name: str, *, largest: int = LARGEST_ID) -> int:
        """Give a number out of the path. Raises ``Fault``: one that is none names nothing."""
        text = self.request.match_info[name]
        if not _NUMBER.fullmatch(text) or not 0 < int(text) <= largest:
            raise not_found()
        return int(text)


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint.

    ``answers`` maps each status of success to what is in the body: a type, a media type, several of these, or None.
    ``streams``: the handler takes its own time, and reads the body itself; ``body`` only describes it (with ``files``,
    beside any number of files).
    """

    method: str
    path: str
    name: str
    """In camelCase; the operation's id in the document."""
    summary: str
    handler: Handler
    role: Role = Role.VIEWER
    query: type[Form] | None = None
    body: type[Form] | None = None
    kinds: tuple[str, ...] = FORMS
    streams: bool = False
    files: bool = False
    answers: Mapping[int, Any] = field(default_factory=lambda: {200: None})
    faults: tuple[int, ...] = ()
    """Statuses of answers that say no, beyond those that every endpoint has."""
    public: bool = False
    """Answered without credentials."""
    ends: bool = True
    """Whether the answer is ever whole."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names in the path."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def template(self) -> str:
        """The path as the document writes it."""
        return _PARAMETER.sub(r"{\1}", self.path)
