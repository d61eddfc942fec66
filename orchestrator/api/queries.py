"""What a request asks for, read from its address: each wrong parameter is named, with what would be right."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.problems import Refusal
from orchestrator.contract.fields import LARGEST_ID
from orchestrator.domain.problem import invalid_field
from orchestrator.domain.task import Stage, Status
from orchestrator.engine.ports import TaskFilter

MAX_LIMIT: Final = 1000
"""Tasks, or lines of output, in one answer."""


def task_filter(query: Mapping[str, str]) -> TaskFilter:
    """Read which tasks are asked for. Raises ``Refusal``."""
    _only_known(query, {"project", "status", "stage", "limit", "offset"})
    return TaskFilter(
        project=whole(query, "project", least=1),
        status=_status(query),
        stage=_stage(query),
        limit=whole(query, "limit", least=1, most=MAX_LIMIT) or 100,
        offset=whole(query, "offset") or 0,
    )


def lines(query: Mapping[str, str]) -> tuple[int, int | None]:
    """Read which lines of output are asked for: from where, and how many (negative: the last of them)."""
    _only_known(query, {"line", "limit"})
    limit = whole(query, "limit", least=-MAX_LIMIT, most=MAX_LIMIT)
    return whole(query, "line", least=-LARGEST_ID) or 0, MAX_LIMIT if limit is None else limit


def page(query: Mapping[str, str]) -> tuple[int, int]:
    """Read which page is asked for: its length, and what lies before it."""
    _only_known(query, {"limit", "offset"})
    return whole(query, "limit", least=1, most=MAX_LIMIT) or 100, whole(query, "offset") or 0


def whole(query: Mapping[str, str], name: str, *, least: int = 0, most: int = LARGEST_ID) -> int | None:
    """Read a whole number; None when it is not there. Raises ``Refusal``."""
    text = query.get(name)
    if text is None:
        return None
    # int() takes spaces, underscores and digits of every script as well.
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID))):
        raise Refusal(invalid_field(name, "must be a whole number"))
    number = int(text)
    if not least <= number <= most:
        raise Refusal(invalid_field(name, f"must be from {least} to {most}"))
    return number


def is_id(key: str) -> bool:
    """Say whether a task is asked for by its id."""
    return key.isascii() and key.isdigit() and int(key[:20]) <= LARGEST_ID


def _status(query: Mapping[str, str]) -> int | None:
    text = query.get("status")
    if text is None:
        return None
    for status in Status:
        if text.upper() in {status.name, str(status.value)}:
            return status.value
    known = ", ".join(f"{status.value} {status.name}" for status in Status)
    raise Refusal(invalid_field("status", f"must be one of {known}"))


def _stage(query: Mapping[str, str]) -> str | None:
    text = query.get("stage")
    if text is None or text in set(Stage):
        return text
    raise Refusal(invalid_field("stage", f"must be one of {', '.join(Stage)}"))


def _only_known(query: Mapping[str, str], known: set[str]) -> None:
    for name in query:
        if name not in known:
            raise Refusal(invalid_field(name, f"is not a parameter here; there are {', '.join(sorted(known))}"))
