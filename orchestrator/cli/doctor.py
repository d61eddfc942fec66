"""``orchestrator doctor``: what is wrong with store, outbox, jobs and files, and what mends it."""

from typing import Annotated, Any, Final

import typer

from orchestrator.cli.command import command
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import NoDaemon
from orchestrator.cli.printing import AsJson, print_json, say

Json = dict[str, Any]

PATIENCE: Final = 300.0
"""Seconds for a check-up; the daemon's own deadline is 280."""


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    command(cli, "doctor")(doctor)


def doctor(
    daemon: Daemon,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    json: AsJson = False,
) -> None:
    """Check store, outbox, jobs and files; exit code 1 if something is wrong.

    A running daemon is asked. Without one, the store and the files are looked at, and the nodes are not.
    """
    try:
        found = _asked(daemon, fix=fix)
    except NoDaemon:
        found = _alone(daemon, fix=fix)
    print_json(found) if json else _tell(found)
    if not found["well"]:
        raise typer.Exit(1)


def _asked(daemon: Daemon, *, fix: bool) -> Json:
    if fix:
        found: Json = daemon.control.post("/doctor", {}, patience=PATIENCE)
    else:
        found = daemon.control.get("/doctor", patience=PATIENCE)
    return found


def _alone(daemon: Daemon, *, fix: bool) -> Json:
    import asyncio

    from orchestrator.app import examine
    from orchestrator.contract.doctor_views import public_checkup

    return public_checkup(asyncio.run(examine(daemon.own_settings(), fix=fix)))


def _tell(found: Json) -> None:
    for it in found["findings"]:
        say(f"{it['part']}: {it['what']}")
        say("  Mended." if it["mended"] else f"  {it['mend']}")
    for note in found["notes"]:
        say(note)
    left = sum(not it["mended"] for it in found["findings"])
    say("All is well." if not left else "1 thing is wrong." if left == 1 else f"{left:,} things are wrong.")
