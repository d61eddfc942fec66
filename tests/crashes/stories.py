"""What happens to a task in the runs, and at which points the daemon dies in each, in the order in which they come.

Every point of ``orchestrator.crashing`` is in at least one chain; ``tests/reliability/test_crash_points.py`` checks it.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from tests.crashes.scene import Scene


@dataclass(frozen=True)
class Story:
    """A course of events, and chains of points; each chain is one run. ``anywhere``: it ends, wherever a death is."""

    play: Callable[[Scene], Awaitable[None]]
    chains: tuple[tuple[str, ...], ...]
    anywhere: bool = True


def _around(*points: str) -> tuple[str, ...]:
    return tuple(f"{point}.{side}" for point in points for side in ("before", "after"))


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


async def nodes_come_and_go(scene: Scene) -> None:
    """A processing node is added, looked at, and taken away."""
    scene.arm_from_the_start()
    await scene.add_node()
    answer = await scene.send("remove-processing-node", {"processing_node": 1})
    assert answer["ok"], answer


async def taken_over(scene: Scene) -> None:
    """A daemon is killed while the job runs, and the next ones die, too."""
    await scene.add_node(seconds=120)
    await scene.create()
    await scene.until_task(status=20)
    await scene.arm()
    await scene.until_spent()
    await scene.act("CANCEL")
    await scene.until_task(status=50)


async def stopped_in_order(scene: Scene) -> None:
    """The daemon is stopped again and again while it uploads, and dies of it."""
    node = await scene.add_node(slow_upload=20_000)
    await scene.create(images=8)
    await node.wait_for("upload-started")
    await scene.arm()
    for _ in range(4):
        begun = node._life.events.count("upload-started")
        await scene.until(lambda begun=begun: node._life.events.count("upload-started") > begun or scene.has_ended())
        await scene.stop()
    await scene.until_task(status=40)


async def wait_for_a_node(scene: Scene) -> None:
    """A task is there before any node is, and is changed meanwhile."""
    await scene.create()
    await scene.arm()
    answer = await scene.send("update-task", {"task": 1, "name": "renamed"})
    assert answer["ok"], answer
    await scene.add_node()
    await scene.until_task(status=40)


async def not_understood(scene: Scene) -> None:
    """A message that is no command goes to the shelf."""
    scene.arm_from_the_start()
    answer = await scene.send("create-task", b"no JSON")
    assert not answer["ok"], answer


async def replayed(scene: Scene) -> None:
    """A message that nobody understood is edited and replayed, and becomes a task."""
    await scene.add_node()
    answer = await scene.send("create-task", b"no JSON")
    assert not answer["ok"], answer
    await scene.until_on_shelf()
    await scene.arm()
    replays = await scene.replay({"images": scene.photos(3)})
    assert "accepted" == replays[-1]["outcome"], replays
    await scene.until_task(status=40)


STORIES: Mapping[str, Story] = {
    "complete": Story(
        complete,
        (
            (
                "command.taken", *_around("commit.task-created", "answer", "ack"), "event.before", "event.sent",
                "event.confirmed",
            ),
            (
                "staged.whole", *_around("commit.events-gone", "commit.task-placed", "node.init"), "node.upload.before",
                "node.upload.under-way",
            ),
            (
                "node.upload.after", *_around("commit.task-committing", "node.commit", "commit.task-taken"),
                "output.append",
            ),
            (
                *_around("commit.task-collecting"), "node.download.before", "node.download.under-way",
                "commit.task-progress.before", "commit.task-progress.after", "node.download.after",
            ),
            (
                # Twice in place: the second death is in the midst of making good the first.
                "swap.extract", "swap.link", "swap.ready", "swap.in-place", "swap.in-place", "swap.archive-gone",
                "swap.incoming-gone",
            ),
            ("swap.note-gone", "staged.gone", *_around("commit.task-ended")),
        ),
    ),
    "cancel while it runs": Story(
        cancel_while_it_runs,
        (
            (*_around("commit.task-ended"), "node.cancel.before", "commit.job-stopped.before", "node.remove.before"),
            ("node.cancel.after", "node.remove.before"),
            ("commit.job-stopped.after", "node.remove.after", "commit.job-gone.before", "commit.job-gone.after"),
        ),
    ),
    "cancel while it uploads": Story(
        cancel_while_it_uploads,
        (
            ("commit.task-ended.before",),
            ("commit.task-ended.after", *_around("commit.job-gone")),
        ),
    ),
    "restart where it is": Story(
        restart_where_it_is,
        (
            (
                *_around("commit.task-waiting"), "output.begin", *_around("commit.task-restarting"),
                "node.restart.before",
            ),
            ("node.restart.after", "commit.task-taken.before", "swap.old", "swap.in-place", "swap.old-gone"),
        ),
    ),
    "restart unheard": Story(restart_unheard, (("node.restart.after",),), anywhere=False),
    "restart while it runs": Story(
        restart_while_it_runs,
        (
            (*_around("commit.task-waiting"), "node.cancel.before", "node.cancel.after", "commit.task-placed.after"),
        ),
    ),
    "remove": Story(
        remove_where_it_rests,
        (
            (*_around("commit.task-removing", "node.remove"), "files.gone", *_around("commit.task-removed")),
        ),
    ),
    "remove while it runs": Story(
        remove_while_it_runs,
        (
            ("commit.task-removing.after", "node.cancel.after", "files.gone"),
        ),
    ),
    "nodes come and go": Story(
        nodes_come_and_go,
        ((*_around("commit.answer-kept", "commit.node-written", "node.probe", "commit.node-gone"),),),
    ),
    "taken over": Story(
        taken_over,
        (
            _around("commit.heartbeat", "commit.claim", "commit.answers-forgotten", "commit.events-forgotten"),
            _around("node.look", "commit.task-watched"),
        ),
    ),
    "stopped in order": Story(
        stopped_in_order, (("note.write", "commit.release.before", "commit.release.after", "note.take"),)
    ),
    "wait for a node": Story(wait_for_a_node, (_around("commit.task-changed"),)),
    "not understood": Story(
        not_understood,
        (("command.taken", "answer.before", "letter.before", "letter.after", "ack.before", "ack.after"),),
    ),
    "replayed": Story(replayed, (_around("commit.replay-begun", "commit.replay-ended", "letter.gone"),)),
}  # fmt: skip
