"""Reads the plain part of YAML that our compose file is written in, and refuses the rest: our packages have no parser.

Block mappings, block lists of scalars, flow lists of quoted text, plain and quoted scalars, comments. Everything is
text or None; no anchors, no folded text, no tabs, no key twice.
"""

import json
import re
from typing import Any

_KEY = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_.-]*):(?: (?P<value>.+))?")
_PLAIN = re.compile(r"[^\s&*!|>'\"%@`{}\[\],#?:-][^#]*|\$\{.*")

Lines = list[tuple[int, str]]


class NotPlain(ValueError):
    """The text is not of the plain kind; the message holds the line."""


def read(text: str) -> dict[str, Any]:
    """Read a document whose top is a mapping."""
    lines = [(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.splitlines()]
    lines = [(indent, line) for indent, line in lines if line and not line.startswith("#")]
    found, rest = _block(lines, indent=0)
    if rest or not isinstance(found, dict):
        raise NotPlain(f"nothing may stand here: {rest[:1]}")
    return found


def _block(lines: Lines, *, indent: int) -> tuple[Any, Lines]:
    return (_list if lines[0][1].startswith("- ") else _mapping)(lines, indent=indent)


def _mapping(lines: Lines, *, indent: int) -> tuple[dict[str, Any], Lines]:
    found: dict[str, Any] = {}
    while lines and lines[0][0] == indent:
        line = lines[0][1]
        match = _KEY.fullmatch(line)
        if match is None or match["key"] in found:
            raise NotPlain(f"not a new key: {line}")
        lines = lines[1:]
        if match["value"] is not None:
            found[match["key"]] = _scalar(match["value"])
        elif lines and lines[0][0] > indent:
            found[match["key"]], lines = _block(lines, indent=lines[0][0])
        else:
            found[match["key"]] = None
    if lines and lines[0][0] > indent:
        raise NotPlain(f"wrongly indented: {lines[0][1]}")
    return found, lines


def _list(lines: Lines, *, indent: int) -> tuple[list[Any], Lines]:
    found = []
    while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
        found.append(_scalar(lines[0][1].removeprefix("- ")))
        lines = lines[1:]
    return found, lines


def _scalar(text: str) -> Any:
    if text.startswith(("[", '"')):
        return json.loads(text)
    if text.startswith("'") and text.endswith("'") and "'" not in text[1:-1]:
        return text[1:-1]
    if _PLAIN.fullmatch(text) and ": " not in text and not text.endswith(":"):
        return text
    raise NotPlain(f"not a plain value: {text}")
