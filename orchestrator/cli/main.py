"""The command ``orchestrator``: every command by name. What a command needs is loaded only when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator import __version__
from orchestrator.cli import (
    adopting,
    dead_letters,
    doctor,
    messages,
    nodes,
    projects,
    serving,
    simulating,
    tasks,
    tokens,
)
from orchestrator.cli.command import Globals

cli = typer.Typer(
    name="orchestrator",
    help="Takes drone-imagery tasks from “process these images” to “here are the maps”.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

serving.add_to(cli)
tasks.add_to(cli)
projects.add_to(cli)
nodes.add_to(cli)
messages.add_to(cli)
dead_letters.add_to(cli)
adopting.add_to(cli)
doctor.add_to(cli)
tokens.add_to(cli)
simulating.add_to(cli)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@cli.callback()
def remember(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).", show_default=False)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Remember what was said before the command's name."""
    ctx.obj = Globals(config=config, debug=debug)
