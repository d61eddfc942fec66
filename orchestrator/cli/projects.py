"""``orchestrator project``: projects."""

from typing import Annotated

import typer

from orchestrator.cli.command import command, group
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.printing import AsJson, print_json, print_table, say
from orchestrator.cli.words import given

ProjectId = Annotated[int, typer.Argument(help="The project's id.", metavar="PROJECT", min=1)]


def add_to(cli: typer.Typer) -> None:
    """Add the group."""
    projects = group("project", into=cli, help="Projects.")
    command(projects, "create")(create)
    command(projects, "list")(show)
    command(projects, "update")(update)
    command(projects, "delete")(delete)


def create(
    daemon: Daemon,
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    description: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    json: AsJson = False,
) -> None:
    """Create a project."""
    project = daemon.settle("create-project", given(name=name, description=description))["project"]
    print_json(project) if json else say(f"Project {project['id']} is {project['name']}.")


def show(daemon: Daemon, *, json: AsJson = False) -> None:
    """List the projects."""
    projects = daemon.control.get("/projects")
    if json:
        print_json(projects)
        return
    rows = [(it["id"], it["name"], it["description"], it["created_at"]) for it in projects]
    print_table(("ID", "NAME", "DESCRIPTION", "CREATED"), rows)


def update(
    daemon: Daemon,
    project: ProjectId,
    *,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    json: AsJson = False,
) -> None:
    """Rename or describe a project."""
    changed = daemon.settle("update-project", given(project=project, name=name, description=description))["project"]
    print_json(changed) if json else say(f"Project {project} is {changed['name']}.")


def delete(daemon: Daemon, project: ProjectId, *, json: AsJson = False) -> None:
    """Remove a project with all its tasks, their results included."""
    answer = daemon.settle("delete-project", {"project": project})
    print_json(answer["project"]) if json else say(f"Project {project} is being removed with its tasks.")
