"""One process has the lock; its name is told to the others."""

import os
from pathlib import Path

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.store.lock import FileLock


def test_one_at_a_time(tmp_path: Path):
    first, second = FileLock(tmp_path / "a.db"), FileLock(tmp_path / "a.db")
    first.acquire()
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()};"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_other_files_have_other_locks(tmp_path: Path):
    locks = [FileLock(tmp_path / name) for name in ("a.db", "b.db")]
    for lock in locks:
        lock.acquire()
    for lock in locks:
        lock.release()


def test_a_holder_who_left_no_name(tmp_path: Path):
    first = FileLock(tmp_path / "a.db")
    first.acquire()
    (tmp_path / "a.db.lock").write_text("")
    with pytest.raises(StoreError, match="in use by another process;"):
        FileLock(tmp_path / "a.db").acquire()
    first.release()


def test_a_lock_file_that_cannot_be_made(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        FileLock(tmp_path / "missing" / "a.db").acquire()
