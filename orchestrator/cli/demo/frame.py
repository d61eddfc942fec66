"""One frame of the display: tasks above, events below, in columns that never move."""

from collections.abc import Sequence
from typing import Final

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.reading import Entry, Json, reason_of, share_of, state_of, word_of

STYLES: Final = {
    "waiting": "yellow",
    "uploading": "cyan",
    "QUEUED": "blue",
    "RUNNING": "bright_blue",
    "collecting": "magenta",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELED": "yellow",
    "removing": "bright_black",
    "removed": "bright_black",
    "online": "green",
    "offline": "red",
}
"""By state of a task or a node."""

LOG_LINES: Final = 12
TASKS: Final = 6
WIDE: Final = 100
BESIDES: Final = 7
"""Lines of a frame that are neither task nor event: title, headings, borders."""


def frame(follower: Follower, *, title: str, said: str, width: int, height: int) -> RenderableType:
    """Draw how things stand, within ``height`` lines if there are twenty or so."""
    lines = max(1, min(LOG_LINES, height - BESIDES - TASKS))
    heading = Text(f" {title}", style="bold", no_wrap=True, overflow="ellipsis")
    return Group(heading, _tasks(follower, said, width=width), _events(follower, lines=lines, width=width))


def style_of(state: str) -> str:
    """Give the colour of a state."""
    return STYLES.get(state, "")


def _tasks(follower: Follower, said: str, *, width: int) -> Panel:
    bar = 20 if width >= WIDE else 10
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="bright_black")
    for heading, columns in (("Id", 2), ("Task", 8), ("State", 10), ("Try", 3), ("Node", 5), ("Progress", bar + 5)):
        table.add_column(heading, width=columns, no_wrap=True, justify="right" if heading in {"Id", "Try"} else "left")
    table.add_column("Why", ratio=1, no_wrap=True, overflow="ellipsis")
    tasks = [follower.tasks[id_] for id_ in sorted(follower.tasks)]
    for task in tasks:
        table.add_row(*_row(task, bar=bar, is_stuck=_is_stuck(task, follower)))
    for _ in range(TASKS - len(tasks)):
        table.add_row("")
    caption = Text(said, style="bold default", no_wrap=True, overflow="ellipsis")
    return Panel(
        table, box=ROUNDED, title=caption, title_align="left", subtitle=_nodes(follower), subtitle_align="right",
        border_style="bright_black", padding=(0, 1), width=width,
    )  # fmt: skip


def _row(task: Json, *, bar: int, is_stuck: bool) -> Sequence[RenderableType]:
    state = state_of(task)
    style = style_of(state)
    quiet = "bright_black" if state == "removed" else ""
    # A task that waits again still names the node it was on; it may well go to another.
    node = "" if state == "waiting" and task["auto_processing_node"] else task["processing_node_name"]
    return (
        Text(str(task["id"]), quiet),
        Text(task["name"], quiet or "bold"),
        Text(state, style),
        Text(str(task["attempt"]), quiet),
        Text(node or "", quiet),
        _bar(task, style=style, width=bar) if state != "removed" else "",
        Text(reason_of(task), "yellow" if is_stuck else quiet),
    )


def _is_stuck(task: Json, follower: Follower) -> bool:
    """Whether the node that has the task is away."""
    node = follower.nodes.get(task["processing_node"])
    return task["stage"] in {"uploading", "processing", "collecting"} and node is not None and not node["online"]


def _bar(task: Json, *, style: str, width: int) -> RenderableType:
    share = share_of(task)
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=width)
    row.add_column(width=4, justify="right")
    bar = ProgressBar(
        total=1.0, completed=share, width=width, style="grey23", complete_style=style, finished_style=style
    )
    row.add_row(bar, Text(f"{share:.0%}" if share else "", style))
    return row


def _nodes(follower: Follower) -> Text:
    told = Text()
    for node in follower.nodes.values():
        word = word_of(node)
        told.append(f" {'●' if node['online'] else '○'} {node['label']} {word} ", style_of(word))
    return told


def _events(follower: Follower, *, lines: int, width: int) -> Panel:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=8)
    table.add_column(width=41 if width >= WIDE else 34, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    shown: list[Entry | None] = [*list(follower.log)[-lines:]]
    for entry in shown + [None] * (lines - len(shown)):
        table.add_row(*(_line(entry) if entry else ("",)))
    title = f"{follower.seen} events" + (f", {follower.progress} of them mere progress" if follower.progress else "")
    return Panel(
        table, box=ROUNDED, title=Text(title, style="bright_black"), title_align="left",
        border_style="bright_black", padding=(0, 1), width=width,
    )  # fmt: skip


def _line(entry: Entry) -> Sequence[RenderableType]:
    return Text(entry.time, "bright_black"), Text(entry.key, "cyan"), Text(entry.what, style_of(entry.state))
