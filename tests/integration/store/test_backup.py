"""Backup: a whole copy while the store is written to, or a sentence and no file."""

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.store import open_store
from orchestrator.store.backup import backup


async def test_a_store_in_use_is_copied_whole(tmp_path):
    async with open_store(f"sqlite+aiosqlite:///{tmp_path}/store.db"):
        size = await backup(tmp_path / "store.db", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_size == size > 0
    async with open_store(f"sqlite+aiosqlite:///{tmp_path}/copy.db") as copy:
        assert [1] == [project.id for project in await copy.projects()]


async def test_an_existing_file_is_left_alone(tmp_path):
    (tmp_path / "store.db").write_bytes(b"")
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        await backup(tmp_path / "store.db", tmp_path / "copy.db")
    assert "precious" == (tmp_path / "copy.db").read_text()


async def test_what_is_no_database_leaves_no_copy(tmp_path):
    (tmp_path / "store.db").write_text("this is no database " * 500)
    with pytest.raises(StoreError, match="could not be copied"):
        await backup(tmp_path / "store.db", tmp_path / "copy.db")
    assert ["store.db"] == [path.name for path in tmp_path.iterdir()]


async def test_a_missing_store_is_named(tmp_path):
    with pytest.raises(StoreError, match="no database at"):
        await backup(tmp_path / "store.db", tmp_path / "copy.db")
