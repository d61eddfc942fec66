"""The tables ``tokens`` and ``signing_keys``: who may come in, and what sessions are signed with, for every daemon."""

import json
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable

from orchestrator.domain.access import Role
from orchestrator.domain.tokens import ApiToken
from orchestrator.store.database import Database
from orchestrator.store.prepared import Prepared, moment, storable
from orchestrator.store.schema import signing_keys
from orchestrator.store.schema import tokens as table

SESSIONS = "sessions"
"""The key that signs them."""


class TokenTable:
    """Statements about tokens, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self.add = Prepared(_insert_new(table, dialect), dialect)
        self.every = Prepared(select(table).order_by(table.c.name), dialect)
        self.some = Prepared(select(literal(1)).select_from(table).limit(1), dialect)
        self.by_digest = Prepared(select(table).where(table.c.digest == bindparam("key")), dialect)
        self.by_id = Prepared(select(table).where(table.c.id == bindparam("key")), dialect)
        self.remove = Prepared(delete(table).where(table.c.name == bindparam("key")), dialect)
        used: dict[str, Any] = {"last_used_at": bindparam("at")}
        self.use = Prepared(update(table).where(table.c.id == bindparam("key")).values(used), dialect)
        self.add_key = Prepared(_insert_new(signing_keys, dialect), dialect)
        self.key = Prepared(select(signing_keys.c.value).where(signing_keys.c.name == bindparam("key")), dialect)


class SqlTokens:
    """Implements ``TokenBook`` over either database. Raises ``StoreError``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = TokenTable(database.dialect)

    async def every(self) -> tuple[ApiToken, ...]:
        """Give all tokens, by name."""
        return await self._database.read(lambda connection: tuple(map(_token_of, self._table.every.rows(connection))))

    async def some(self) -> bool:
        """Whether there is any."""
        return await self._database.read(lambda connection: bool(self._table.some.rows(connection)))

    async def by_digest(self, digest: bytes) -> ApiToken | None:
        """Give the token with that digest."""
        return await self._one(self._table.by_digest, digest)

    async def by_id(self, id_: str) -> ApiToken | None:
        """Give the token with that id."""
        return await self._one(self._table.by_id, id_) if storable([id_]) else None

    async def add(self, token: ApiToken) -> bool:
        """Keep a new token; False: its name is taken."""
        projects = None if token.projects is None else json.dumps(sorted(token.projects))
        values: dict[str, Any] = {
            "id": token.id, "name": token.name, "role": int(token.role), "digest": token.digest, "projects": projects,
            "created_at": token.created_at, "expires_at": token.expires_at, "last_used_at": None,
        }  # fmt: skip
        return bool(await self._database.write(partial(self._table.add.run, **values)))

    async def remove(self, name: str) -> bool:
        """Forget a token; False: there is none of that name."""
        if not storable([name]):
            return False
        return bool(await self._database.write(partial(self._table.remove.run, key=name)))

    async def use(self, id_: str, *, at: datetime) -> None:
        """Write down when a token was last used."""
        await self._database.write(partial(self._table.use.run, key=id_, at=at))

    async def signing_key(self, fresh: bytes) -> bytes:
        """Give the key that sessions are signed with; ``fresh`` becomes it if there is none yet."""

        def work(connection: Connection) -> bytes:
            self._table.add_key.run(connection, name=SESSIONS, value=fresh)
            return bytes(self._table.key.rows(connection, key=SESSIONS)[0][0])

        return await self._database.write(work)

    async def _one(self, query: Prepared, key: str | bytes) -> ApiToken | None:
        rows = await self._database.read(partial(query.rows, key=key))
        return _token_of(rows[0]) if rows else None


def _insert_new(into: Table, dialect: Dialect) -> Executable:
    """Insert a row unless something in it that must be unique is there already."""
    insert: Any = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return insert(into).on_conflict_do_nothing()  # type: ignore[no-any-return]


def _token_of(row: Any) -> ApiToken:
    id_, name, role, digest, projects, created_at, expires_at, last_used_at = row
    return ApiToken(
        id=id_, name=name, role=Role(role), digest=bytes(digest),
        projects=None if projects is None else frozenset(json.loads(projects)), created_at=moment(created_at),
        expires_at=moment(expires_at), last_used_at=moment(last_used_at),
    )  # fmt: skip
