"""The settings in force, for people and programs, with every secret masked."""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from orchestrator.settings import Settings


def as_json(settings: Settings) -> dict[str, Any]:
    """Give all settings as JSON-ready values."""
    return {section: _plain(getattr(settings, section)) for section in type(settings).model_fields}


def as_toml(settings: Settings) -> Iterator[str]:
    """Give all settings as lines of a settings file; what is not set is a comment."""
    for section, values in as_json(settings).items():
        yield ""
        yield f"[{section}]"
        tables: list[tuple[str, list[dict[str, Any]]]] = []
        for key, value in values.items():
            if value is None:
                yield f"# {key} is not set"
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                tables.append((key, value))
            else:
                yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, items in tables:
            for item in items:
                yield ""
                yield f"[[{section}.{key}]]"
                yield from (f"{name} = {json.dumps(it, ensure_ascii=False)}" for name, it in item.items())


def _plain(value: object) -> Any:
    match value:
        case BaseModel():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case tuple() | list():
            return [_plain(it) for it in value]
        case SecretStr() | Path() | IPv4Network() | IPv6Network():
            return str(value)
        case float() if value.is_integer():
            return int(value)
    return value
