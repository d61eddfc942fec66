"""``orchestrator node``: processing nodes."""

from typing import Annotated

import typer

from orchestrator.cli.command import command, group
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.printing import AsJson, print_json, print_table, say
from orchestrator.cli.words import given

NodeId = Annotated[int, typer.Argument(help="The node's id.", metavar="NODE", min=1)]
Token = Annotated[
    str | None, typer.Option("--token", help="What it was started with as --token.", envvar="ORCHESTRATOR_NODE_TOKEN")
]
Label = Annotated[str | None, typer.Option(help="What people call it.")]


def add_to(cli: typer.Typer) -> None:
    """Add the group."""
    nodes = group("node", into=cli, help="Processing nodes.")
    command(nodes, "add")(add)
    command(nodes, "list")(show)
    command(nodes, "update")(update)
    command(nodes, "remove")(remove)


def add(
    daemon: Daemon,
    url: Annotated[str, typer.Argument(help="Its address: http://node-1:3000, or node-1:3000.")],
    *,
    token: Token = None,
    label: Label = None,
    json: AsJson = False,
) -> None:
    """Add a processing node."""
    answer = daemon.settle("add-processing-node", given(url=_address(url), token=token, label=label))
    node = answer["processing_node"]
    print_json(node) if json else say(f"Node {node['id']} is {node['url']}.")


def show(daemon: Daemon, *, json: AsJson = False) -> None:
    """List the processing nodes."""
    nodes = daemon.control.get("/processing-nodes")
    if json:
        print_json(nodes)
        return
    columns = ("ID", "NODE", "LABEL", "HEALTH", "ENGINE", "QUEUE", "MAX IMAGES", "PROBLEM")
    rows = [
        (
            it["id"], it["url"], it["label"], it["health"],
            _engine(it), it["queue_count"], it["max_images"], it["problem"],
        )
        for it in nodes
    ]  # fmt: skip
    print_table(columns, rows)


def update(
    daemon: Daemon,
    node: NodeId,
    *,
    url: Annotated[str | None, typer.Option(help="Its new address.")] = None,
    token: Token = None,
    label: Label = None,
    json: AsJson = False,
) -> None:
    """Change a processing node's address, token or label."""
    body = given(processing_node=node, url=url and _address(url), token=token, label=label)
    changed = daemon.settle("update-processing-node", body)["processing_node"]
    print_json(changed) if json else say(f"Node {node} is {changed['url']}.")


def remove(
    daemon: Daemon,
    node: NodeId,
    *,
    force: Annotated[bool, typer.Option("--force", help="Even while it has live jobs.")] = False,
    json: AsJson = False,
) -> None:
    """Remove a processing node."""
    body = given(processing_node=node, force=force or None)
    answer = daemon.settle("remove-processing-node", body)
    print_json(answer["processing_node"]) if json else say(f"Node {node} was removed.")


def _address(text: str) -> str:
    return text if "://" in text else f"http://{text}"


def _engine(node: dict[str, str | None]) -> str:
    return f"{node['engine'] or ''} {node['engine_version'] or ''}".strip()
