"""Addresses of databases: what is meant, what is refused, and that no secret is told."""

import importlib.util

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.store import open_store
from orchestrator.store.address import connect


async def refused(address: str) -> str:
    with pytest.raises(StoreError) as caught:
        async with open_store(address):
            pass
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("address", ["", "nonsense", "postgresql+asyncpg://me:hush@host:port/base"])
async def test_what_is_no_address(address: str):
    assert (await refused(address)).startswith("The database address cannot be read")


async def test_another_kind_of_database():
    assert "names mysql, which is not supported" in await refused("mysql+aiomysql://me:hush@host/base")


@pytest.mark.parametrize("address", ["sqlite+aiosqlite:///a.db?mode=ro", "sqlite+aiosqlite:///file:a.db"])
async def test_options_of_sqlite(address: str):
    assert "a SQLite address is a path alone" in await refused(address)


async def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "asyncpg" else find(name, *rest)
    )
    told = await refused("postgresql+asyncpg://me:hush@host/base")
    assert "PostgreSQL needs asyncpg: install odm-orchestrator[postgres]." == told


@pytest.mark.parametrize("address", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "sqlite://"])
async def test_in_memory(address: str):
    database = await connect(address, lock=True)
    assert "The database in memory" == database.where
    await database.close()
    await database.close()
