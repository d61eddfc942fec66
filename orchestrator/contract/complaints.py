"""Says what is wrong with a body, field by field, in plain words. Values are never repeated: some are secrets."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.contract.fields import NESTED, SENTENCES
from orchestrator.contract.headers import COMMANDS
from orchestrator.domain.problem import FieldError, Problem, invalid

MAX_ERRORS: Final = 50
"""Wrong fields that one answer names."""

_LOOKED_AT = 500
_MAX_ECHO = 100
_CLOSE = 0.5
_CLOSER = 0.65
"""For fields, whose names are short: at less, ``status`` would be taken for ``task``."""

_KINDS = {
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
_LOOSE = {*_KINDS, "literal_error"}
"""Errors that don't say more of the value than that it is of another kind."""

_Phrase = Callable[[Mapping[str, Any]], str]
_PHRASES: Mapping[str, _Phrase] = {
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']:.0f}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']:.0f}",
    "finite_number": lambda _: "a finite number",
    "literal_error": lambda ctx: str(ctx["expected"]),
    "string_too_long": lambda ctx: f"at most {ctx['max_length']} characters long",
    "string_too_short": lambda ctx: f"at least {ctx['min_length']} character long",
    "string_pattern_mismatch": lambda ctx: SENTENCES[ctx["pattern"]],
    "string_unicode": lambda _: "valid Unicode text",
    "too_long": lambda ctx: f"{_collection(ctx)} of at most {ctx['max_length']} entries",
    "value_error": lambda ctx: str(ctx["error"]),
}


def complain(command: str, error: ValidationError, *, known: Collection[str]) -> Problem:
    """Turn what pydantic found into a problem; ``known`` are the fields that the command has."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for found in error.errors(include_url=False, include_input=False)[:_LOOKED_AT]:
        names = (*known, str(found["loc"][-1])) if found["type"] == "extra_forbidden" else known
        grouped.setdefault(_path(found["loc"], known=names), []).append(found)
    if "" in grouped:
        return unreadable("The body must be a JSON object")
    wrong = [
        FieldError(path, _message(command, found, known=known))
        for path, found in grouped.items()
        if not (_only_kinds(found) and _has_inner(path, grouped))
    ]
    return refuse(wrong)


def refuse(wrong: Sequence[FieldError]) -> Problem:
    """Refuse a command for its wrong fields; the first are in the detail as well."""
    detail = "; ".join(f"{error.field} {error.message}" for error in wrong[:3])
    more = len(wrong) - 3
    return invalid(f"{detail}; and {more} more" if more > 0 else detail, *wrong[:MAX_ERRORS])


def unreadable(detail: str) -> Problem:
    """Refuse a body that is no JSON object."""
    return Problem("unreadable", "The message cannot be read", 400, detail)


def unknown_command(name: str) -> Problem:
    """Refuse a command that does not exist, and name the one that was probably meant."""
    shown = excerpt(name)
    near = difflib.get_close_matches(shown.lower().replace("_", "-"), COMMANDS, n=1, cutoff=_CLOSE)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(COMMANDS)}."
    detail = f"There is no command {shown}. {hint}" if shown else f"The message names no command. {hint}"
    return Problem("unknown-command", "No such command", 404, detail)


def excerpt(text: str) -> str:
    """Shorten a client's word, so that it can be shown in a sentence and on a terminal."""
    shown = re.sub(r"[^\x20-\x7e\xa0-\ud7ff]", "?", text[: _MAX_ECHO + 1])
    return shown if len(shown) <= _MAX_ECHO else f"{shown[:_MAX_ECHO]}…"


def _path(location: Sequence[str | int], *, known: Collection[str]) -> str:
    """Write a location as clients know it, ``images[3].uri``: without pydantic's names for the branches of a union."""
    path = ""
    is_key = False
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif is_key or part in known or part in NESTED:
            path += f".{excerpt(part)}" if path else excerpt(part)
        is_key = isinstance(part, str) and not is_key and part.startswith("dict[")
    return path


def _only_kinds(found: Sequence[Mapping[str, Any]]) -> bool:
    return all(error["type"] in _KINDS for error in found)


def _has_inner(path: str, paths: Collection[str]) -> bool:
    return any(other.startswith((f"{path}.", f"{path}[")) for other in paths)


def _message(command: str, found: Sequence[Mapping[str, Any]], *, known: Collection[str]) -> str:
    match found[0]["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            location = found[0]["loc"]
            return _unknown_field(command, str(location[-1]), known=known if len(location) == 1 else NESTED)
    if all(error["type"] in _LOOSE for error in found):
        return f"must be {_either([_phrase(error) for error in found])}"
    return f"must be {_either([_phrase(error) for error in found if error['type'] not in _KINDS])}"


def _unknown_field(command: str, field: str, *, known: Collection[str]) -> str:
    near = difflib.get_close_matches(excerpt(field).lower(), known, n=1, cutoff=_CLOSER)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is not a field of {command}{hint}"


def _phrase(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind in _KINDS:
        return _KINDS[kind]
    return _PHRASES[kind](error.get("ctx", {})) if kind in _PHRASES else "something else"


def _either(phrases: Sequence[str]) -> str:
    """Join alternatives: ``true or false, a number or text``."""
    distinct = list(dict.fromkeys(phrases))
    if "a number" in distinct and "a whole number" in distinct:
        distinct.remove("a whole number")
    *first, last = distinct
    return f"{', '.join(first)} or {last}" if first else last


def _collection(ctx: Mapping[str, Any]) -> str:
    return "a list" if ctx["field_type"] == "List" else "an object"
