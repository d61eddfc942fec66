"""Options as a node takes them: it refuses the number 1 for a boolean, and a number where it wants text."""

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.domain.node import NodeOption
from orchestrator.domain.task import Option

_TEXT = frozenset({"string", "path", "enum"})
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def fitted(options: Iterable[Option], known: Iterable[NodeOption]) -> tuple[Option, ...]:
    """Give options with values of the types that the node names for them; what fits none is left for it to refuse."""
    types = {each.name: each.type for each in known}
    return tuple(replace(option, value=_fitted(option.value, types.get(option.name, ""))) for option in options)


def _fitted(value: str | float | bool, type_: str) -> str | float | bool:  # noqa: FBT001 - a value, not a flag
    if type_ == "bool":
        return _BOOLEANS.get(str(value).strip().lower(), value)
    return _text(value) if type_ in _TEXT else value


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - a value, not a flag
    return str(value).lower() if isinstance(value, bool) else str(value)
