"""A table of its own for events, which stay for a while; the outbox keeps the numbers of those that have to leave."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Move what waits in the outbox over."""
    op.create_table(
        "events",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="events_pkey"),
    )
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    op.execute(
        "INSERT INTO events (number, created_at, id, key, routing_key, body)"  # noqa: S608  (our own clock's text)
        f" SELECT number, '{now}', id, key, routing_key, body FROM outbox"
    )
    for column in ("id", "key", "routing_key", "body"):
        op.execute(f"ALTER TABLE outbox DROP COLUMN {column}")
