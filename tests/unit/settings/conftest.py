"""No setting of whoever runs the tests gets into them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.settings import loading


@pytest.fixture(autouse=True)
def no_outside(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("ORCHESTRATOR") or name in {"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"}:
            monkeypatch.delenv(name)
    monkeypatch.setattr(loading, "DEFAULT_CONFIG", tmp_path / "nowhere.toml")


@pytest.fixture
def toml(tmp_path) -> Callable[[str], Path]:
    """Writes a settings file."""

    def write(text: str) -> Path:
        path = tmp_path / "orchestrator.toml"
        path.write_text(text)
        return path

    return write
