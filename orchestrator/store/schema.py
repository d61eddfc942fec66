"""The tables, for both databases: what is filtered, ordered or joined is a column, the rest is JSON in ``body``.

Stored tasks that have ended cost running ones nothing: whatever looks for work goes through ``tasks_in_work``, an
index that holds tasks in work alone. No index holds ``updated_at``, ``version`` or ``body``, so that PostgreSQL
writes a task's progress without touching any index (a HOT update). ``rested_at`` is the ``updated_at`` of a task that
is not in work: it moves only when ``stage`` does, or when somebody changes a task that rests.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from orchestrator.domain.task import IN_WORK, Stage

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
    }
)

Number = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite makes a primary key its row's own address only when the type reads INTEGER."""

Moment = DateTime(timezone=True).with_variant(String(32), "sqlite")
"""A time in UTC; in SQLite ISO 8601 text of one width, which sorts as the times do."""

IN_WORK_CONDITION = "stage IN ({})".format(", ".join(f"'{stage}'" for stage in sorted(IN_WORK)))
"""Literal, in the index and in every query alike: only then do the databases see that the index serves."""

DRAFT_CONDITION = f"stage = '{Stage.DRAFT}'"


def _partial_index(name: str, *columns: Column[Any], where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


projects = Table(
    "projects",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("deleting", Boolean, nullable=False),
    Column("version", Number, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("tags", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("project", Number, ForeignKey("projects.id"), nullable=False),
    Column("reference", Text, unique=True),
    Column("stage", Text, nullable=False),
    Column("status", SmallInteger),
    Column("pending_action", SmallInteger),
    Column("priority", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("job_node", Number),
    Column("job_uuid", Text, nullable=False),
    Column("fence", Number, nullable=False),
    Column("version", Number, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("search", Text),
    Column("rested_at", Moment),
    Column("owner", Text),
)
_partial_index("tasks_in_work", tasks.c.stage, tasks.c.id, where=IN_WORK_CONDITION)
_partial_index("tasks_drafts", tasks.c.id, where=DRAFT_CONDITION)
_partial_index("tasks_job_node", tasks.c.job_node, where="job_node IS NOT NULL")
Index("tasks_project", tasks.c.project, tasks.c.id)
Index("tasks_status", tasks.c.status, tasks.c.id)
Index(
    # What lists are filtered, searched and ordered by, so that they are made from the index alone.
    "tasks_listed",
    *(tasks.c[name] for name in ("created_at", "id", "project", "status", "stage", "priority")),
    *(tasks.c[name] for name in ("name", "reference", "search")),
)
_partial_index(
    "tasks_rested",
    *(tasks.c[name] for name in ("rested_at", "id", "project", "status", "stage", "search")),
    where="rested_at IS NOT NULL",
)

task_sources = Table(
    "task_sources",
    metadata,
    Column("task", Number, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

processing_nodes = Table(
    "processing_nodes",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("hostname", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("token", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("static", Boolean, nullable=False),
    Column("health", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("version", Number, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("unreachable_since", Moment),
    Column("last_refreshed", Moment),
    Column("info", Text),
    Column("options", Text, nullable=False),
)

node_jobs = Table(
    # No foreign keys: an abandoned job outlives its task, and may outlive what we know of its node.
    "node_jobs",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("node", Number, nullable=False),
    Column("task", Number, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("committed", Boolean, nullable=False),
    Column("abandoned_at", Moment),
    Column("stopped", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
)
_partial_index("node_jobs_abandoned", node_jobs.c.abandoned_at, where="abandoned_at IS NOT NULL")

inbox = Table(
    "inbox",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("command", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)
Index("inbox_created_at", inbox.c.created_at)

events = Table(
    # The body comes last: when an event was made is read without it.
    "events",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("created_at", Moment, nullable=False),
    Column("id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
# With the number, so that PostgreSQL reads one task's events in order, and not the whole journal until it has enough.
Index("events_key", events.c.key, events.c.number)

outbox = Table(
    # Numbers of events that the bus has not confirmed.
    "outbox",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
)

counters = Table(
    # value: the last number given out.
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Number, nullable=False),
)

daemons = Table(
    "daemons",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("until", Moment, nullable=False),
)

dead_letter_replays = Table(
    # No body: what was sent is the broker's to keep, and may hold secrets. letter: its id, which says nothing else.
    "dead_letter_replays",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("letter", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("dead_letter_replays_letter", dead_letter_replays.c.letter)

webhooks = Table(
    # wanted: the filter, as JSON.
    "webhooks",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("static", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("cursor", Number, nullable=False),
    Column("problem", Text, nullable=False),
    Column("failing_since", Moment),
)

webhook_deliveries = Table(
    # With a body of its own: it may outlast the event in the journal.
    "webhook_deliveries",
    metadata,
    Column("webhook", Number, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("failed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("body", LargeBinary, nullable=False),
)
_partial_index(
    "webhook_deliveries_due", webhook_deliveries.c.webhook, webhook_deliveries.c.next_at, where="next_at IS NOT NULL"
)

tokens = Table(
    # digest: SHA-256 of the token, which is random; the token itself is kept nowhere.
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("projects", Text),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
