"""A statement compiled once for a database: its values go to the driver as they are, thousands of rows a second.

Statements are written in SQLAlchemy's language against the schema, so that a wrong column fails when the store opens;
running them as text leaves out what SQLAlchemy would do again for every row.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import any_
from sqlalchemy.sql.base import Executable

Values = tuple[Any, ...]
INT64_MAX = 2**63 - 1


@lru_cache(maxsize=1024)
def stamp(moment: datetime) -> str:
    """Write a time as SQLite keeps it: text of one width, in UTC. Rows of one batch share their times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(value: Any) -> Any:
    """Read a time as either driver gives it; None stays None."""
    return datetime.fromisoformat(value) if type(value) is str else value


def among(column: ColumnElement[Any], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether the column is in the list that is given as ``name``: one value however long, so one text for all."""
    if dialect.name == "sqlite":
        each = func.json_each(bindparam(name, type_=Text)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def upsert(table: Table, dialect: Dialect) -> Executable:
    """Insert whole rows, or replace those whose primary key is there already."""
    keys = [column.name for column in table.primary_key]
    if dialect.name == "sqlite":
        into: Any = sqlite.insert(table)
    else:
        into = postgresql.insert(table)
    others = {column.name: into.excluded[column.name] for column in table.columns if column.name not in keys}
    return into.on_conflict_do_update(index_elements=keys, set_=others)  # type: ignore[no-any-return]


def storable(values: Iterable[Any]) -> list[Any]:
    """Leave out what no row can hold, and put the rest in order: asking for it must not fail a whole batch."""
    return sorted(value for value in values if _is_storable(value))


_NO_TEXT = str.maketrans({"\0": "\ufffd"} | {chr(sign): "\ufffd" for sign in range(0xD800, 0xE000)})


def storable_text(text: str) -> str:
    """Put a sign that can be stored in place of each that cannot: a stranger's words must not keep a row out."""
    return text.translate(_NO_TEXT)


def _is_storable(value: int | str) -> bool:
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value))
    return -INT64_MAX <= value <= INT64_MAX


class Prepared:
    """One statement, ready to run.

    ``order`` names the values of a row for ``many``; it must be the order in which the statement takes them.
    """

    def __init__(self, statement: Executable, dialect: Dialect, *, order: Sequence[str] = ()) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._text = compiled.string
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._constants = {
            name: compiled.binds[name].value for name in self._names if not compiled.binds[name].required
        }
        if order and self._names != tuple(order):
            raise ValueError(f"the statement takes {self._names}, not {tuple(order)}")
        self._adapt: Callable[[Any], Any] | None = _for_sqlite if dialect.name == "sqlite" else None
        self._times = [
            place for place, name in enumerate(self._names) if isinstance(compiled.binds[name].type, DateTime)
        ]

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """Run it once and give all rows. Times come as the driver has them: read them with ``moment``."""
        return self._execute(connection, self._values(values)).all()

    def run(self, connection: Connection, **values: Any) -> int:
        """Run it once and give how many rows it changed."""
        return self._execute(connection, self._values(values)).rowcount

    def many(self, connection: Connection, rows: list[Values]) -> None:
        """Run it for each row of values."""
        if not rows:
            return
        if self._adapt and self._times:
            rows = [self._with_stamps(row) for row in rows]
        self._execute(connection, rows)

    def _execute(self, connection: Connection, values: Values | list[Values]) -> CursorResult[Any]:
        return connection.exec_driver_sql(self._text, values)

    def _values(self, given: dict[str, Any]) -> Values:
        values = self._constants | given
        if self._adapt:
            return tuple(self._adapt(values[name]) for name in self._names)
        return tuple(values[name] for name in self._names)

    def _with_stamps(self, row: Values) -> Values:
        stamped = list(row)
        for place in self._times:
            if stamped[place] is not None:
                stamped[place] = stamp(stamped[place])
        return tuple(stamped)


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    return json.dumps(value) if isinstance(value, list) else value
