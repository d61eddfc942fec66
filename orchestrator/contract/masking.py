"""Hides the secrets in messages that are shown: tokens of nodes, passwords and keys in addresses.

A message on the shelf may be no JSON, cut short, or name a field wrongly: what looks like a secret is taken for one.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

MASK: Final = "***"

_WORDS = r"(?:token|password|passwd|secret|authorization|api[-_]?key|signature|credential)"
_NAMES_SECRET = re.compile(_WORDS, re.IGNORECASE)
_QUERY = re.compile(rf"([?&;][^=&?;\s\"]*(?:{_WORDS}|sig)[^=&?;\s\"]*=)[^&;\s\"'\\]+", re.IGNORECASE)
_USERINFO = re.compile(r"(\w://)[^/?#@\s\"\\]+@", re.IGNORECASE)
_MEMBER = re.compile(
    # A JSON member whose name says that it is secret, and its value: text, closed or not, or anything up to a comma.
    rf"""(["'][^"'\n]{{0,50}}{_WORDS}[^"'\n]{{0,50}}["']\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|'[^'\n]*'?|[^,}}\]\n]+)""",
    re.IGNORECASE | re.DOTALL,
)
_DEEPEST = 20


def masked_text(text: str) -> str:
    """Give text in which whatever looks like a secret is hidden."""
    text = _MEMBER.sub(rf'\1"{MASK}"', text)
    return _USERINFO.sub(rf"\1{MASK}@", _QUERY.sub(rf"\1{MASK}", text))


def masked(value: Any, *, deep: int = 0) -> Any:
    """Give a value of any kind as one that JSON can hold, with what looks like a secret hidden."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if deep >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(name): MASK if _NAMES_SECRET.search(str(name)) else masked(it, deep=deep + 1)
            for name, it in value.items()
        }
    if isinstance(value, bytes | bytearray):
        return masked_text(bytes(value).decode("utf-8", "backslashreplace"))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [masked(it, deep=deep + 1) for it in value]
    return masked_text(str(value))
