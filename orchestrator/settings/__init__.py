"""What the person who runs the daemon chooses: one frozen tree from a TOML file < the environment < flags.

Each room is given its own branch, as plain values; none of them imports this one.
"""

from orchestrator.settings.complaints import SettingsError
from orchestrator.settings.kinds import SecretUrl
from orchestrator.settings.layers import Given
from orchestrator.settings.loading import DEFAULT_CONFIG, find_config, load
from orchestrator.settings.tree import Settings, StaticNode

__all__ = ["DEFAULT_CONFIG", "Given", "SecretUrl", "Settings", "SettingsError", "StaticNode", "find_config", "load"]
