"""Tables for webhooks and for deliveries that have not succeeded, and the counter of the former."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "webhooks",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("static", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("cursor", NUMBER, nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="webhooks_pkey"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook", NUMBER, autoincrement=False, nullable=False),
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook"], ["webhooks.id"], name="webhook_deliveries_webhook_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook", "number", name="webhook_deliveries_pkey"),
    )
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index(
        "webhook_deliveries_due", "webhook_deliveries", ["webhook", "next_at"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip
    op.execute("INSERT INTO counters (name, value) VALUES ('webhook', 0)")
