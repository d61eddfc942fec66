"""What the daemon does besides: nodes and projects, taking over, stopping, messages that nobody understands."""

from collections.abc import Mapping

from tests.crashes import letters
from tests.crashes.scene import Scene
from tests.crashes.story import Story, around


async def nodes_come_and_go(scene: Scene) -> None:
    """A processing node is added, looked at, and taken away."""
    scene.arm_from_the_start()
    await scene.add_node()
    answer = await scene.send("remove-processing-node", {"processing_node": 1})
    assert answer["ok"], answer


async def projects_come_and_go(scene: Scene) -> None:
    """A project is created, renamed, and deleted."""
    scene.arm_from_the_start()
    answer = await scene.send("create-project", {"name": "North"})
    assert answer["ok"], answer
    project = answer["project"]["id"]
    for name, body in (("update-project", {"name": "South"}), ("delete-project", {})):
        answer = await scene.send(name, {"project": project, **body})
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
    await letters.until_on_shelf(scene)
    await scene.arm()
    replays = await letters.replay(scene, {"images": scene.photos(3)})
    assert "accepted" == replays[-1]["outcome"], replays
    await scene.until_task(status=40)


STORIES: Mapping[str, Story] = {
    "nodes come and go": Story(
        nodes_come_and_go,
        ((*around("commit.answer-kept", "commit.node-written", "node.probe", "node.options", "commit.node-gone"),),),
    ),
    "projects come and go": Story(
        projects_come_and_go, ((*around("commit.project-written"), *around("commit.project-gone")),)
    ),
    "taken over": Story(
        taken_over,
        (
            around("commit.heartbeat", "commit.claim", "commit.answers-forgotten", "commit.events-forgotten"),
            around("node.look", "commit.task-watched"),
        ),
    ),
    "stopped in order": Story(
        stopped_in_order, (("note.write", "commit.release.before", "commit.release.after", "note.take"),)
    ),
    "wait for a node": Story(wait_for_a_node, (around("commit.task-changed"),)),
    "not understood": Story(
        not_understood,
        (("command.taken", "answer.before", "letter.before", "letter.after", "ack.before", "ack.after"),),
    ),
    "replayed": Story(replayed, (around("commit.replay-begun", "commit.replay-ended", "letter.gone"),)),
}  # fmt: skip
