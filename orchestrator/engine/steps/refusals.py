"""What a node's words mean where its protocol has no codes: texts as NodeODM 2.2 and ClusterODM 1.5 write them."""

import re

_TOO_MANY = ("can only process up to", "max images count exceeded")
_PASSING = (
    "no nodes are online",
    "no nodes available",
    "maximum number of concurrent tasks",
    "slow down",
    "no space left",
    "proxy redirect error",
    "cannot get options for",
)
_MACHINES_TROUBLE = re.compile(r"\bE(NOSPC|DQUOT|MFILE|NFILE|NOMEM|AGAIN|BUSY|IO|ROFS)\b")
"""Codes of the node's operating system: a full disk, too many open files. They are not about what was sent."""
_GONE = ("invalid uuid (not found)", "enoent", "no longer exists")
_KNOWN = ("invalid set-uuid",)


def _says(words: object, texts: tuple[str, ...]) -> bool:
    said = str(words).lower()
    return any(text in said for text in texts)


def is_too_many_images(words: object) -> bool:
    """Whether a larger node might take the task."""
    return _says(words, _TOO_MANY)


def passes(words: object) -> bool:
    """Whether the node refuses for now only: its disk or its queue is full, or it is in trouble of its own."""
    return _says(words, _PASSING) or _MACHINES_TROUBLE.search(str(words)) is not None


def is_upload_gone(words: object) -> bool:
    """Whether the node has no such upload (any more): it was committed, or it is lost."""
    return _says(words, _GONE)


def is_known_already(words: object) -> bool:
    """Whether the node has a committed job of this uuid."""
    return _says(words, _KNOWN)
