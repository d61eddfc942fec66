"""``orchestrator token``: who may use the REST API, and as what."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import typer

from orchestrator.cli.command import command, group
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import UNUSABLE, CliError, NoDaemon
from orchestrator.cli.printing import AsJson, print_json, print_table, say

Json = dict[str, Any]
T = TypeVar("T")

TokenName = Annotated[str, typer.Argument(help="What its holder is called.", metavar="NAME")]


class RoleName(StrEnum):
    """What a holder may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


def add_to(cli: typer.Typer) -> None:
    """Add the group."""
    tokens = group("token", into=cli, help="API tokens: who may use the REST API.")
    command(tokens, "create")(create)
    command(tokens, "list")(show_all)
    command(tokens, "revoke")(revoke)


def create(
    daemon: Daemon,
    name: TokenName,
    *,
    role: Annotated[
        RoleName,
        typer.Option(help="viewer looks; operator also changes projects and tasks; admin may do everything."),
    ] = RoleName.OPERATOR,
    project: Annotated[list[int] | None, typer.Option(help="Keep it to this project; repeatable.", min=1)] = None,
    expires: Annotated[str | None, typer.Option(help='It expires after that long, such as "90 d".')] = None,
    json: AsJson = False,
) -> None:
    """Make an API token and print it, for the only time.

    A running daemon is asked. Without one, the store itself is written.
    """
    asked = {"name": name, "role": role.value, "projects": project or None, "lifetime": _seconds(expires)}
    asked_daemon = True
    try:
        made = daemon.control.post("/tokens", asked)
    except NoDaemon:
        made, asked_daemon = _alone(daemon, lambda desk: _create(desk, asked)), False
    if json:
        print_json(made)
        return
    where = "" if asked_daemon else f" No daemon answers; it was written to {daemon.settings.store.url}."
    typer.echo(f"The token {name} ({role.value}) is shown only now; keep it well.{where}", err=True)
    say(made["token"])


def show_all(daemon: Daemon, *, json: AsJson = False) -> None:
    """List API tokens, by name, without their secrets."""
    try:
        found = daemon.control.get("/tokens")
    except NoDaemon:
        found = _alone(daemon, _list)
    if json:
        print_json(found)
        return
    rows = [
        (
            it["name"], it["role"], "all" if it["projects"] is None else ", ".join(map(str, it["projects"])),
            "settings" if it["static"] else _time(it["created_at"]), _time(it["expires_at"]), _time(it["last_used_at"]),
        )
        for it in found
    ]  # fmt: skip
    print_table(("NAME", "ROLE", "PROJECTS", "CREATED", "EXPIRES", "LAST USED"), rows)


def revoke(daemon: Daemon, name: TokenName, *, json: AsJson = False) -> None:
    """Revoke an API token at once, with all sessions that were begun with it."""
    try:
        gone = daemon.control.post(f"/tokens/{quote(name, safe='')}/revoke", {})
    except NoDaemon:
        gone = _alone(daemon, lambda desk: _revoke(desk, name))
    print_json(gone) if json else say(f"The token {name} is worth nothing any more.")


def _alone(daemon: Daemon, work: Callable[[Any], Awaitable[T]]) -> T:
    """Do it on the store itself."""
    import asyncio

    from orchestrator.app import token_desk
    from orchestrator.domain.errors import TokenRefused
    from orchestrator.telemetry import logging

    logging.configure(level="warning", style="auto")

    async def run() -> T:
        async with token_desk(daemon.own_settings()) as desk:
            return await work(desk)

    try:
        return asyncio.run(run())
    except TokenRefused as error:
        raise CliError(str(error)) from None


async def _create(desk: Any, asked: Json) -> Json:
    from orchestrator.contract.token_views import public_token
    from orchestrator.domain.access import Role

    role = Role[asked["role"].upper()]
    token, secret = await desk.create(asked["name"], role=role, projects=asked["projects"], lifetime=asked["lifetime"])
    return {**public_token(token), "token": secret}


async def _list(desk: Any) -> list[Json]:
    from orchestrator.contract.token_views import public_token

    return [public_token(token) for token in await desk.every()]


async def _revoke(desk: Any, name: str) -> Json:
    await desk.revoke(name)
    return {"revoked": name}


def _seconds(text: str | None) -> float | None:
    from orchestrator.settings.kinds import Wanted, seconds

    try:
        return None if text is None else seconds(text)
    except Wanted as wanted:
        raise CliError(f"--expires must be {wanted}.", code=UNUSABLE) from None


def _time(text: str | None) -> str:
    return f"{text[:16]}Z" if text else "-"
