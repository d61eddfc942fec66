"""``orchestrator adopt``: jobs on the nodes that are ours by their names, although the store knows nothing of them."""

from typing import Annotated, Any

import typer

from orchestrator.cli.command import command
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import CliError
from orchestrator.cli.printing import AsJson, print_json, print_table, say
from orchestrator.cli.words import STATUSES

Json = dict[str, Any]

MOST_AT_ONCE = 500
"""Jobs in one request, so that each request is answered soon."""

Nodes = Annotated[
    list[str] | None, typer.Option("--node", help="Only jobs on this node, by id or name; repeatable.", metavar="NODE")
]
Tasks = Annotated[list[int] | None, typer.Option("--task", help="Only the job of this task; repeatable.", min=1)]


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    command(cli, "adopt")(adopt)


def adopt(
    daemon: Daemon,
    *,
    nodes: Nodes = None,
    tasks: Tasks = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Take back tasks whose jobs are on the nodes, but which the store does not know (any more).

    Jobs are recognised by their names alone: where several orchestrators share a node, look at the list first, and
    narrow it by --node and --task. With --json nothing is taken unless --yes is given, too.
    """
    seen = daemon.control.get("/adoption")
    chosen = [it for it in seen["found"] if _is_wanted(it, nodes=nodes, tasks=tasks)]
    if json and not yes:
        print_json({"found": chosen, "unseen": seen["unseen"]})
        return
    if not json:
        _show(chosen, seen["unseen"])
    if chosen and not yes and not typer.confirm(f"Adopt {_counted(len(chosen), 'task')}?"):
        raise CliError("Nothing was adopted.")
    adopted = _take(daemon, chosen)
    print_json({"adopted": adopted, "unseen": seen["unseen"]}) if json else _tell(adopted, asked=len(chosen))


def _is_wanted(found: Json, *, nodes: list[str] | None, tasks: list[int] | None) -> bool:
    node = {str(found["processing_node"]), found["processing_node_name"]}
    return (not nodes or bool(node.intersection(nodes))) and (not tasks or found["task"] in tasks)


def _show(found: list[Json], unseen: list[Json]) -> None:
    for it in unseen:
        say(f"{it['processing_node_name']} could not be looked through: {it['reason'].rstrip('.')}.")
    if not found:
        say("There is nothing to adopt.")
        return
    rows = []
    for latest in found:
        rows += [_row(latest, "adopted"), *(_row(job, "removed: an earlier attempt") for job in latest["older"])]
    print_table(("NODE", "TASK", "ATTEMPT", "NAME", "STATUS", "UUID", "WILL BE"), rows)


def _row(job: Json, outcome: str) -> tuple[object, ...]:
    return (
        job["processing_node_name"], job["task"], job["attempt"], job["name"], STATUSES[job["status"]], job["uuid"],
        outcome,
    )  # fmt: skip


def _take(daemon: Daemon, chosen: list[Json]) -> list[Json]:
    adopted: list[Json] = []
    for at in range(0, len(chosen), MOST_AT_ONCE):
        part = chosen[at : at + MOST_AT_ONCE]
        uuids = [job["uuid"] for latest in part for job in (latest, *latest["older"])]
        adopted += daemon.control.post("/adoption", {"uuids": uuids})["adopted"]
    return adopted


def _tell(adopted: list[Json], *, asked: int) -> None:
    for it in adopted:
        if it["task"]["id"] != it["was"]:
            say(f"Task {it['was']} is task {it['task']['id']} now: there is a task {it['was']} already.")
    if asked:
        say(f"{_counted(len(adopted), 'task')} adopted.")
    if len(adopted) < asked:
        say(f"{_counted(asked - len(adopted), 'job')} had gone or become known meanwhile.")


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
