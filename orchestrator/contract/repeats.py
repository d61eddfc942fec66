"""Finds a key that an object gives twice: JSON parsers take either, so what the client wanted is anybody's guess."""

import json
from typing import Any


def may_repeat(body: bytes, *, strings: int) -> bool:
    """Say, in a fraction of a microsecond, whether a valid body may hold a key twice.

    ``strings`` counts the keys and texts that were understood, or less. Each has two quotation marks in the body; if
    there are no more, there is no further key. More are no proof, only a reason for a second look.
    """
    return body.count(b'"') != 2 * strings


def repeated_key(body: bytes) -> str | None:
    """Give the first key that some object of valid JSON holds twice. RFC 8259 §4: names should be unique."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            keys = [key for key, _ in pairs]
            repeated.append(next(key for index, key in enumerate(keys) if key in keys[:index]))

    json.loads(body, object_pairs_hook=look)
    return repeated[0] if repeated else None
