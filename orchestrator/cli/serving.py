"""``orchestrator serve``, ``migrate``, ``backup``, ``check-config``, ``contract``: daemon and settings."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.command import Config, command
from orchestrator.cli.printing import AsJson, print_json, say

BusUrl = Annotated[str | None, typer.Option(help="bus.url: memory://, amqp:// or amqps://.")]
StoreUrl = Annotated[str | None, typer.Option(help="store.url.")]
Root = Annotated[Path | None, typer.Option(help="files.root: folder for all that is kept.")]
Host = Annotated[str | None, typer.Option(help="api.host: address to listen on.")]
Port = Annotated[int | None, typer.Option(help="api.port: port to listen on.")]
ImportRoots = Annotated[
    list[Path] | None, typer.Option("--import-root", help="files.import_roots: images may come from here; repeatable.")
]
LogLevel = Annotated[str | None, typer.Option(help="log.level: debug, info, warning or error.")]
LogFormat = Annotated[str | None, typer.Option(help="log.format: auto, json or console.")]


def add_to(cli: typer.Typer) -> None:
    """Add the commands."""
    command(cli, "serve")(serve)
    command(cli, "check-config")(check_config)
    command(cli, "migrate")(migrate)
    command(cli, "backup")(backup)
    command(cli, "contract")(contract)


def serve(
    *,
    config: Config = None,
    bus_url: BusUrl = None,
    store_url: StoreUrl = None,
    root: Root = None,
    import_root: ImportRoots = None,
    host: Host = None,
    port: Port = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run the daemon until it is told to stop (SIGTERM or Ctrl-C); a second signal stops it at once."""
    from orchestrator.settings import load

    settings = load(
        config,
        {
            "bus": {"url": bus_url},
            "store": {"url": store_url},
            "files": {"root": root, "import_roots": [it.absolute() for it in import_root] if import_root else None},
            "api": {"host": host, "port": port},
            "log": {"level": log_level, "format": log_format},
        },
    )
    from orchestrator.service import serve as run_daemon

    code = run_on_fast_loop(run_daemon(settings))
    if code:
        raise typer.Exit(code)


def check_config(*, config: Config = None, root: Root = None, json: AsJson = False) -> None:
    """Print the settings in force, secrets masked; or what is wrong with them (exit code 2)."""
    from orchestrator.cli.effective import as_json, as_toml
    from orchestrator.settings import find_config, load

    settings = load(config, {"files": {"root": root}})
    if json:
        print_json(as_json(settings))
        return
    file = find_config(config)
    say(f"# From {file.absolute() if file else 'no file'}, the environment and flags.")
    for line in as_toml(settings):
        say(line)


def migrate(*, config: Config = None, store_url: StoreUrl = None, root: Root = None) -> None:
    """Bring the database to this version; daemons on PostgreSQL wait for it."""
    import asyncio

    from orchestrator.settings import load
    from orchestrator.store import upgrade

    settings = load(config, {"store": {"url": store_url}, "files": {"root": root}})
    revision = asyncio.run(upgrade(settings.store.url.get_secret_value()))
    say(f"The database is at revision {revision}.")


def backup(
    target: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    *,
    config: Config = None,
    root: Root = None,
) -> None:
    """Copy a SQLite store, whole and checked, while the daemon works on it."""
    import asyncio

    from orchestrator.cli.errors import CliError
    from orchestrator.settings import load
    from orchestrator.store.backup import backup as copy

    settings = load(config, {"files": {"root": root}}, secrets_needed=False)
    scheme, _, path = settings.store.url.get_secret_value().partition(":///")
    if not scheme.startswith("sqlite"):
        raise CliError("Only a SQLite store is copied this way; PostgreSQL has pg_dump.")
    size = asyncio.run(copy(Path(path), target))
    say(f"{target} has the whole store, {size / 1e6:.1f} MB, checked.")


def contract(config: Config = None) -> None:
    """Print the AsyncAPI 3 document of commands, answers and events."""
    from orchestrator.contract.asyncapi import document
    from orchestrator.contract.topology import Topology
    from orchestrator.settings import load

    settings = load(config, secrets_needed=False)
    print_json(document(Topology(prefix=settings.bus.prefix)))


def run_on_fast_loop(main: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where there is one: it takes a quarter off the CPU time of bus and HTTP."""
    import asyncio

    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
