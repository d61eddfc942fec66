"""A processing node, an entity of its own: its address, its health, and what it said about itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Health(StrEnum):
    """What is known of a node. Only an ``online`` one is given work."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class NodeOption:
    """One entry of a node's ``GET /options``; ``value`` (the default) is always text, ``domain`` text or choices."""

    name: str
    type: str
    value: str
    domain: str | tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """A node's ``GET /info``. ``max_images`` None: unlimited. Memory is bytes."""

    api_version: str
    queue_count: int
    max_images: int | None
    max_parallel: int
    engine: str
    engine_version: str
    is_cluster: bool = False

    @property
    def is_micmac(self) -> bool:
        """Whether it is a NodeMICMAC, or a cluster of them: that server differs in what it bears."""
        return self.engine == "micmac"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingNode:
    """One node as last known. ``token`` never leaves the daemon but towards the node itself."""

    id: int
    url: str
    """Base address without query and without a trailing slash, e.g. ``http://node-1:3000``."""
    hostname: str
    port: int
    created_at: datetime
    token: str = ""
    label: str = ""
    static: bool = False
    """From the settings file, not from a command."""
    health: Health = Health.UNKNOWN
    problem: str = ""
    """Why it is not online, for people."""
    unreachable_since: datetime | None = None
    last_refreshed: datetime | None = None
    info: NodeInfo | None = None
    options: tuple[NodeOption, ...] = ()
    version: int = 0

    @property
    def name(self) -> str:
        """The label, else ``host:port``."""
        return self.label or f"{self.hostname}:{self.port}"

    @property
    def online(self) -> bool:
        """Whether it can be given work."""
        return self.health is Health.ONLINE

    @property
    def rerun_stages(self) -> tuple[str, ...]:
        """Values that the node's ``rerun-from`` option takes."""
        for option in self.options:
            if option.name == "rerun-from" and isinstance(option.domain, tuple):
                return option.domain
        return ()

    def __repr__(self) -> str:
        """Safe to log: without the token."""
        return f"ProcessingNode(id={self.id}, url={self.url!r}, health={self.health.value})"
