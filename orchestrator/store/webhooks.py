"""The tables ``webhooks`` and ``webhook_deliveries``: who wants to be told of events, and what was not taken yet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Dialect, bindparam, delete, func, insert, select, update

from orchestrator.domain.webhooks import Delivery, Progress, Webhook
from orchestrator.store.prepared import Prepared, among, moment, storable, upsert
from orchestrator.store.schema import webhook_deliveries as deliveries
from orchestrator.store.schema import webhooks

_CHANGED: Final = ("url", "secret", "wanted", "active", "problem", "failing_since")
_PROGRESSED: Final = ("cursor", "problem", "failing_since")


class WebhookTable:
    """Statements about both, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._every = Prepared(select(webhooks).order_by(webhooks.c.id), dialect)
        one = select(webhooks).where(webhooks.c.id == bindparam("key"))
        self._one = Prepared(one.with_for_update(), dialect)
        self._add = Prepared(insert(webhooks), dialect, order=webhooks.c.keys())
        self._change = _updating(_CHANGED, dialect)
        self._progress = _updating(_PROGRESSED, dialect)
        self._switch_off = Prepared(
            update(webhooks).where(webhooks.c.id == bindparam("key")).values(active=bindparam("off", type_=Boolean)),
            dialect,
        )
        self._remove = Prepared(delete(webhooks).where(webhooks.c.id == bindparam("key")), dialect)
        self._needed = Prepared(select(func.min(webhooks.c.cursor)).where(webhooks.c.active), dialect)
        mine = deliveries.c.webhook == bindparam("key")
        shelved, waiting = deliveries.c.next_at.is_(None), deliveries.c.next_at.is_not(None)
        count = select(func.count(), func.min(deliveries.c.next_at)).select_from(deliveries)
        self._under_retry = Prepared(count.where(mine, waiting), dialect)
        due = select(deliveries).where(mine, waiting, deliveries.c.next_at <= bindparam("now"))
        self._due = Prepared(due.order_by(deliveries.c.number).limit(bindparam("limit")), dialect)
        failed = select(deliveries).where(mine, shelved).order_by(deliveries.c.number)
        self._failures = Prepared(failed.limit(bindparam("limit")).offset(bindparam("offset")), dialect)
        self._keep = Prepared(upsert(deliveries, dialect), dialect, order=deliveries.c.keys())
        number = among(deliveries.c.number, "numbers", dialect)
        self._done = Prepared(delete(deliveries).where(mine, number), dialect)
        anew = update(deliveries).values(next_at=bindparam("now"), attempts=bindparam("none"))
        self._replay = [Prepared(anew.where(mine, shelved, *one), dialect) for one in ((), (number,))]
        gone = delete(deliveries).where(mine, shelved)
        self._discard = [Prepared(gone.where(*one), dialect) for one in ((), (number,))]

    # ------------------------------------------------------------------------------------------------ subscriptions

    def every(self, connection: Connection) -> tuple[Webhook, ...]:
        """Give all, by id."""
        return tuple(_webhook_of(row) for row in self._every.rows(connection))

    def add(self, connection: Connection, webhook: Webhook) -> None:
        """Insert one."""
        row = _row_of(webhook)
        self._add.many(connection, [tuple(row[name] for name in webhooks.c.keys())])  # noqa: SIM118  (columns)

    def change(self, connection: Connection, id: int, changes: Mapping[str, Any]) -> None:
        """Store what people change, and nothing else: others may have changed the rest meanwhile."""
        for row in self._one.rows(connection, key=id):
            webhook = replace(_webhook_of(row), **changes)
            changed = _row_of(replace(webhook, problem="", failing_since=None) if webhook.active else webhook)
            self._change.run(connection, key=id, **{f"new_{name}": changed[name] for name in _CHANGED})

    def remove(self, connection: Connection, id: int) -> None:
        """Delete one, with its deliveries."""
        self._remove.run(connection, key=id)

    def sync_static(self, connection: Connection, wanted: Sequence[Webhook], *, first: int) -> None:
        """Bring those of the settings in line; ``first`` is the first free id."""
        missing = {webhook.url: webhook for webhook in wanted}
        for known in [webhook for webhook in self.every(connection) if webhook.static]:
            given = missing.pop(known.url, None)
            if given is None:
                self.remove(connection, known.id)
            elif _told(given) != _told(known):
                self.change(connection, known.id, {**_told(given), "active": True})
        for id_, webhook in enumerate(missing.values(), start=first):
            self.add(connection, replace(webhook, id=id_))

    def needed(self, connection: Connection) -> int | None:
        """Give the number up to which every active one is done with events; None without any."""
        found: int | None = self._needed.rows(connection)[0][0]
        return found

    # --------------------------------------------------------------------------------------------------- deliveries

    def under_retry(self, connection: Connection, *, webhook: int) -> tuple[int, datetime | None]:
        """Count those that wait, and give when the next is due."""
        count, next_at = self._under_retry.rows(connection, key=webhook)[0]
        return count, moment(next_at)

    def due(self, connection: Connection, *, webhook: int, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Give those that are due, in the order of their events."""
        return tuple(map(_delivery_of, self._due.rows(connection, key=webhook, now=now, limit=limit)))

    def failures(self, connection: Connection, *, webhook: int, limit: int, offset: int) -> tuple[Delivery, ...]:
        """Give the shelf, oldest first."""
        return tuple(map(_delivery_of, self._failures.rows(connection, key=webhook, limit=limit, offset=offset)))

    def replay(self, connection: Connection, *, webhook: int, number: int | None, now: datetime) -> int:
        """Have one on the shelf (None: all) tried anew."""
        one = {} if number is None else {"numbers": storable([number])}
        return self._replay[number is not None].run(connection, key=webhook, now=now, none=0, **one)

    def discard(self, connection: Connection, *, webhook: int, number: int | None) -> int:
        """Delete one on the shelf (None: all)."""
        one = {} if number is None else {"numbers": storable([number])}
        return self._discard[number is not None].run(connection, key=webhook, **one)

    def note(self, connection: Connection, progress: Progress) -> None:
        """Write down what became of attempts."""
        values = {f"new_{name}": getattr(progress, name) for name in _PROGRESSED}
        if not self._progress.run(connection, key=progress.webhook, **values):
            return  # Removed meanwhile.
        if not progress.active:
            # Never the other way round: somebody may have switched it off meanwhile.
            self._switch_off.run(connection, key=progress.webhook, off=False)
        if progress.taken:
            self._done.run(connection, key=progress.webhook, numbers=storable(progress.taken))
        names = deliveries.c.keys()
        self._keep.many(connection, [tuple(getattr(each, name) for name in names) for each in progress.failed])


def _updating(names: Sequence[str], dialect: Dialect) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=webhooks.c[name].type) for name in names}
    return Prepared(update(webhooks).where(webhooks.c.id == bindparam("key")).values(values), dialect)


def _told(webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in ("secret", "projects", "tasks", "types")}


def _row_of(webhook: Webhook) -> dict[str, Any]:
    sets = {"projects": webhook.projects, "tasks": webhook.tasks, "types": webhook.types}
    wanted = {name: sorted(chosen) for name, chosen in sets.items() if chosen is not None}
    row = {name: getattr(webhook, name) for name in webhooks.c.keys() if name != "wanted"}  # noqa: SIM118  (columns)
    return row | {"wanted": json.dumps(wanted)}


def _webhook_of(row: Any) -> Webhook:
    given = dict(zip(webhooks.c.keys(), row, strict=True))
    wanted = {name: frozenset(chosen) for name, chosen in json.loads(given.pop("wanted")).items()}
    times = {name: moment(given.pop(name)) for name in ("created_at", "failing_since")}
    return Webhook(**given | wanted | times | {name: bool(given[name]) for name in ("active", "static")})


def _delivery_of(row: Any) -> Delivery:
    given = dict(zip(deliveries.c.keys(), row, strict=True))
    return Delivery(**given | {name: moment(given[name]) for name in ("failed_at", "next_at")})
