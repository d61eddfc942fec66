"""Statements are compiled once and take values in the order that was promised."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, create_engine, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.store.counters import COUNTERS
from orchestrator.store.prepared import Prepared, moment, stamp, storable
from orchestrator.store.schema import IN_WORK_CONDITION, counters, daemons
from orchestrator.store.tables import Tables

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_stored_times_sort_as_the_times_do():
    times = [NOON + timedelta(microseconds=step) for step in (0, 1, 500_000, 1_000_000)]
    assert sorted(map(stamp, times)) == [stamp(time) for time in times]
    assert "2026-11-23T12:00:00.000000+00:00" == stamp(NOON.astimezone(timezone(timedelta(hours=-3))))
    assert NOON == moment(stamp(NOON))
    assert NOON == moment(NOON)
    assert moment(None) is None


def test_what_no_row_can_hold_is_left_out():
    assert [-5, 3, 2**63 - 1] == storable([2**63, 3, -5, 2**63 - 1, -(2**64)])
    assert ["", "a", "ü", "😀"] == storable(["😀", "a\0", "ü", "\ud800", "", "a"])


def test_values_in_another_order_than_the_statements_are_refused_at_once():
    with pytest.raises(ValueError, match="takes"):
        Prepared(insert(daemons), sqlite.dialect(), order=("until", "owner"))


def test_constants_of_the_statement_need_not_be_given():
    engine = create_engine("sqlite://")
    query = Prepared(select(bindparam("given") + 1), engine.dialect)
    with engine.connect() as connection:
        assert [(8,)] == query.rows(connection, given=7)
    engine.dispose()


@pytest.mark.parametrize("shared", [True, False])
def test_every_statement_compiles_for_both(shared: bool):
    Tables(sqlite.dialect(), shared=shared)
    Tables(postgresql.asyncpg.dialect(), shared=shared)


def test_the_condition_of_tasks_in_work_is_written_as_the_index_has_it():
    assert "stage IN ('collecting', 'processing', 'removing', 'uploading', 'waiting')" == IN_WORK_CONDITION


def test_counters_are_locked_in_one_order():
    assert sorted(COUNTERS) == list(COUNTERS)
    assert "name" in counters.c
