"""A task on its way, and what is asked for meanwhile."""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import replace

from tests.crashes.scene import Scene
from tests.crashes.story import Story, around


async def complete(scene: Scene) -> None:
    """A task is created, and its results come."""
    await scene.add_node(slow_upload=200_000, slow_download=500_000, result_bytes=200_000)
    await scene.arm()
    await scene.create(resize_to=96)
    await scene.until_task(status=40)


async def cancel_while_it_runs(scene: Scene) -> None:
    """A running job is canceled, and goes from its node."""
    await scene.add_node(seconds=120)
    await scene.create()
    await scene.until_task(status=20)
    await scene.arm()
    await scene.act("CANCEL")
    await scene.until_task(status=50)


async def cancel_while_it_uploads(scene: Scene) -> None:
    """A task is canceled in the middle of a file."""
    node = await scene.add_node(slow_upload=20_000)
    await scene.create(images=40)
    await node.wait_for("upload-started")
    await scene.arm(by=signal.SIGTERM)
    await scene.act("CANCEL")
    await scene.until_task(status=50)


async def restart_where_it_is(scene: Scene) -> None:
    """A completed task is run again on its node."""
    await scene.add_node()
    await scene.create()
    await scene.until_task(status=40)
    await scene.arm()
    await scene.act("RESTART")
    await scene.until_task(status=40, attempt=2)


async def restart_unheard(scene: Scene) -> None:
    """The same, but a daemon that died is back only after the second run has ended."""
    await scene.add_node()
    await scene.create()
    await scene.until_task(status=40)
    await scene.arm()
    scene.hold = asyncio.Event()
    await scene.act("RESTART")
    await scene.node.wait_for("ended", times=2, timeout=30)
    scene.hold.set()
    await scene.until_task(status=40, attempt=2)


async def restart_while_it_runs(scene: Scene) -> None:
    """A running task is begun anew."""
    node = await scene.add_node(seconds=120)
    await scene.create()
    await scene.until_task(status=20)
    engine = node._life.engine
    engine._options = replace(engine._options, seconds=0.8)
    await scene.arm()
    await scene.act("RESTART")
    await scene.until_task(status=40, attempt=2)


async def remove_where_it_rests(scene: Scene) -> None:
    """A completed task is removed with all that there is of it."""
    await scene.add_node()
    await scene.create()
    await scene.until_task(status=40)
    await scene.arm()
    await scene.act("REMOVE")
    await scene.until(lambda: any(event["type"] == "task.removed" for event in scene.of_task()), what="removed")


async def remove_while_it_runs(scene: Scene) -> None:
    """A running task is removed with all that there is of it."""
    await scene.add_node(seconds=120)
    await scene.create()
    await scene.until_task(status=20)
    await scene.arm()
    await scene.act("REMOVE")
    await scene.until(lambda: any(event["type"] == "task.removed" for event in scene.of_task()), what="removed")


STORIES: Mapping[str, Story] = {
    "complete": Story(
        complete,
        (
            (
                "command.taken", *around("commit.task-created", "answer", "ack"), "event.before", "event.sent",
                "event.confirmed",
            ),
            (
                "staged.whole", *around("commit.events-gone", "commit.task-placed", "node.init"), "node.upload.before",
                "node.upload.under-way",
            ),
            (
                "node.upload.after", *around("commit.task-committing", "node.commit", "commit.task-taken"),
                "output.append",
            ),
            (
                *around("commit.task-collecting"), "node.download.before", "node.download.under-way",
                "commit.task-progress.before", "commit.task-progress.after", "node.download.after",
            ),
            (
                # Twice in place: the second death is in the midst of making good the first.
                "swap.extract", "swap.link", "swap.ready", "swap.in-place", "swap.in-place", "swap.archive-gone",
                "swap.incoming-gone",
            ),
            ("swap.note-gone", "staged.gone", *around("commit.task-ended")),
        ),
    ),
    "cancel while it runs": Story(
        cancel_while_it_runs,
        (
            (*around("commit.task-ended"), "node.cancel.before", "commit.job-stopped.before", "node.remove.before"),
            ("node.cancel.after", "node.remove.before"),
            ("commit.job-stopped.after", "node.remove.after", "commit.job-gone.before", "commit.job-gone.after"),
        ),
    ),
    "cancel while it uploads": Story(
        cancel_while_it_uploads,
        (
            ("commit.task-ended.before",),
            ("commit.task-ended.after", *around("commit.job-gone")),
        ),
    ),
    "restart where it is": Story(
        restart_where_it_is,
        (
            (
                *around("commit.task-waiting"), "output.begin", "output.old-gone",
                *around("commit.task-restarting"), "node.restart.before",
            ),
            ("node.restart.after", "commit.task-taken.before", "swap.old", "swap.in-place", "swap.old-gone"),
        ),
    ),
    "restart unheard": Story(restart_unheard, (("node.restart.after",),), anywhere=False),
    "restart while it runs": Story(
        restart_while_it_runs,
        (
            (*around("commit.task-waiting"), "node.cancel.before", "node.cancel.after", "commit.task-placed.after"),
        ),
    ),
    "remove": Story(
        remove_where_it_rests,
        (
            (*around("commit.task-removing", "node.remove"), "files.gone", *around("commit.task-removed")),
        ),
    ),
    "remove while it runs": Story(
        remove_while_it_runs,
        (
            ("commit.task-removing.after", "node.cancel.after", "files.gone"),
        ),
    ),
}  # fmt: skip
