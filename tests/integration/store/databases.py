"""The databases that every part of the conformance suite runs over: one mixin each, which gives ``url``.

Classes rather than parameters, so that PostgreSQL is installed and started only when its tests were chosen.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.store import SqlStore, open_store


class _Opened:
    @pytest.fixture
    async def store(self, url: str) -> AsyncIterator[SqlStore]:
        async with open_store(url, migrate=True) as store:
            yield store


class InFile(_Opened):
    """SQLite as a daemon uses it."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite+aiosqlite:///{tmp_path}/orchestrator.db"


class InMemory(_Opened):
    """SQLite as unit tests use it."""

    @pytest.fixture
    def url(self) -> str:
        return "sqlite+aiosqlite:///:memory:"


class OnServer(_Opened):
    """PostgreSQL."""

    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
