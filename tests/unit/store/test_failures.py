"""Whatever a driver raises becomes one sentence; what is our own mistake stays what it is."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, OperationalError

from orchestrator.domain.errors import StoreError
from orchestrator.store.failures import told


class ServerError(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def sqlite_error(name: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("hush: the driver's own words")
    error.sqlite_errorname = name
    return error


def translated(error: Exception) -> StoreError:
    with pytest.raises(StoreError) as caught, told("The database"):
        raise error
    assert error is caught.value.__cause__
    assert "hush" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "is locked by another program"),
        ("SQLITE_FULL", "cannot grow: the disk is full"),
        ("SQLITE_READONLY_DIRECTORY", "cannot be written: the file or its folder is read-only"),
        ("SQLITE_NOTADB", "is not a SQLite database"),
        ("SQLITE_IOERR_WRITE", "cannot be read or written: the disk reported an error"),
        ("SQLITE_CONSTRAINT_UNIQUE", "holds a row with the same key already"),
        ("SQLITE_CONSTRAINT_NOTNULL", "refused a row that breaks a rule of its tables"),
    ],
)
def test_sqlite_by_its_code(name: str, sentence: str):
    assert f"The database {sentence}." == str(translated(sqlite_error(name)))
    assert f"The database {sentence}." == str(translated(OperationalError("SELECT hush", {}, sqlite_error(name))))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("53100", "cannot grow: the disk is full"),
        ("53200", "has no room left: disk, memory or connections"),
        ("40P01", "gave way to another transaction"),
        ("28P01", "does not accept our user or password"),
        ("54000", "does not take a value as large as was given"),
        ("0A000", "failed (SQLSTATE 0A000)"),
    ],
)
def test_postgresql_by_its_state(state: str, sentence: str):
    assert f"The database {sentence}." == str(translated(ServerError(state)))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TimeoutError(), "did not answer in time"),
        (ConnectionRefusedError(111, "hush"), "cannot be reached: the connection was refused or cut"),
        (OSError(113, "No route to host"), "cannot be reached: No route to host"),
        (InvalidRequestError("hush"), "failed (InvalidRequestError)"),
        (DBAPIError("SELECT hush", {}, Exception("hush")), "failed"),
    ],
)
def test_the_rest(error: Exception, sentence: str):
    assert f"The database {sentence}." == str(translated(error))


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error("SQLITE_CONSTRAINT_UNIQUE", sqlite3.IntegrityError),
        IntegrityError("INSERT", {}, Exception()),
        ServerError("23505"),
        ServerError("22021"),
        ServerError("54000"),
        OverflowError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ],
    ids=repr,
)
def test_refused_rows_would_be_refused_again(error: Exception):
    assert not translated(error).retryable


def test_passing_trouble_may_be_tried_again():
    assert translated(sqlite_error("SQLITE_BUSY")).retryable
    assert translated(ServerError("40P01")).retryable


def test_a_deadline_is_named():
    with (
        pytest.raises(StoreError, match=r"^The database did not answer within 2\.5 s\.$"),
        told("The database", seconds=2.5),
    ):
        raise TimeoutError


def test_our_own_mistakes_stay_what_they_are():
    with pytest.raises(KeyError), told("The database"):
        raise KeyError("counter")
    with pytest.raises(StoreError, match=r"^as it was$"), told("The database"):
        raise StoreError("as it was")
