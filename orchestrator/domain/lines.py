"""One line of a node's console output is one stored line, whatever it contains; the last ones may say what happened."""

from collections.abc import Sequence

MAX_LINE = 64 * 1024
"""Bytes of one stored line, its end not counted."""

_CUT = "…"

_LAST_LINES = 3
_LAST_LENGTH = 300
"""Characters of each."""


def stored_line(raw: str) -> bytes:
    """Give a line as it is stored: without its end, with inner line breaks as spaces, cut to ``MAX_LINE``.

    A stored line stays as it is, so whoever compares a node's line with one of ours may treat both alike.
    """
    text = raw.rstrip("\r\n")
    if "\n" in text or "\r" in text:
        text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    data = text.encode("utf-8", "replace")  # JSON can carry halves of surrogate pairs, which no encoding has.
    if len(data) > MAX_LINE:
        room = MAX_LINE - len(_CUT.encode())
        data = (data[:room].decode("utf-8", "ignore") + _CUT).encode()
    return data


def last_words(lines: Sequence[str]) -> str:
    """Give the last lines that say something, in one, for people; '' when there are none."""
    said = [" ".join(line.split()) for line in lines[-4 * _LAST_LINES :]]
    return " / ".join(line[:_LAST_LENGTH] for line in [line for line in said if line][-_LAST_LINES:])
