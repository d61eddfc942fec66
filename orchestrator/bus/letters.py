"""From a message on the shelf to a dead letter that a person can name: what our headers say, or the broker's."""

import json
from base64 import b32encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from orchestrator.bus.port import Delivery
from orchestrator.contract import headers
from orchestrator.domain.dead_letters import Letter
from orchestrator.domain.problem import FieldError

_ID_BYTES = 5
"""40 bits, eight characters: among 10,000 letters two share an id in one case of 20,000, and then both are shown."""

# Crockford's base 32 in lower case: no i, l, o or u, so that nothing that is read aloud or typed is mistaken.
_SIGNS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")

OURS = frozenset({
    headers.ERROR_TYPE, headers.ERROR, headers.ERROR_FIELDS, headers.ORIGINAL_EXCHANGE,
    headers.ORIGINAL_ROUTING_KEY, headers.FAILED_AT,
})  # fmt: skip

# RabbitMQ's own, which tell of the queue and not of the message; the counts change with each look.
_BROKERS = frozenset({"x-delivery-count", "x-acquired-count"})

_BROKERS_REASONS = {
    "delivery_limit": "The broker gave it up: the daemon went away each time before it was done with it.",
    "expired": "It expired in the queue before the daemon took it.",
    "maxlen": "The queue was full.",
    "rejected": "A consumer rejected it.",
}
"""https://www.rabbitmq.com/docs/dlx#effects."""


def letter_of(delivery: Delivery) -> Letter:
    """Read a dead letter. Whatever its headers hold, there is one."""
    found = delivery.headers
    exchange, routing_key, at, error_type, error = _by_us(delivery) if headers.ERROR_TYPE in found else _by(delivery)
    return Letter(
        id=_id(delivery, routing_key=routing_key, at=at),
        exchange=exchange,
        routing_key=routing_key,
        type=delivery.type,
        message_id=delivery.message_id,
        at=at,
        size=delivery.size,
        error_type=error_type,
        error=error,
        errors=_errors(found.get(headers.ERROR_FIELDS)),
        reply_to=delivery.reply_to,
        correlation_id=delivery.correlation_id,
        content_type=delivery.content_type,
        content_encoding=delivery.content_encoding,
        priority=delivery.priority,
        sent_at=_of_epoch(delivery.timestamp),
        app_id=delivery.app_id,
        headers={name: value for name, value in found.items() if name not in OURS | _BROKERS},
        body=delivery.body,
    )


_Story = tuple[str, str, datetime | None, str, str]


def _by_us(delivery: Delivery) -> _Story:
    found = {name: value for name, value in delivery.headers.items() if isinstance(value, str)}
    return (
        found.get(headers.ORIGINAL_EXCHANGE, ""),
        found.get(headers.ORIGINAL_ROUTING_KEY, delivery.routing_key),
        _moment(found.get(headers.FAILED_AT)),
        found.get(headers.ERROR_TYPE, ""),
        found.get(headers.ERROR, ""),
    )


def _by(delivery: Delivery) -> _Story:
    """Read what the broker says of a message that it put aside by itself; one without a word is somebody's."""
    deaths = delivery.headers.get("x-death")
    death = deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else None
    if death is None:
        told = "It was put on the shelf by somebody else, who does not say why."
        return delivery.exchange, delivery.routing_key, None, "unknown", told
    reason = str(death.get("reason", "unknown"))
    keys = death.get("routing-keys")
    key = str(keys[0]) if isinstance(keys, list) and keys else delivery.routing_key
    told = _BROKERS_REASONS.get(reason, f"The broker put it aside ({reason}).")
    return str(death.get("exchange", "")), key, _moment(death.get("time")), reason.replace("_", "-"), told


def _id(delivery: Delivery, *, routing_key: str, at: datetime | None) -> str:
    """Make the id of what stays the same however often it is looked at."""
    digest = sha256()
    words = (delivery.type, delivery.message_id, delivery.correlation_id, routing_key, at.isoformat() if at else None)
    for word in words:
        raw = b"-" if word is None else b"+" + word.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4) + raw)
    digest.update(delivery.body)
    return b32encode(digest.digest()[:_ID_BYTES]).decode().translate(_SIGNS)


def _moment(value: Any) -> datetime | None:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_epoch(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _errors(text: Any) -> tuple[FieldError, ...]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return ()
    entries = found if isinstance(found, list) else []
    return tuple(
        FieldError(str(it.get("field", "")), str(it.get("message", ""))) for it in entries if isinstance(it, Mapping)
    )
