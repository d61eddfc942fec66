"""An index from which the events of one task are read."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    op.create_index("events_key", "events", ["key", "number"])
