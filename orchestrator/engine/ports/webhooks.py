"""Subscriptions and deliveries, as they are kept. Nothing here is part of a decision about a task."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from orchestrator.domain.webhooks import Delivery, Progress, Webhook


class WebhookBook(Protocol):
    """Subscriptions as people and programs change them, and the shelf. Raises ``StoreError`` only."""

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Give every subscription, by id."""
        ...

    async def webhook(self, id: int) -> Webhook | None:
        """Give one."""
        ...

    async def add_webhook(self, webhook: Webhook) -> Webhook:
        """Store a new one; give it with its id, and beginning after the last event."""
        ...

    async def change_webhook(self, id: int, **changes: Any) -> None:
        """Store address, secret, filter, and whether it is active: what is given of these.

        One that is active has no problem any more.
        """
        ...

    async def remove_webhook(self, id: int) -> None:
        """Forget one, with its deliveries."""
        ...

    async def failures(self, webhook: int, *, limit: int, offset: int) -> tuple[Delivery, ...]:
        """Give what is on the shelf, oldest first."""
        ...

    async def replay_failures(self, webhook: int, *, number: int | None, now: datetime) -> int:
        """Take one from the shelf (None: all) to be tried anew; give how many that were."""
        ...

    async def discard_failures(self, webhook: int, *, number: int | None) -> int:
        """Throw one on the shelf away (None: all); give how many that were."""
        ...


class DeliveryBook(Protocol):
    """What whoever delivers needs. Raises ``StoreError`` only."""

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Give every subscription, by id."""
        ...

    async def sync_static_webhooks(self, wanted: Sequence[Webhook]) -> None:
        """Bring the subscriptions of the settings, known by their addresses, in line with these."""
        ...

    async def under_retry(self, webhook: int) -> tuple[int, datetime | None]:
        """Give how many deliveries wait for another try, and when the next is due."""
        ...

    async def due_deliveries(self, webhook: int, *, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Give deliveries that are due, in the order of their events."""
        ...

    async def note_progress(self, progress: Progress) -> None:
        """Write down what became of attempts. One that was removed meanwhile stays removed."""
        ...
