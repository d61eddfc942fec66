"""Loads the settings: finds the file, lays the layers over each other, and says everything that is wrong at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.settings.complaints import SettingsError, sentence
from orchestrator.settings.kinds import expanded
from orchestrator.settings.layers import Given, Layer, from_environment, from_file, from_flags
from orchestrator.settings.tree import Settings

DEFAULT_CONFIG: Final = Path("/etc/orchestrator/orchestrator.toml")
CONFIG_VARIABLE: Final = "ORCHESTRATOR_CONFIG"


def find_config(config: Path | None = None) -> Path | None:
    """Give the file to read: the one named, else that of ``ORCHESTRATOR_CONFIG``, else the system's if it exists."""
    if config is not None:
        return expanded(config)
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return expanded(Path(named))
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None


def load(
    config: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    secrets_needed: bool = True,
) -> Settings:
    """Load the settings from file < environment < ``overrides`` (by section and key; None: not given).

    ``secrets_needed``: False passes over secrets in files that cannot be read: the daemon's are not for its clients.
    Raises ``SettingsError`` with every problem found.
    """
    file = find_config(config)
    found = [from_file(file)] if file is not None else []
    found += [from_environment(os.environ), from_flags(overrides or {})]
    layers = [layer.with_secrets(needed=secrets_needed) for layer in found]
    problems = [problem for layer in layers for problem in layer.problems]
    try:
        settings = Settings.model_validate(_merge(layers))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        problems += [sentence(each, tree=Settings, name=lambda path: _name(path, layers)) for each in wrong]
    else:
        if not problems:
            return settings
    raise SettingsError(*problems)


def _merge(layers: list[Layer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, keys in layer.values.items():
            above = merged.get(section)
            merged[section] = {**above, **keys} if isinstance(above, dict) and isinstance(keys, dict) else keys
    return merged


def _name(path: str, layers: list[Layer]) -> str:
    """Name a setting as the uppermost layer that gives it does."""
    section, _, rest = path.partition(".")
    key = rest.partition(".")[0].partition("[")[0]
    for layer in reversed(layers):
        values: Given = layer.values
        if section in values and (not key or (isinstance(values[section], dict) and key in values[section])):
            return layer.name(path)
    return path
