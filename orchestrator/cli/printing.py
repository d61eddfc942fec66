"""What commands print: tables for people, pure JSON for programs. Nothing from outside can steer the terminal."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(value: object) -> str:
    """Give text that only shows: no escape sequences, no control characters, no reversed writing."""
    return _CONTROLS.sub(" ", _ESCAPES.sub("", str(value)))


def say(line: str) -> None:
    """Print a line for people, at once."""
    sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a value as one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_json_line(value: Any) -> None:
    """Print a value as one line, at once: somebody may be waiting for it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table without lines, as ``docker ps`` does. Not by rich: its tables take a tenth of a second to load."""
    from rich.cells import cell_len

    table = [tuple(columns), *(tuple(printable("" if cell is None else cell) for cell in row) for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def print_fields(value: Mapping[str, object]) -> None:
    """Print one thing, a field per line."""
    print_table(("FIELD", "VALUE"), [(key, _cell(it)) for key, it in value.items()])


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
