"""``orchestrator events`` and ``send``: the bus as it is, for people who look into it."""

import json as jsons
import sys
from typing import Annotated, Any

import typer

from orchestrator.cli.command import command
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import UNUSABLE, CliError
from orchestrator.cli.printing import AsJson, print_json, print_json_line, say
from orchestrator.cli.words import status_name


def add_to(cli: typer.Typer) -> None:
    """Add the commands."""
    command(cli, "events")(events)
    command(cli, "send")(send)


def events(
    daemon: Daemon,
    pattern: Annotated[str, typer.Argument(help="Of routing keys, e.g. 'task.status-changed.failed.#'.")] = "#",
    *,
    replay: Annotated[bool, typer.Option("--replay", help="From the first event that RabbitMQ still keeps.")] = False,
    json: AsJson = False,
) -> None:
    """Follow events as they happen."""
    with daemon.events(pattern, replay=replay) as following:
        for event in following:
            if json:
                print_json_line(event)
            else:
                say(_line(event))


def send(
    daemon: Daemon,
    name: Annotated[str, typer.Argument(help="The command, e.g. create-task.")],
    body: Annotated[str, typer.Argument(help="Its body in JSON; - reads it from standard input.")] = "-",
    *,
    message_id: Annotated[str | None, typer.Option(help="Sent again under the same id, nothing happens twice.")] = None,
) -> None:
    """Send any command and print the answer, in JSON; exit code 1 if it was rejected."""
    text = sys.stdin.buffer.read() if body == "-" else body.encode("utf-8", "surrogateescape")
    try:
        jsons.loads(text)
    except ValueError as error:
        raise CliError(f"The body is not JSON: {error}.", code=UNUSABLE) from None
    answer = daemon.send(name, text, message_id=message_id)
    print_json(answer)
    if not answer.get("ok"):
        raise typer.Exit(1)


def _line(event: dict[str, Any]) -> str:
    data = event.get("data", {})
    task, node = data.get("task"), data.get("processing_node")
    state = status_name(task["status"]) if task else node["health"] if node else ""
    return f"{event['time'][:19]}Z  {event['type']}  {event['subject']}  {state}  {data.get('reason', '')}"
