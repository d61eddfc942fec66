"""What tasks are searched by, folded, and when they were last changed if they rest, in indexes for lists."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
LOT = 10_000
INDEXED = 2500
"""Bytes of name, reference and search text together: PostgreSQL takes no larger row into an index."""

READ = sa.text("SELECT id, name, reference FROM tasks WHERE id > :after ORDER BY id LIMIT :lot")
WRITE = sa.text(
    "UPDATE tasks SET search = :search, rested_at = CASE WHEN stage IN ('draft', 'ended') THEN updated_at END"
    " WHERE id = :task"
)


def upgrade() -> None:
    """Create and fill them."""
    op.add_column("tasks", sa.Column("search", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("rested_at", MOMENT, nullable=True))
    op.drop_index("tasks_listed", "tasks")
    _fill(op.get_bind())
    columns = ["created_at", "id", "project", "status", "stage", "priority", "name", "reference", "search"]
    op.create_index("tasks_listed", "tasks", columns)
    resting = sa.text("rested_at IS NOT NULL")
    op.create_index(
        "tasks_rested", "tasks", ["rested_at", "id", "project", "status", "stage", "search"],
        sqlite_where=resting, postgresql_where=resting,
    )  # fmt: skip


def _fill(connection: sa.Connection) -> None:
    """Not in SQL: SQLite folds the letters of ASCII alone."""
    after = 0
    while rows := connection.execute(READ, {"after": after, "lot": LOT}).all():
        texts = {task: _folded(f"{name}\n{reference or ''}") for task, name, reference in rows}
        connection.execute(WRITE, [{"task": task, "search": text} for task, text in texts.items()])
        after = rows[-1][0]


def _folded(text: str) -> str:
    return text.casefold().encode()[: INDEXED - len(text.encode())].decode(errors="ignore")
