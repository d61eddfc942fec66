"""What the engine needs of the rooms around it, as small Protocols. ``app.py`` plugs the concrete ones in."""

from orchestrator.engine.changes import OutboxEntry
from orchestrator.engine.ports.desk import Accepted, Desk, Order, Outcome, Rejected, Renderer, Settled
from orchestrator.engine.ports.files import Collected, Images, Shelves
from orchestrator.engine.ports.nodes import JobCard, JobInfo, NodeClient, NodeClients, OutgoingFile
from orchestrator.engine.ports.store import Clock, Journal, Kept, Library, ReplayBook, Store, TaskFilter, Transaction
from orchestrator.engine.ports.webhooks import DeliveryBook, WebhookBook

__all__ = [
    "Accepted",
    "Clock",
    "Collected",
    "DeliveryBook",
    "Desk",
    "Images",
    "JobCard",
    "JobInfo",
    "Journal",
    "Kept",
    "Library",
    "NodeClient",
    "NodeClients",
    "Order",
    "OutboxEntry",
    "Outcome",
    "OutgoingFile",
    "Rejected",
    "Renderer",
    "ReplayBook",
    "Settled",
    "Shelves",
    "Store",
    "TaskFilter",
    "Transaction",
    "WebhookBook",
]
