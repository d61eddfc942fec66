"""Every setting with its default: the tree itself. ``config/orchestrator.toml`` gives the reasons for each default."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from orchestrator.settings.checks import (
    check_event_type,
    check_events_source,
    check_host,
    check_node_url,
    check_origin,
    check_prefix,
    check_public_url,
    check_token,
    check_token_name,
    check_webhook_secret,
    check_webhook_url,
    check_webhook_urls,
    one_of_schemes,
)
from orchestrator.settings.kinds import (
    Count,
    Folder,
    Interval,
    Network,
    Port,
    Seconds,
    SecretUrl,
    Shown,
    Size,
    expanded,
    listed,
    network,
    worded,
)
from orchestrator.settings.secret_files import with_secrets_read

DEFAULT_ROOT: Final = Path("data")
LOOPBACK: Final = (network("127.0.0.0/8"), network("::1/128"))


def default_root() -> Path:
    """Give the folder that systemd made for the service (``StateDirectory=``), else ``./data``."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else DEFAULT_ROOT


class Section(BaseModel):
    """A group of settings. Unknown keys are errors, and no error repeats a value: some are secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Entry(Section):
    """One of a list in the settings file; its secrets may lie in files of their own, as ``<key>_file``."""

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: Any) -> Any:
        secrets = [name for name, field in cls.model_fields.items() if field.annotation is SecretStr]
        return with_secrets_read(given, secrets=secrets) if isinstance(given, Mapping) else given


class Bus(Section):
    """The message bus."""

    url: Annotated[SecretUrl, one_of_schemes("memory", "amqp", "amqps")] = SecretUrl("memory://")
    """``memory://`` (within the process, to try it out), or ``amqp://`` or ``amqps://`` for RabbitMQ."""
    prefix: Annotated[str, AfterValidator(check_prefix)] = "orchestrator"
    """First part of the name of every exchange and queue."""
    prefetch: Annotated[Count, Field(le=65535)] = 1000
    """Commands that the broker hands out before one of them is acknowledged."""
    max_message_bytes: Size = 4_194_304
    """Largest command that is taken in."""
    source: Annotated[str, AfterValidator(check_events_source)] = "/orchestrator"
    """The ``source`` of every event: names this installation to subscribers of several."""


class Store(Section):
    """The durable memory."""

    url: Annotated[
        SecretUrl, one_of_schemes("sqlite+aiosqlite", "postgresql+asyncpg"),
        Shown("`sqlite+aiosqlite:///<files.root>/orchestrator.db`"),
    ] = SecretUrl(f"sqlite+aiosqlite:///{DEFAULT_ROOT}/orchestrator.db")  # fmt: skip
    """``sqlite+aiosqlite:///path`` for one daemon, ``postgresql+asyncpg://user:password@host/name`` for several."""
    lease_ttl: Interval = 10.0
    """How long the tasks of a daemon that died stay with it before another takes them over."""


class Files(Section):
    """Images taken in, results and console output."""

    root: Annotated[Folder, Shown("`./data`; `/var/lib/orchestrator` as a service")] = Field(
        default_factory=default_root
    )
    """Folder for all that is kept."""
    import_roots: Annotated[tuple[Folder, ...], BeforeValidator(listed)] = ()
    """Folders from which ``file://`` images may come; none by default."""
    allow_private_addresses: Annotated[tuple[Network, ...], BeforeValidator(worded)] = ()
    """Networks that are not public and from which ``http(s)://`` images and imports may come all the same."""
    max_image_bytes: Size = 2_000_000_000
    """Largest single image that is fetched or uploaded."""
    keep_free_bytes: Size = 500_000_000
    """Room on the disk that uploads leave free: what does not fit beside it is refused."""
    max_unpacked_bytes: Size = 500_000_000_000
    """Largest results of one task, unpacked."""
    max_output_bytes: Size = 100_000_000
    """Console output that is kept of one run."""


class StaticToken(Entry):
    """An API token that is always there, as ``[[api.static_tokens]]``."""

    name: Annotated[str, AfterValidator(check_token_name)]
    """What its holder is called."""
    role: Literal["viewer", "operator", "admin"] = "operator"
    """What its holder may do."""
    token: Annotated[SecretStr, AfterValidator(check_token)]
    """The token: random, at least 32 characters."""


class Api(Section):
    """REST, health, metrics, and the socket for the command line."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8000
    """Port to listen on; 0 takes any that is free."""
    public_url: Annotated[str | None, AfterValidator(check_public_url)] = None
    """How nodes and people reach it from outside, if they do."""
    control_socket: Annotated[Folder, Shown("`<files.root>/control.sock`")] = DEFAULT_ROOT / "control.sock"
    """Unix socket through which the command line speaks with the daemon."""
    allowed_hosts: Annotated[tuple[Annotated[str, AfterValidator(check_host)], ...], BeforeValidator(worded)] = ()
    """Names under which it is reached, beside those of this machine, ``host`` and ``public_url``."""
    cors_origins: Annotated[tuple[Annotated[str, AfterValidator(check_origin)], ...], BeforeValidator(worded)] = ()
    """Origins whose pages may use the API from a browser."""
    trusted_proxies: Annotated[
        tuple[Network, ...], BeforeValidator(worded), Shown("`127.0.0.0/8`, `::1/128`"),
    ] = LOOPBACK  # fmt: skip
    """Networks of proxies whose ``X-Forwarded-For`` says who asks."""
    static_tokens: Annotated[tuple[StaticToken, ...], BeforeValidator(listed)] = ()
    """Tokens that are always there: ``[[api.static_tokens]]`` with ``name``, ``role`` and ``token``."""


class StaticNode(Entry):
    """A processing node that is always there, as ``[[nodes.static]]``."""

    url: Annotated[SecretUrl, AfterValidator(check_node_url)]
    """Its address, such as ``http://node-1:3000``."""
    token: SecretStr = SecretStr("")
    """What it was started with as ``--token``."""
    label: Annotated[str, Field(max_length=255)] = ""
    """What people call it; by default ``host:port``."""


