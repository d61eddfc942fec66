"""The head revision is known without loading the migrations."""

from alembic.script import ScriptDirectory

from orchestrator.store import HEAD
from orchestrator.store.migrations import config_for, known_revisions


def test_the_constant_is_the_newest_revision():
    assert HEAD == ScriptDirectory.from_config(config_for()).get_current_head()
    assert HEAD in known_revisions()
