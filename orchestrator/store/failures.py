"""What drivers raise, as one plain sentence: which database, and what is the matter with it.

No sentence holds a password, a statement or a value: a value may be a node's token. The error is ``retryable`` unless
the rows themselves are refused: then the same rows would be refused again, and only some of them may be to blame.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from orchestrator.domain.errors import StoreError

_SQLITE = {
    "SQLITE_BUSY": "is locked by another program",
    "SQLITE_LOCKED": "is locked by another program",
    "SQLITE_FULL": "cannot grow: the disk is full",
    "SQLITE_READONLY": "cannot be written: the file or its folder is read-only",
    "SQLITE_NOTADB": "is not a SQLite database",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
    "SQLITE_CANTOPEN": "cannot be opened; look at the file's and the folder's permissions",
    "SQLITE_PERM": "cannot be opened; look at the file's and the folder's permissions",
    "SQLITE_IOERR": "cannot be read or written: the disk reported an error",
    "SQLITE_NOMEM": "ran out of memory",
    "SQLITE_TOOBIG": "does not take a value as large as was given",
    "SQLITE_CONSTRAINT_UNIQUE": "holds a row with the same key already",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "holds a row with the same key already",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "would be left with a row that refers to nothing",
    "SQLITE_CONSTRAINT": "refused a row that breaks a rule of its tables",
    "SQLITE_SCHEMA": "changed while it was in use",
}
"""By the beginning of SQLite's result code; the longest that fits counts."""

_POSTGRES = {
    "08": "closed the connection",
    "22": "does not take one of the values given",
    "23": "refused a row that breaks a rule of its tables",
    "23503": "would be left with a row that refers to nothing",
    "23505": "holds a row with the same key already",
    "25006": "cannot be written: it is read-only",
    "28": "does not accept our user or password",
    "3D000": "does not exist on its server",
    "40": "gave way to another transaction",
    "42501": "does not permit this to our user",
    "42P01": "lacks a table; run 'orchestrator migrate'",
    "42703": "lacks a column; run 'orchestrator migrate'",
    "53": "has no room left: disk, memory or connections",
    "53100": "cannot grow: the disk is full",
    "53300": "has no connection left for us",
    "54": "does not take a value as large as was given",
    "55P03": "is locked by another program",
    "57014": "gave up on a query",
    "57P": "is shutting down or starting up",
    "58": "cannot be read or written: its server reported an error",
    "XX": "is damaged, or its server failed",
}
"""By the beginning of the SQLSTATE; the longest that fits counts."""

_ROWS_REFUSED = {"22", "23", "54"}
"""Classes of SQLSTATE: data exceptions, integrity constraint violations, limits that a row exceeds."""


@contextmanager
def told(where: str, *, seconds: float | None = None) -> Iterator[None]:
    """Raise whatever the database raises as StoreError.

    ``where`` names the database, without secrets; ``seconds`` is the deadline of what is done in the block.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        late = isinstance(error, TimeoutError) and seconds is not None
        words = f"did not answer within {seconds:g} s" if late else _words(error)
        if words is None:
            raise
        failure = StoreError(f"{where} {words}.")
        failure.retryable = not _refuses_rows(error)
        raise failure from error


def _words(error: BaseException) -> str | None:
    if isinstance(error, DBAPIError) and error.orig is not None:
        # asyncpg has several ways to say that it found the connection closed; SQLAlchemy knows them all.
        return "closed the connection" if error.connection_invalidated else _words(error.orig) or "failed"
    if isinstance(error, sqlite3.Error):
        return _longest(_SQLITE, getattr(error, "sqlite_errorname", "")) or _sqlite_words(error)
    state: Any = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _longest(_POSTGRES, state) or f"failed (SQLSTATE {state})"
    return _general_words(error)


def _refuses_rows(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return isinstance(error, IntegrityError | DataError) or _refuses_rows(error.orig)
    if str(getattr(error, "sqlstate", None))[:2] in _ROWS_REFUSED:
        return True
    return isinstance(error, UnicodeError | OverflowError | sqlite3.IntegrityError | sqlite3.DataError)


def _sqlite_words(error: sqlite3.Error) -> str:
    """The module's own errors and SQLITE_ERROR have no code that tells; their words name no value."""
    return f"failed ({error})"


def _general_words(error: BaseException) -> str | None:
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    if isinstance(error, ConnectionError):
        return "cannot be reached: the connection was refused or cut"
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or 'the address is not known'}"
    if isinstance(error, UnicodeError | OverflowError):
        return "does not take one of the values given"
    if isinstance(error, SQLAlchemyError) or type(error).__module__.startswith(("asyncpg", "sqlalchemy")):
        return f"failed ({type(error).__name__})"
    return None


def _longest(sentences: dict[str, str], code: str) -> str | None:
    fitting = [start for start in sentences if code.startswith(start)]
    return sentences[max(fitting, key=len)] if fitting else None
