"""What the engine needs of the rooms around it, as small Protocols. ``app.py`` plugs the concrete ones in."""

from orchestrator.domain.commands import Accepted, Outcome, Rejected
from orchestrator.domain.events import OutboxEntry
from orchestrator.engine.ports.arrivals import Albums, Arrival, Arrivals, Arrived, Chunk, Download, Results
from orchestrator.engine.ports.desk import Desk, Order, Renderer, Settled
from orchestrator.engine.ports.files import Collected, Images, Shelves
from orchestrator.engine.ports.listing import (
    PROJECT_ORDERS,
    TASK_ORDERS,
    Catalogue,
    Ordering,
    ProjectQuery,
    TaskQuery,
)
from orchestrator.engine.ports.nodes import JobCard, JobInfo, NodeClient, NodeClients, OutgoingFile
from orchestrator.engine.ports.store import (
    Clock,
    Extract,
    Journal,
    Kept,
    Library,
    ReplayBook,
    Store,
    TaskFilter,
    Transaction,
)
from orchestrator.engine.ports.webhooks import DeliveryBook, WebhookBook

__all__ = [
    "PROJECT_ORDERS",
    "TASK_ORDERS",
    "Accepted",
    "Albums",
    "Arrival",
    "Arrivals",
    "Arrived",
    "Catalogue",
    "Chunk",
    "Clock",
    "Collected",
    "DeliveryBook",
    "Desk",
    "Download",
    "Extract",
    "Images",
    "JobCard",
    "JobInfo",
    "Journal",
    "Kept",
    "Library",
    "NodeClient",
    "NodeClients",
    "Order",
    "Ordering",
    "OutboxEntry",
    "Outcome",
    "OutgoingFile",
    "ProjectQuery",
    "Rejected",
    "Renderer",
    "ReplayBook",
    "Results",
    "Settled",
    "Shelves",
    "Store",
    "TaskFilter",
    "TaskQuery",
    "Transaction",
    "WebhookBook",
]
