"""An index from which lists of tasks are made."""

from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    columns = ["created_at", "id", "project", "status", "stage", "name", "reference"]
    op.create_index("tasks_listed", "tasks", columns)
