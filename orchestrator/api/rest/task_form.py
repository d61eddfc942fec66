"""A new task as a form: every field may come as text."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from orchestrator.api.rest.route import Form
from orchestrator.contract.fields import MAX_TEXT, MAX_URI, ONE_LINE
from orchestrator.domain.task import DEFAULT_PRIORITY

_ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f/?#][^\x00-\x20\x7f]*")
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})


def _none_if_empty(value: object) -> object:
    return None if value in {"", "null"} else value


def _from_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "[]")
    except (ValueError, RecursionError):
        raise ValueError("Value must be valid JSON.") from None


def _tags(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _from_json(value) if value.lstrip().startswith("[") else value.replace(",", " ").split()


def _address(value: str) -> str:
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError("Enter a valid URL.")
    return value


def _is_true(value: object) -> bool:
    return str(value).lower() in _TRUE


class TaskForm(Form):
    """A new task."""

    name: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    processing_node: Annotated[int | None, BeforeValidator(_none_if_empty)] = None
    auto_processing_node: Annotated[bool | None, BeforeValidator(_none_if_empty)] = None
    options: Annotated[list[Any], BeforeValidator(_from_json), Field(default_factory=list)]
    """A list of names and values, in JSON."""
    resize_to: int = -1
    """Longest side in pixels; -1: images go as they are."""
    tags: Annotated[list[str], BeforeValidator(_tags), Field(default_factory=list)]
    """A list in JSON, or words."""
    priority: int = DEFAULT_PRIORITY
    """9 goes first."""
    partial: Annotated[bool, BeforeValidator(_is_true)] = False
    """Images follow, and then a commit."""


class ImportForm(Form):
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
