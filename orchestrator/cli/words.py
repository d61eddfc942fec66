"""Turns what a person types into what the contract wants: paths made absolute, options with their types."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typer

_SCHEME = re.compile(r"(?:https?|file)://", re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:\d+|\d*\.\d+|\d+\.\d*)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?\d+")

STATUSES: Final = {10: "QUEUED", 20: "RUNNING", 30: "FAILED", 40: "COMPLETED", 50: "CANCELED"}
COMPLETED: Final = 40


def uri(text: str) -> str:
    """Give an address as it is, and a path as an absolute one: the daemon has another working directory."""
    return text if _SCHEME.match(text) else _absolute(text)


def uris(texts: Sequence[str]) -> list[str]:
    """Do so with several."""
    return [uri(text) for text in texts]


def _absolute(text: str) -> str:
    # Not pathlib's expanduser: it fails for a name that nobody has, and takes ./~name for one.
    path = Path(os.path.expanduser(text)).absolute()  # noqa: PTH111
    # A trailing slash says "folder"; pathlib forgets it.
    return f"{path}/" if text.endswith("/") and path != Path("/") else str(path)


def option(text: str) -> dict[str, Any]:
    """Read ``name=value`` with the type that the value looks like; ``name`` alone is true. ``"5"`` is text."""
    name, given, value = text.partition("=")
    name = name.lstrip("-")
    if not name:
        raise typer.BadParameter(f"An option looks like dsm=true or feature-quality=high, not {text!r}.")
    return {"name": name, "value": _value(value) if given else True}


def options(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Do so with several."""
    return [option(text) for text in texts]


def _value(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def task_key(text: str) -> dict[str, Any]:
    """Name a task in a command's body: by its id, or by its producer's reference."""
    return {"task": int(text)} if text.isascii() and text.isdigit() else {"reference": text}


def given(**fields: Any) -> dict[str, Any]:
    """Keep the fields that were given: neither None nor an empty list."""
    return {key: value for key, value in fields.items() if value is not None and value not in ([], ())}


def status_name(code: int | None) -> str:
    """Name a task's status; a task that no node has yet has none."""
    return "-" if code is None else STATUSES.get(code, str(code))
