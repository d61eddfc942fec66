"""``orchestrator task create``, ``commit``, ``update``, ``cancel``, ``restart``, ``remove``: what changes tasks."""

from typing import Annotated, Any, NoReturn

import typer

from orchestrator.cli.command import command
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import CliError
from orchestrator.cli.printing import AsJson, print_json, say
from orchestrator.cli.task_reading import TaskKey
from orchestrator.cli.words import given, options, status_name, task_key, uri, uris

IMAGES_HELP = "Files, folders, patterns (in quotes) or http(s) addresses."

Images = Annotated[list[str] | None, typer.Argument(help=IMAGES_HELP, metavar="IMAGES...")]
Keys = Annotated[list[str], typer.Argument(help="Ids or references.", metavar="TASK...")]
Options = Annotated[
    list[str] | None, typer.Option("--option", "-o", help="For the processing engine, e.g. dsm=true; repeatable.")
]
Name = Annotated[str | None, typer.Option(help="What people call it.")]
Project = Annotated[int | None, typer.Option(help="Its project's id.", min=1)]
Node = Annotated[int | None, typer.Option(help="Id of the processing node to use; without it one is chosen.", min=1)]
Auto = Annotated[bool | None, typer.Option("--auto/--no-auto", help="Choose a processing node for it.")]
Priority = Annotated[int | None, typer.Option(help="0 to 9; 9 goes first.", min=0, max=9)]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")]

Wait = Annotated[bool, typer.Option("--wait", help="Watch it to its end; the exit code tells how it ended.")]


def add_to(tasks: typer.Typer) -> None:
    """Add the commands."""
    command(tasks, "create")(create)
    command(tasks, "commit")(commit)
    command(tasks, "update")(update)
    command(tasks, "cancel")(cancel)
    command(tasks, "restart")(restart)
    command(tasks, "remove")(remove)


def create(
    daemon: Daemon,
    images: Images = None,
    *,
    name: Name = None,
    project: Project = None,
    option: Options = None,
    node: Node = None,
    auto: Auto = None,
    priority: Priority = None,
    reference: Annotated[str | None, typer.Option(help="Your own unique key for it.")] = None,
    gcp: Annotated[str | None, typer.Option(help="A ground control point file.")] = None,
    resize_to: Annotated[int | None, typer.Option(help="Longest side of images in pixels.", min=1)] = None,
    tag: Tags = None,
    partial: Annotated[bool, typer.Option("--partial", help="More images, and then commit, will follow.")] = False,
    wait: Wait = False,
    message_id: Annotated[str | None, typer.Option(help="Sent again under the same id, nothing happens twice.")] = None,
    json: AsJson = False,
) -> None:
    """Create a task."""
    body = given(
        images=uris(images or []),
        name=name,
        project=project,
        options=options(option or []),
        processing_node=node,
        auto_processing_node=auto,
        priority=priority,
        reference=reference,
        ground_control_points=gcp and uri(gcp),
        resize_to=resize_to,
        tags=tag,
        partial=partial or None,
    )
    task = daemon.settle("create-task", body, message_id=message_id)["task"]
    if wait:
        _watch(daemon, task, json=json)
    else:
        _show(task, json=json)


def commit(daemon: Daemon, task: TaskKey, images: Images = None, *, json: AsJson = False) -> None:
    """Say that a draft's images are complete; give the last of them."""
    _show(daemon.settle("commit-task", task_key(task) | given(images=uris(images or [])))["task"], json=json)


def update(
    daemon: Daemon,
    task: TaskKey,
    *,
    name: Name = None,
    project: Project = None,
    option: Options = None,
    node: Node = None,
    auto: Auto = None,
    priority: Priority = None,
    tag: Tags = None,
    json: AsJson = False,
) -> None:
    """Change a task; new options hold from its next attempt on, in place of all its old ones."""
    body = task_key(task) | given(
        name=name,
        project=project,
        options=options(option or []),
        processing_node=node,
        auto_processing_node=auto,
        priority=priority,
        tags=tag,
    )
    _show(daemon.settle("update-task", body)["task"], json=json)


def cancel(daemon: Daemon, tasks: Keys, *, json: AsJson = False) -> None:
    """Stop tasks, wherever they are."""
    _act(daemon, tasks, "CANCEL", json=json)


def restart(daemon: Daemon, tasks: Keys, *, json: AsJson = False) -> None:
    """Start tasks over."""
    _act(daemon, tasks, "RESTART", json=json)


def remove(daemon: Daemon, tasks: Keys, *, json: AsJson = False) -> None:
    """Remove tasks with all that is kept of them."""
    _act(daemon, tasks, "REMOVE", json=json)


def _act(daemon: Daemon, keys: list[str], action: str, *, json: bool) -> None:
    changed: list[dict[str, Any]] = []
    refused: list[str] = []
    for key in keys:
        try:
            changed.append(daemon.settle("set-pending-action", task_key(key) | {"pending_action": action})["task"])
        except CliError as error:
            if error.exit_code != 1:
                raise
            refused += error.lines
    if json:
        print_json(changed)
    else:
        for task in changed:
            _show(task, json=False)
    if refused:
        raise CliError(*refused)


def _watch(daemon: Daemon, task: dict[str, Any], *, json: bool) -> NoReturn:
    from orchestrator.cli.watching import watch

    ended = watch(daemon, [task], quiet=json)
    if json:
        print_json(ended.tasks[0])
    raise typer.Exit(ended.exit_code)


def _show(task: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(task)
        return
    name = f" {task['name']}" if task["name"] else ""
    say(f"Task {task['id']}{name}: {status_name(task['status'])}, {task['stage']} ({task['reason']}).")
