"""Where settings come from: a TOML file, the environment and flags, read into layers that know their own names."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrator.settings.complaints import SettingsError, nearest
from orchestrator.settings.secret_files import with_secrets_read, without_files
from orchestrator.settings.tree import Settings

Given = dict[str, dict[str, Any]]
"""Values by section and key."""

PREFIX: Final = "ORCHESTRATOR__"
SECRETS: Final = {"bus": frozenset({"url"}), "store": frozenset({"url"})}
"""Keys that may be given as ``<key>_file``; those of static nodes and tokens see to themselves."""
DAEMONS_OWN: Final = {"nodes": "static", "api": "static_tokens", "webhooks": "static"}
"""Keys full of secrets, which clients have no use for: they may be in files that clients cannot read."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings. ``name`` turns a setting's path into how this source says it."""

    kind: str
    values: Given
    problems: list[str] = field(default_factory=list)
    place: str = ""

    def name(self, path: str) -> str:
        """Name a setting as the person who gave it here would."""
        if self.kind == "environment":
            return PREFIX + path.upper().replace(".", "__")
        return f"{self.place}: {path}" if self.kind == "file" else f"{path} (given as a flag)"

    def with_secrets(self, *, needed: bool) -> "Layer":
        """Read the secrets that this layer keeps in files; one that is not needed and cannot be read is left out."""
        values, problems = dict(self.values), list(self.problems)
        for section, secrets in SECRETS.items():
            given = values.get(section)
            if not isinstance(given, Mapping):
                continue
            try:
                values[section] = with_secrets_read(given, secrets=secrets)
            except ValueError as error:
                values[section] = without_files(given, secrets=secrets)
                problems += [f"{self.name(section)}: {error}."] if needed else []
        for section, key in () if needed else DAEMONS_OWN.items():
            if isinstance(given := values.get(section), Mapping):
                values[section] = {name: value for name, value in given.items() if name != key}
        return Layer(self.kind, values, problems, self.place)


def from_file(path: Path) -> Layer:
    """Read a TOML file. Raises ``SettingsError`` if it cannot be read or is no TOML."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    return Layer("file", values, place=str(path))


def from_environment(environment: Mapping[str, str]) -> Layer:
    """Read ``ORCHESTRATOR__<SECTION>__<KEY>``. An empty value counts as not given, as in compose files."""
    values: Given = {}
    problems = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or not value:
            continue
        section, *keys = name.removeprefix(PREFIX).lower().split("__")
        if len(keys) != 1 or section not in Settings.model_fields:
            near = nearest(section, Settings.model_fields)
            hint = f"; did you mean the section {near.upper()}?" if near and near != section else "."
            problems.append(f"{name} is not a setting; they are named {PREFIX}<SECTION>__<KEY>{hint}")
            continue
        values.setdefault(section, {})[keys[0]] = value
    return Layer("environment", values, problems)


def from_flags(overrides: Mapping[str, Mapping[str, Any]]) -> Layer:
    """Take flags by section and key; None: not given."""
    given = {section: {key: it for key, it in keys.items() if it is not None} for section, keys in overrides.items()}
    return Layer("flags", {section: keys for section, keys in given.items() if keys})
