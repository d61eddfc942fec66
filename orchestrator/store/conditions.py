"""What lists are filtered and ordered by, in the words of either database."""

from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, UnaryExpression, bindparam, func, literal_column
from sqlalchemy.sql.base import Executable

from orchestrator.engine.ports import Ordering
from orchestrator.store.prepared import Prepared

MOST = 2**31 - 1
"""The limit of a list that has none."""

KEPT = 256
"""Statements kept compiled: each mixture of filters and orders is one."""


class Statements:
    """Statements compiled as they are first asked for; clients choose the mixture, so not all are kept for ever."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._kept: dict[Hashable, Prepared] = {}

    def of(self, key: Hashable, make: Callable[[], Executable]) -> Prepared:
        """Give the statement that is known by the key."""
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = Prepared(make(), self._dialect)
        return self._kept[key]


def ordered(column: ColumnElement[Any], id_: ColumnElement[Any], order: Ordering) -> tuple[UnaryExpression[Any], ...]:
    """Order by a column and, where that is equal, by id; none comes before all that is, on both databases."""
    keys = (column, id_) if column is not id_ else (id_,)
    ordering = [key.desc() if order.descending else key.asc() for key in keys]
    if getattr(column, "nullable", False):
        ordering[0] = ordering[0].nulls_last() if order.descending else ordering[0].nulls_first()
    return tuple(ordering)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a column's value in such a way that SQLite, which knows nothing of how rare a value is, uses no index."""
    return column + literal_column("0")


def part_of(column: ColumnElement[str], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether the column holds a text exactly so: without a pattern, and so without its price."""
    find = func.instr if dialect.name == "sqlite" else func.strpos
    return find(column, bindparam(name, type_=Text)) > literal_column("0")


def contains(column: ColumnElement[Any], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether the column holds a text, whatever its case (on SQLite: whatever the case of ASCII letters)."""
    like: ColumnElement[str] = bindparam(name)
    return column.like(like, escape="\\") if dialect.name == "sqlite" else column.ilike(like, escape="\\")


def holding(part: str) -> str:
    """Give the value that ``contains`` takes."""
    return "%" + part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
