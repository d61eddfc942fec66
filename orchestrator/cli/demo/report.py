"""The end of the demo: how each task ended and why, where its maps are, and how to go on."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.frame import style_of
from orchestrator.cli.demo.reading import Json, state_of
from orchestrator.cli.demo.verdict import ORTHOPHOTO, assets_of

LOG: Final = "daemon.log"


def report(follower: Follower, *, folder: Path, shown: str, wrong: list[str]) -> RenderableType:
    """Draw it. ``shown`` stands for the folder's path."""
    parts: list[RenderableType] = [_table(follower), *_assets(follower, folder, shown), Text(), _events(follower)]
    parts += [Text(sentence, "red") for sentence in wrong]
    return Group(*parts, Text(f"All is kept in {shown}. Go on with: orchestrator serve"))


def _table(follower: Follower) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("Id", "Task", "Status", "Try", "Node", "Time"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in {"Id", "Try", "Time"} else "left")
    table.add_column("Why", overflow="fold")
    for id_, task in sorted(follower.tasks.items()):
        state = state_of(task)
        table.add_row(
            str(id_), Text(task["name"]), Text(state, style_of(state)), str(task["attempt"]),
            task["processing_node_name"] or "", _time(task), _why(task, follower.notes.get(id_)),
        )  # fmt: skip
    return table


def _why(task: Json, note: str | None) -> Text:
    """Say why a task ended so; of a good end in a later attempt, why there was one."""
    if note and state_of(task) == "COMPLETED":
        return Text(note, no_wrap=True, overflow="ellipsis")
    return Text(task["reason"])


def _time(task: Json) -> str:
    begun, ended = (datetime.fromisoformat(task[key]) for key in ("created_at", "updated_at"))
    return f"{(ended - begun).total_seconds():.1f} s"


def _assets(follower: Follower, folder: Path, shown: str) -> Iterator[Text]:
    yield Text(f"Assets, below {shown}")
    for _, task in sorted(follower.tasks.items()):
        if state_of(task) == "COMPLETED":
            path = assets_of(folder, task).relative_to(folder) / ORTHOPHOTO
            more = f"and {len(task['available_assets']) - 1} more"
            yield Text(f"  {path}  {more}, {task['size']:.1f} MB")


def _events(follower: Follower) -> Text:
    count = f"{follower.seen} events of {follower.subjects} tasks and nodes"
    if follower.gaps:
        return Text(f"{count}, and {len(follower.gaps)} gaps in their sequences.", "red")
    return Text(f"{count}, every sequence without a gap.")
