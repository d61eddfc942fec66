"""What a node keeps of the options it is given: unknown names go, values get their type, bad ones are refused.

A client cannot rely on much here: an object, null or an unknown name is dropped without a word, numbers are read as far
as they go, and the errors of bad values come as JSON inside the error text.
"""

import json
import math
import re
from collections.abc import Sequence

from orchestrator.nodes.simulated.catalogue import CATALOGUE, NodeOption

__all__ = ["BadOptions", "OptionValues", "kept_options", "parse_json"]

OptionValues = list[dict[str, object]]

_BY_NAME = {option.name: option for option in CATALOGUE}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_WHOLE = re.compile(r"\s*([+-]?\d+)")
_REAL = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_RANGE = re.compile(r"^(?:integer|float): (\S+) <= x <= (\S+)$")
_ABOVE = re.compile(r"^(?:integer|float) > (\S+)$")


class BadOptions(ValueError):
    """The options are refused; the text is the node's answer."""


def kept_options(given: str | Sequence[object] | None) -> OptionValues:
    """The options the node keeps, typed, in the order given. Text is read as JSON first.

    Raises:
        BadOptions: the JSON cannot be read, or at least one value is bad.
    """
    entries = parse_json(given) if isinstance(given, str) else given
    if not isinstance(entries, list):
        return []
    kept: OptionValues = []
    refused: list[dict[str, str]] = []
    for entry in entries:
        option = _BY_NAME.get(str(entry.get("name"))) if isinstance(entry, dict) else None
        if option is None:
            continue
        try:
            kept.append({"name": option.name, "value": _typed(option, entry.get("value"))})
        except ValueError as error:
            refused.append({"name": option.name, "error": str(error)})
    if refused:
        raise BadOptions(json.dumps(refused, separators=(",", ":"), ensure_ascii=False))
    return kept


def parse_json(text: str) -> object:
    """The value of a JSON text; the error reads as the JavaScript engine of a real node words it.

    Raises:
        BadOptions: it is not JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = _where_v8_stops(text, error.pos)
        if at >= len(text):
            raise BadOptions("Unexpected end of JSON input") from None
        raise BadOptions(f"Unexpected token {text[at]} in JSON at position {at}") from None


def _where_v8_stops(text: str, at: int) -> int:
    # V8 follows null, true and false letter by letter and complains about the first that differs.
    for word in ("null", "true", "false"):
        if text[at : at + 1] == word[0]:
            return at + next((n for n, letter in enumerate(word) if text[at + n : at + n + 1] != letter), len(word))
    return at


def _typed(option: NodeOption, value: object) -> object:
    if option.type == "bool":
        return _boolean(value)
    if option.type in ("int", "float"):
        return _number(option, value)
    text = _text(value)
    if option.type == "enum" and text not in option.domain:
        raise ValueError(f"Invalid value {text}, expected one of: {', '.join(option.domain)}")
    return text


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise ValueError(f"Cannot convert {_text(value)} to boolean")


def _number(option: NodeOption, value: object) -> float:
    found = (_WHOLE if option.type == "int" else _REAL).match(_text(value))
    if found is None:
        raise ValueError(f"Cannot convert {_text(value)} to {'integer' if option.type == 'int' else 'float'}")
    number = int(found[1]) if option.type == "int" else float(found[1])
    if not _within(str(option.domain), number):
        raise ValueError(f"Value {_text(value)} is outside of: {option.domain}")
    # JavaScript has one kind of number: 5.0 goes out as 5.
    return int(number) if number == math.floor(number) else number


def _within(domain: str, number: float) -> bool:
    if not math.isfinite(number):
        return False
    if domain.startswith("positive"):
        return number >= 0
    if limits := _RANGE.match(domain):
        return float(limits[1]) <= number <= float(limits[2])
    if limits := _ABOVE.match(domain):
        return number > float(limits[1])
    return True


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
