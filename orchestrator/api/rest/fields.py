"""Kinds of values in queries and bodies: the same from JSON, from a form and from an address."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from orchestrator.contract.fields import MAX_DESCRIPTION, MAX_OPTIONS, MAX_SIDE, MAX_TEXT, OptionItem
from orchestrator.contract.fields import Tags as WireTags

_VALUE: Final = {"type": ["boolean", "number", "string"]}
_JSON_TEXT: Final = {"type": "string", "contentMediaType": "application/json"}


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("A valid integer is required.")  # noqa: TRY004  (pydantic tells of ValueErrors only)
    return value


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and value in {"", "null"} else _number(value)


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("Value must be valid JSON.") from None


def _options(value: Any) -> Any:
    found = _from_json(value)
    return [{"name": name, "value": each} for name, each in found.items()] if isinstance(found, dict) else found


def _tags(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _from_json(value) if value.lstrip().startswith("[") else value.replace(",", " ").split()


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("Datetime value out of range.") from None


def _or_json_text(*schemas: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [*schemas, _JSON_TEXT]})


NUMBER: Final = BeforeValidator(_number)
"""What makes true and false no numbers. Bounds are written before it, else the document does not show them."""

Whole = Annotated[int, NUMBER]
"""A whole number."""

Side = Annotated[int, Field(le=MAX_SIDE), NUMBER, AfterValidator(lambda side: side if side > 0 else -1)]
"""The longest side of images in pixels; -1, or anything below 1: they stay as they are."""

Key = Annotated[int | None, BeforeValidator(_none_if_empty)]
"""The id of something; none where nothing is chosen, which a form writes as an empty text."""

Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time; one without a zone is UTC."""

Text = Annotated[str, Field(max_length=MAX_DESCRIPTION)]
SearchText = Annotated[str, Field(max_length=MAX_TEXT)]
GivenName = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]

Options = Annotated[
    list[OptionItem],
    Field(max_length=MAX_OPTIONS),
    BeforeValidator(_options),
    _or_json_text(
        {
            "type": "array",
            "maxItems": MAX_OPTIONS,
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "value": _VALUE},
                "required": ["name", "value"],
            },
        },
        {"type": "object", "maxProperties": MAX_OPTIONS, "additionalProperties": _VALUE},
    ),
]
"""Options for the processing engine: a list, or values by name, or JSON text of either, which is what forms hold."""

Tags = Annotated[
    WireTags,
    BeforeValidator(_tags),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string", "minLength": 1}}, {"type": "string"}]}),
]
"""Tags: a list, JSON text of one, or words."""