class Nodes(Section):
    """Processing nodes: how they are watched, and how long they may take."""

    probe_interval: Interval = 10.0
    """Between two looks at a node's health."""
    poll_interval: Interval = 5.0
    """Between two looks at a job."""
    first_poll_interval: Interval = 1.0
    """Before the first look at a job; from there the interval grows to ``poll_interval``."""
    offline_after: Seconds = 30.0
    """How long a node is out of reach before it counts as offline."""
    node_lost_after: Seconds = 600.0
    """How long a node is away before its tasks go elsewhere."""
    connect_timeout: Interval = 5.0
    """For a connection to a node, TLS included."""
    answer_timeout: Interval = 30.0
    """For a node's answer to a short request."""
    transfer_idle_timeout: Interval = 60.0
    """For a transfer that does not move."""
    remove_collected_after: Seconds = 0.0
    """How long a job stays on its node after its results were collected; 0: for as long as the node keeps it."""
    static: Annotated[tuple[StaticNode, ...], BeforeValidator(listed)] = ()
    """Nodes that are always there: ``[[nodes.static]]`` with ``url``, ``token`` and ``label``."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.node_lost_after < self.offline_after:
            raise ValueError("node_lost_after must be at least offline_after: a node is offline before it is lost")
        return self


class Tasks(Section):
    """What tasks are allowed."""

    max_attempts: Count = 3
    """Jobs that are begun for one request before the task is FAILED."""
    progress_interval: Seconds = 2.0
    """Between two ``task.progressed`` events of one task."""
    draft_ttl: Interval = 86_400.0
    """How long a draft waits for more images before it is removed."""
    parallel_uploads: Count = 4
    """Tasks whose images are sent at the same time."""
    parallel_downloads: Count = 2
    """Tasks whose results are fetched at the same time."""
    upload_connections: Count = 4
    """Files of one task that are sent at the same time."""


class Events(Section):
    """Events that are kept for those who come late: over HTTP, and webhooks."""

    retention: Interval = 86_400.0
    """How long an event is kept."""
    max_stored: Count = 500_000
    """Events that are kept, however young they are."""


class StaticWebhook(Entry):
    """A program that is told of events by HTTP, as ``[[webhooks.static]]``."""

    url: Annotated[SecretUrl, AfterValidator(check_webhook_url)]
    """Where events are sent to."""
    secret: Annotated[SecretStr, AfterValidator(check_webhook_secret)]
    """What they are signed with: ``whsec_`` and 24 to 64 bytes in base64."""
    projects: Annotated[tuple[Count, ...], BeforeValidator(listed)] = ()
    tasks: Annotated[tuple[Count, ...], BeforeValidator(listed)] = ()
    types: Annotated[tuple[Annotated[str, AfterValidator(check_event_type)], ...], BeforeValidator(listed)] = ()


class Webhooks(Section):
    """Programs that are told of events by HTTP."""

    answer_timeout: Interval = 15.0
    """Within which an endpoint must answer."""
    max_attempts: Count = 12
    """How often an event is tried before it is put on the shelf."""
    retry_delay: Interval = 5.0
    """Before the second attempt; doubled with each, up to an hour."""
    give_up_after: Interval = 259_200.0
    """How long nothing was taken before a subscription is switched off."""
    max_behind: Count = 1_000_000
    """Events that are kept for a webhook that has not been offered them, beyond what is kept anyway."""
    allow_private_addresses: Annotated[tuple[Network, ...], BeforeValidator(worded)] = ()
    """Networks that may be reached although they are not public, such as ``10.0.0.0/8``."""
    static: Annotated[tuple[StaticWebhook, ...], BeforeValidator(listed), AfterValidator(check_webhook_urls)] = ()
    """Always there: ``[[webhooks.static]]``, ``url`` (each once), ``secret``, ``projects``, ``tasks``, ``types``."""


class Log(Section):
    """What is told on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is told."""
    format: Literal["auto", "json", "console"] = "auto"
    """``json`` for machines, ``console`` for people, ``auto`` by whether a terminal is there."""


class Settings(Section):
    """All settings. ``str`` and ``repr`` are safe to log."""

    bus: Bus = Bus()
    store: Store = Store()
    files: Files = Field(default_factory=Files)
    api: Api = Api()
    nodes: Nodes = Nodes()
    tasks: Tasks = Tasks()
    events: Events = Events()
    webhooks: Webhooks = Webhooks()
    log: Log = Log()

    @model_validator(mode="before")
    @classmethod
    def _below_root(cls, given: Any) -> Any:
        """Put the database and the socket below ``files.root`` unless they are said to be elsewhere."""
        if not isinstance(given, Mapping):
            return given
        root = _root_of(given.get("files"))
        derived = {
            "store": ("url", f"sqlite+aiosqlite:///{root}/orchestrator.db"),
            "api": ("control_socket", root / "control.sock"),
        }
        filled = dict(given)
        for section, (key, value) in derived.items():
            branch = given.get(section, {})
            if isinstance(branch, Mapping) and key not in branch:
                filled[section] = {**branch, key: value}
        return filled


def _root_of(files: object) -> Path:
    if isinstance(files, Files):
        return files.root
    given = files.get("root") if isinstance(files, Mapping) else None
    return expanded(Path(given)) if given and isinstance(given, str | Path) else default_root()
