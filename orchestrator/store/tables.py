"""All tables of one database, with their statements compiled."""

from sqlalchemy import Dialect

from orchestrator.store.counters import CounterTable
from orchestrator.store.daemons import DaemonTable
from orchestrator.store.inspection import Inspection
from orchestrator.store.jobs import JobTable
from orchestrator.store.journal import JournalTable
from orchestrator.store.library import TaskCatalogue
from orchestrator.store.mail import InboxTable
from orchestrator.store.nodes import NodeTable
from orchestrator.store.project_listing import ProjectListing
from orchestrator.store.projects import ProjectTable
from orchestrator.store.replays import ReplayTable
from orchestrator.store.task_listing import TaskListing
from orchestrator.store.tasks import TaskTable
from orchestrator.store.webhooks import WebhookTable


class Tables:
    """One of each. ``shared``: several daemons may use the database."""

    def __init__(self, dialect: Dialect, *, shared: bool) -> None:
        self.projects = ProjectTable(dialect)
        self.nodes = NodeTable(dialect)
        self.tasks = TaskTable(dialect, shared=shared)
        self.catalogue = TaskCatalogue(dialect)
        self.task_listing = TaskListing(dialect)
        self.project_listing = ProjectListing(dialect)
        self.jobs = JobTable(dialect)
        self.inbox = InboxTable(dialect)
        self.journal = JournalTable(dialect)
        self.counters = CounterTable(dialect)
        self.daemons = DaemonTable(dialect)
        self.webhooks = WebhookTable(dialect)
        self.replays = ReplayTable(dialect)
        self.inspection = Inspection(dialect)
