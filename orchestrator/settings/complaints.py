"""Says what is wrong with settings, one plain sentence for each, and what would be right. Values are never repeated."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from orchestrator.settings.kinds import Wanted

CLOSE: Final = 0.6


class SettingsError(Exception):
    """The settings are wrong; ``problems`` are plain sentences, all that could be found at once."""

    code = "settings"

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


_Phrase = Callable[[Mapping[str, Any]], str]
_PHRASES: Mapping[str, _Phrase] = {
    "int_type": lambda _: "a whole number",
    "int_parsing": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "string_type": lambda _: "text",
    "string_too_short": lambda _: "text that is not empty",
    "string_too_long": lambda ctx: f"at most {ctx['max_length']} characters long",
    "path_type": lambda _: "a path",
    "list_type": lambda _: "a list",
    "tuple_type": lambda _: "a list",
    "model_type": lambda _: "a table of keys and values",
    "model_attributes_type": lambda _: "a table of keys and values",
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']}",
    "greater_than": lambda ctx: f"more than {ctx['gt']:g}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']}",
    "literal_error": lambda ctx: f"one of {ctx['expected']}",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was probably meant."""
    found = difflib.get_close_matches(word.lower().replace("-", "_"), list(known), n=1, cutoff=CLOSE)
    return found[0] if found else None


def sentence(error: ErrorDetails, *, tree: type[BaseModel], name: Callable[[str], str]) -> str:
    """Turn what pydantic found into a sentence; ``name`` says a setting's path as its source does."""
    path = dotted(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{name(path)} is not a setting{_hint(error['loc'], tree)}"
    if kind == "missing":
        return f"{name(path)} is required."
    if kind == "value_error":
        told = error["ctx"]["error"]
        begun = " must be" if isinstance(told, Wanted) else "" if str(told).startswith("must ") else ":"
        return f"{name(path)}{begun} {told}."
    phrase = _PHRASES.get(kind)
    return f"{name(path)} must be {phrase(error.get('ctx', {})) if phrase else 'something else'}."


def dotted(location: Sequence[str | int]) -> str:
    """Write a location as people do: ``nodes.static[0].url``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _hint(location: Sequence[str | int], tree: type[BaseModel]) -> str:
    """Name the setting that was probably meant: of this section, else of any."""
    *above, word = (str(part) for part in location)
    section = above[0] if above else ""
    branches = {name: branch for name, field in tree.model_fields.items() if (branch := field.annotation)}
    if len(above) > 1:
        return "."
    elsewhere = [f"{name}.{word}" for name, branch in branches.items() if word in branch.model_fields]
    known = branches[section].model_fields if section in branches else branches
    near = nearest(word, known)
    meant = elsewhere[0] if elsewhere else near and (f"{section}.{near}" if section else near)
    return f"; did you mean {meant}?" if meant else "."
