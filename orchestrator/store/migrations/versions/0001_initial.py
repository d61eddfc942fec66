"""All tables as they were first, with the default project and the counters."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Create everything."""
    _create_projects()
    _create_tasks()
    _create_nodes()
    _create_mail()
    _create_ownership()


def _create_projects() -> None:
    projects = op.create_table(
        "projects",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("deleting", sa.Boolean(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="projects_pkey"),
    )
    default = {"id": 1, "name": "Default project", "description": "", "deleting": False, "version": 0, "tags": "[]"}
    op.execute(projects.insert().values(**default, created_at=_now()))


def _now() -> sa.ColumnElement[Any]:
    if op.get_bind().dialect.name == "sqlite":
        return sa.func.strftime("%Y-%m-%dT%H:%M:%f000+00:00", "now")
    return sa.func.now()


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("project", NUMBER, nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("pending_action", sa.SmallInteger(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("job_node", NUMBER, nullable=True),
        sa.Column("job_uuid", sa.Text(), nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="tasks_project_fkey"),
        sa.PrimaryKeyConstraint("id", name="tasks_pkey"),
        sa.UniqueConstraint("reference", name="tasks_reference_key"),
    )
    in_work = "stage IN ('collecting', 'processing', 'removing', 'uploading', 'waiting')"
    _create_partial_index("tasks_in_work", "tasks", "stage", "id", where=in_work)
    _create_partial_index("tasks_drafts", "tasks", "id", where="stage = 'draft'")
    _create_partial_index("tasks_job_node", "tasks", "job_node", where="job_node IS NOT NULL")
    op.create_index("tasks_project", "tasks", ["project", "id"])
    op.create_index("tasks_status", "tasks", ["status", "id"])
    op.create_table(
        "task_sources",
        sa.Column("task", NUMBER, autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name="task_sources_task_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task", name="task_sources_pkey"),
    )


def _create_nodes() -> None:
    op.create_table(
        "processing_nodes",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("static", sa.Boolean(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("unreachable_since", MOMENT, nullable=True),
        sa.Column("last_refreshed", MOMENT, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="processing_nodes_pkey"),
    )
    op.create_table(
        "node_jobs",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("node", NUMBER, nullable=False),
        sa.Column("task", NUMBER, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("committed", sa.Boolean(), nullable=False),
        sa.Column("abandoned_at", MOMENT, nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name="node_jobs_pkey"),
    )
    _create_partial_index("node_jobs_abandoned", "node_jobs", "abandoned_at", where="abandoned_at IS NOT NULL")


def _create_mail() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="inbox_pkey"),
    )
    op.create_index("inbox_created_at", "inbox", ["created_at"])
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="outbox_pkey"),
    )


def _create_ownership() -> None:
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="counters_pkey"),
    )
    # The last number given out: the default project has had its.
    last = {"node": 0, "outbox": 0, "project": 1, "task": 0}
    op.bulk_insert(counters, [{"name": name, "value": value} for name, value in last.items()])
    op.create_table(
        "daemons",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="daemons_pkey"),
    )


def _create_partial_index(name: str, table: str, *columns: str, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
