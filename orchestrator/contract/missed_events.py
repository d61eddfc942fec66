"""What a webhook is told when events that it was not offered are not kept any more: a CloudEvent like the others."""

from datetime import datetime
from typing import Final

from orchestrator.contract.events import id_of
from orchestrator.contract.headers import JSON
from orchestrator.contract.json_text import to_json
from orchestrator.contract.views import utc_text

EVENTS_MISSED: Final = "webhook.events-missed"
"""Its type, and its routing key; no filter keeps it from anybody."""


def events_missed(webhook: int, *, first: int, last: int, now: datetime, source: str) -> tuple[str, str, bytes]:
    """Give its id, its subject and its body. ``first`` and ``last``: numbers in the journal of what is missing."""
    subject = f"webhooks/{webhook}"
    id_ = id_of(f"{source}/{subject}/{first}-{last}")
    envelope = {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": EVENTS_MISSED,
        "subject": subject,
        "time": utc_text(now),
        "datacontenttype": JSON,
        "sequence": last,
        "partitionkey": subject,
        "data": {"first": first, "last": last, "reason": "they were not taken in time, and are not kept any more"},
    }
    return id_, subject, to_json(envelope)
