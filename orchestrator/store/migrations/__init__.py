"""The schema's history, revision by revision, and alembic, which plays it. Nothing here is loaded without need."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_FOLDER = Path(__file__).parent


def config_for(connection: Connection | None = None) -> Config:
    """Give alembic's settings; ``env.py`` takes the connection from them."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def known_revisions() -> frozenset[str]:
    """Give every revision that this release knows."""
    scripts = ScriptDirectory.from_config(config_for())
    return frozenset(script.revision for script in scripts.walk_revisions())


def play(connection: Connection) -> None:
    """Bring the database to the newest revision, within the connection's transaction."""
    command.upgrade(config_for(connection), "head")
