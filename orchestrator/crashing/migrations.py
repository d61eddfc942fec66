"""Points within a migration, as SQLAlchemy's own events tell them: alembic notes each revision that it has played."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from orchestrator.crashing.trigger import Trigger

_NOTES = ("INSERT INTO alembic_version", "UPDATE alembic_version")


def watch_migrations(trigger: Trigger) -> None:
    """Pass the points of every migration; for the rest of the process's life."""
    watch = _Watch(trigger)
    for name in ("before_cursor_execute", "commit", "begin"):
        event.listen(Engine, name, getattr(watch, name))


class _Watch:
    """Follows what is said to any database. ``after`` a commit is when the next transaction begins."""

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._noted = self._committed = False

    def before_cursor_execute(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(_NOTES):
            self._noted = True
            self._trigger.reached("migration.step")

    def commit(self, _: Any) -> None:
        if self._noted:
            self._noted, self._committed = False, True
            self._trigger.reached("commit.migration.before")

    def begin(self, _: Any) -> None:
        if self._committed:
            self._committed = False
            self._trigger.reached("commit.migration.after")
