"""A table for the replays of dead letters, and its counter."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "dead_letter_replays",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="dead_letter_replays_pkey"),
    )
    op.create_index("dead_letter_replays_letter", "dead_letter_replays", ["letter"])
    op.execute("INSERT INTO counters (name, value) VALUES ('replay', 0)")
