"""The book of webhooks: subscriptions, how far each has come, and what it did not take."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from orchestrator.domain.webhooks import Delivery, Progress, Webhook
from orchestrator.store.database import Database
from orchestrator.store.tables import Tables


class SqlWebhooks:
    """Implements ``WebhookBook`` and ``DeliveryBook``."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._tables = tables

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Give every subscription, by id."""
        return await self._database.read(self._tables.webhooks.every)

    async def webhook(self, id: int) -> Webhook | None:
        """Give one."""
        return next((webhook for webhook in await self.webhooks() if webhook.id == id), None)

    async def add_webhook(self, webhook: Webhook) -> Webhook:
        """Store a new one; give it with its id, and beginning after the last event."""

        def work(connection: Connection) -> Webhook:
            id_ = self._tables.counters.reserve(connection, {"webhook": 1})["webhook"]
            added = replace(webhook, id=id_, cursor=self._tables.journal.kept(connection).last)
            self._tables.webhooks.add(connection, added)
            return added

        return await self._database.write(work)

    async def change_webhook(self, id: int, **changes: Any) -> None:
        """Store address, secret, filter, and whether it is active: what is given of these."""
        await self._database.write(partial(self._tables.webhooks.change, id=id, changes=changes))

    async def remove_webhook(self, id: int) -> None:
        """Forget one, with its deliveries."""
        await self._database.write(partial(self._tables.webhooks.remove, id=id))

    async def sync_static_webhooks(self, wanted: Sequence[Webhook]) -> None:
        """Bring the subscriptions of the settings, known by their addresses, in line with these."""

        def work(connection: Connection) -> None:
            first = self._tables.counters.reserve(connection, {"webhook": len(wanted)})["webhook"]
            last = self._tables.journal.kept(connection).last
            given = [replace(webhook, cursor=last) for webhook in wanted]
            self._tables.webhooks.sync_static(connection, given, first=first)

        await self._database.write(work)

    async def under_retry(self, webhook: int) -> tuple[int, datetime | None]:
        """Give how many deliveries wait for another try, and when the next is due."""
        return await self._database.read(partial(self._tables.webhooks.under_retry, webhook=webhook))

    async def due_deliveries(self, webhook: int, *, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Give deliveries that are due, in the order of their events."""
        return await self._database.read(partial(self._tables.webhooks.due, webhook=webhook, now=now, limit=limit))

    async def note_progress(self, progress: Progress) -> None:
        """Write down what became of attempts."""
        await self._database.write(partial(self._tables.webhooks.note, progress=progress))

    async def failures(self, webhook: int, *, limit: int, offset: int) -> tuple[Delivery, ...]:
        """Give what is on the shelf, oldest first."""
        shelf = self._tables.webhooks.failures
        return await self._database.read(partial(shelf, webhook=webhook, limit=limit, offset=offset))

    async def replay_failures(self, webhook: int, *, number: int | None, now: datetime) -> int:
        """Take one from the shelf (None: all) to be tried anew; give how many that were."""
        return await self._database.write(
            partial(self._tables.webhooks.replay, webhook=webhook, number=number, now=now)
        )

    async def discard_failures(self, webhook: int, *, number: int | None) -> int:
        """Throw one on the shelf away (None: all); give how many that were."""
        return await self._database.write(partial(self._tables.webhooks.discard, webhook=webhook, number=number))
