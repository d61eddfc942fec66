"""Declares commands: each may name its settings file and root, and none ends in a traceback."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import reported

P = ParamSpec("P")
T = TypeVar("T")

Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML).", show_default=False)]
Root = Annotated[Path | None, typer.Option("--root", help="The daemon's files.root.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Globals:
    """What was said before the command's name."""

    config: Path | None = None
    debug: bool = False


def command(group: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function as a command. A parameter ``daemon`` stands for ``--config`` and ``--root``."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = [it for it in signature.parameters.values() if it.name != "daemon"]
        is_client = len(own) != len(signature.parameters)
        added = [_context()] + ([_option("config", Config), _option("root", Root)] if is_client else [])

        def run(ctx: typer.Context, **given: Any) -> None:
            said: Globals = ctx.obj or Globals()
            with reported(debug=said.debug):
                if "config" in given:
                    given["config"] = given["config"] or said.config
                if is_client:
                    config, root = given.pop("config"), given.pop("root")
                    given["daemon"] = Daemon(config=config, root=root)
                function(**given)

        keyword = [it.replace(kind=inspect.Parameter.KEYWORD_ONLY) for it in (*own, *added[1:])]
        run.__signature__ = inspect.Signature([added[0], *keyword])  # type: ignore[attr-defined]
        run.__annotations__ = {it.name: it.annotation for it in (added[0], *keyword)}
        group.command(name, help=inspect.cleandoc(function.__doc__ or ""))(run)
        return function

    return register


def group(name: str, *, into: typer.Typer, help: str) -> typer.Typer:  # noqa: A002  (typer's name)
    """Add a group of commands."""
    made = typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
    into.add_typer(made, name=name)
    return made


def _context() -> inspect.Parameter:
    return inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def _option(name: str, kind: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
