"""One line of a node's console output is one stored line, whatever it contains."""

MAX_LINE = 64 * 1024
"""Bytes of one stored line, its end not counted."""

_CUT = "…"


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
