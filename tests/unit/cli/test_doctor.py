"""``orchestrator doctor``: what people read, the exit code, and the look without a daemon."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing

import pytest

from orchestrator.domain.findings import Finding
from orchestrator.store import upgrade

pytestmark = pytest.mark.usefixtures("logs")

LEFT = Finding(part="files", what="Something was left.", mend="doctor --fix deletes it.", fixable=True)
DAMAGED = Finding(part="store", what="The database is damaged.", mend="Restore it.")


@pytest.fixture
def file(root):
    """A store that no daemon has."""
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{root}/orchestrator.db"))
    return root / "orchestrator.db"


def test_all_is_well(side, orchestrator):
    result = orchestrator("doctor")
    assert (0, "All is well.\n") == (result.exit_code, result.stdout)


def test_what_is_wrong_is_told_with_what_mends_it(side, orchestrator):
    side.rooms.doctor.findings, side.rooms.doctor.notes = [DAMAGED, LEFT], ("node-1 slept.",)
    result = orchestrator("doctor")
    assert 1 == result.exit_code
    assert [
        "store: The database is damaged.", "  Restore it.", "files: Something was left.", "  doctor --fix deletes it.",
        "node-1 slept.", "2 things are wrong.",
    ] == result.stdout.splitlines()  # fmt: skip


def test_what_can_be_mended_is_mended_and_what_is_left_decides(side, orchestrator):
    side.rooms.doctor.findings = [LEFT]
    mended = orchestrator("doctor", "--fix")
    assert (0, ["files: Something was left.", "  Mended.", "All is well."]) == (
        mended.exit_code, mended.stdout.splitlines(),
    )  # fmt: skip
    side.rooms.doctor.findings.append(DAMAGED)
    left = orchestrator("doctor", "--fix", "--json")
    assert (1, [True, False]) == (left.exit_code, [it["mended"] for it in json.loads(left.stdout)["findings"]])


def test_without_a_daemon_store_and_files_are_looked_at(orchestrator, file):
    result = orchestrator("doctor")
    assert 0 == result.exit_code
    assert ["The nodes were not looked at, because no daemon runs.", "All is well."] == result.stdout.splitlines()


def test_without_a_daemon_it_mends_what_it_can(orchestrator, file, root):
    folder = root / "tasks/7/output"
    folder.mkdir(parents=True)
    assert "files: There is a folder of task 7, but no such task." in orchestrator("doctor").stdout
    assert folder.exists()
    assert 0 == orchestrator("doctor", "--fix").exit_code
    assert not (root / "tasks/7").exists()


def test_without_a_daemon_the_secrets_of_the_settings_are_needed(orchestrator, root):
    config = root / "orchestrator.toml"
    config.write_text(f'[store]\nurl_file = "{root}/nowhere"\n')
    result = orchestrator("doctor", "--config", str(config))
    assert 2 == result.exit_code
    assert "nowhere" in result.stderr


def test_events_that_nobody_publishes_are_told(orchestrator, file):
    body = json.dumps({"time": "2026-01-01T00:00:00.000000Z"}).encode()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("INSERT INTO events VALUES (1, '2026-01-01', 'id', 'tasks/1', 'task.created', ?)", (body,))
        database.execute("INSERT INTO outbox VALUES (1)")
    result = orchestrator("doctor")
    assert 1 == result.exit_code
    assert "outbox: 1 event waits for the bus, the oldest for" in result.stdout


def test_where_no_store_is_none_is_made(orchestrator, root):
    result = orchestrator("doctor")
    assert 1 == result.exit_code
    assert f"store: There is no database at {root}/orchestrator.db" in result.stdout
    assert [] == list(root.iterdir())


def test_a_store_that_is_no_database_is_told(orchestrator, root):
    (root / "orchestrator.db").write_bytes(os.urandom(8192))
    result = orchestrator("doctor")
    assert 1 == result.exit_code
    assert result.stdout.startswith("store: The database")
    assert "1 thing is wrong." == result.stdout.splitlines()[-1]


def test_a_store_of_another_release_is_told_and_not_migrated(orchestrator, file):
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    result = orchestrator("doctor")
    assert 1 == result.exit_code
    assert "is at revision 0001; run 'orchestrator migrate'" in result.stdout
