"""A new task as a form: every field may come as text."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.api.rest.fields import NUMBER, Key, Options, Side, Tags
from orchestrator.api.rest.route import Form
from orchestrator.contract.fields import MAX_TEXT, MAX_URI, ONE_LINE
from orchestrator.domain.task import DEFAULT_PRIORITY

_ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f/?#][^\x00-\x20\x7f]*")
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})


def _address(value: str) -> str:
    if value and not (_ADDRESS.fullmatch(value) and _has_host(value)):
        raise ValueError("Enter a valid URL.")
    return value


def _has_host(url: str) -> bool:
    """Whether what stands before the path is a host: a password with a slash in it would be shown as part of both."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_true(value: object) -> bool:
    return str(value).lower() in _TRUE


class NewForm(Form):
    """Something new. A field that is null, or empty, is one that was not given."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if value is not None and value != ""}


class TaskForm(NewForm):
    """A new task."""

    name: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    processing_node: Key = None
    auto_processing_node: bool | None = None
    options: Annotated[Options, Field(default_factory=list)]
    """A list of names and values, or values by name, or JSON text of either."""
    resize_to: Side = -1
    """Longest side in pixels; -1, or 0: images go as they are."""
    tags: Annotated[Tags, Field(default_factory=list)]
    """A list, JSON text of one, or words."""
    priority: Annotated[int, Field(ge=0, le=9), NUMBER] = DEFAULT_PRIORITY
    """9 goes first."""
    partial: Annotated[bool, BeforeValidator(_is_true)] = False
    """Images follow, and then a commit."""


class ImportForm(NewForm):
    """Finished results: one zip file, or where it is."""

    name: Annotated[str, Field(max_length=MAX_TEXT, pattern=ONE_LINE)] = ""
    url: Annotated[str, Field(max_length=MAX_URI), AfterValidator(_address)] = ""
    """An http or https address, in place of the file."""


class ChunkForm(Form):
    """Which piece of a file this is, as Dropzone says it."""

    dzuuid: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    dzchunkindex: Annotated[int, Field(ge=0, lt=100_000)]
    dztotalchunkcount: Annotated[int, Field(ge=1, le=100_000)]
    dzchunkbyteoffset: Annotated[int, Field(ge=0)]
    """Bytes from the beginning of the file."""
