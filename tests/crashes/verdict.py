"""What came of a run, and in which of it two runs must be the same, whenever the daemon died."""

import json
import os
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.engine.housekeeping import INTERRUPTED
from orchestrator.files import TaskShelves
from tests.crashes import letters
from tests.crashes.nursery import Nursery
from tests.crashes.scene import Scene
from tests.crashes.story import Story

AGAIN = "sent again: the daemon was stopped in the middle of the upload"
"""The reason for the one detour that a death may cause: nobody knows what the node has of the files in flight."""

GOING = "stage = 'removing' OR (stage = 'draft' AND NOT coalesce(json_extract(body, '$.partial'), false))"
"""Tasks that are about to go: those that one request was to bring in whole, and did not, are removed at the start."""

NOT_KEPT = re.compile(r"\[(\d+) more lines are not kept: .*\]")

FOLDERS = ("tasks/*", "tasks/*/*", "arrivals/*", "swaps/*", "set-aside/*")

SEEN_BY_CHANCE = ("processing", 20, None)
"""Whether anybody looked while the job ran is a matter of time."""


@dataclass
class Outcome:
    """What came of a run; what is in ``same`` must not depend on where the daemon died."""

    same: dict[str, object]
    kills: list[str] = field(default_factory=list)
    events: int = 0
    repeats: int = 0
    tasks: int = 0
    violations: list[str] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    """Of the task's events in order: to see what happened when something is wrong."""


async def run(
    story: Story, points: list[str], *, folder: Path, nursery: Nursery, amqp_url: str, must_die: bool = True
) -> Outcome:
    """Play a story; the daemon dies at each of the points in turn, or (``must_die`` false) where it comes past."""
    folder.mkdir(parents=True)
    if story.prepare:
        story.prepare(folder)
    given = {"amqp_url": amqp_url, "points": points, "must_die": must_die, "settings": story.settings}
    async with Scene(folder, nursery=nursery, **given) as scene:
        told = await story.play(scene)
        if must_die:
            await scene.until_spent()
        await _settle(scene)
        violations = [*_repeated_answers(scene, await _asked_again(scene)), *_gaps(scene)]
        on_shelf = await letters.on_shelf(scene)
        await scene.rest()
        violations += await _left_behind(scene) + _errors(scene)
        same = {
            "told": told,
            "statuses": [_statuses(events) for events in _tasks(scene).values()],
            "path": [_path(events) for events in _tasks(scene).values()],
            "actions": [_actions(events) for events in _tasks(scene).values()],
            "runs": [run.outcome for run in scene.node.runs] if scene.node else [],
            "jobs": len(scene.node.jobs) if scene.node else 0,
            "answers": [_plain(answer) for _, _, answer in scene.answers.values()],
            "files": _files(scene),
            "letters": on_shelf,
        }
        tasks = {event["subject"] for event in scene.of_task()}
        return Outcome(
            same, scene.kills, len(scene.events), scene.received - len(scene.events), len(tasks), violations,
            _passings(scene.trail), [event["data"]["reason"] for event in scene.of_task()],
        )  # fmt: skip


def compare(outcome: Outcome, crash_free: Outcome) -> list[str]:
    """Say in what a run differs from one without kills, and what is wrong in itself."""
    differing = [
        f"{name}: {value!r} instead of {crash_free.same[name]!r}"
        for name, value in outcome.same.items()
        if value != crash_free.same[name]
    ]
    if differing:
        differing.append(f"reasons: {outcome.reasons}")
    return differing + outcome.violations


# ------------------------------------------------------------------------------------------------------ what must hold


async def _settle(scene: Scene) -> None:
    """Wait until no node has a job that no task owns, and the outbox is empty."""

    def owned() -> bool:
        rows = _rows(scene, "SELECT job_uuid FROM tasks WHERE job_uuid <> ''")
        return scene.node is None or set(scene.node.jobs) == {row[0] for row in rows}

    await scene.until(owned, what="no job on the node that no task owns")
    await scene.until(lambda: not _rows(scene, f"SELECT 1 FROM tasks WHERE {GOING}"), what="no half-made task")
    await scene.until(lambda: not _rows(scene, "SELECT 1 FROM outbox"), what="an empty outbox")
    if scene.node is None and any(isinstance(body, bytes) for _, body, _ in scene.answers.values()):
        await letters.until_on_shelf(scene)


async def _asked_again(scene: Scene) -> list[tuple[dict, dict]]:
    """Send each command that was stored once more under its message id."""
    pairs = []
    for key, (name, body, answer) in scene.answers.items():
        if not isinstance(body, bytes):
            pairs.append((answer, await scene.client.send(name, body, message_id=key, timeout=30)))
    return pairs


def _repeated_answers(scene: Scene, pairs: list[tuple[dict, dict]]) -> list[str]:
    return [f"answered {again} after {answer}" for answer, again in pairs if again != answer]


def _gaps(scene: Scene) -> list[str]:
    found: dict[str, list[int]] = {}
    for event in scene.of_task():
        found.setdefault(event["subject"], []).append(event["sequence"])
    return [f"sequences {them} of {of}" for of, them in found.items() if them != list(range(1, len(them) + 1))]


async def _left_behind(scene: Scene) -> list[str]:
    """Compare the console output with the node's, and the archive with what a zip must be."""
    found = []
    jobs = {job.uuid: job for job in scene.node._life.register} if scene.node else {}
    shelves = TaskShelves(root=scene.folder / "data")
    for id_, events in _tasks(scene).items():
        task = events[-1]["data"]["task"]
        if task["status"] == 40 and task["uuid"] in jobs:
            lines, _ = await shelves.read_output(id_, 0, None)
            wanted = [line.rstrip("\n") for line in jobs[task["uuid"]].output]
            if _with_all_its_lines(lines, wanted) != wanted:
                found.append(f"console output of {len(lines)} lines instead of {len(wanted)}")
    await shelves.close()
    return found


def _with_all_its_lines(lines: list[str], wanted: list[str]) -> list[str]:
    """Put the lines that were not kept in place of the notice that says how many they are."""
    notice = NOT_KEPT.fullmatch(lines[-1]) if lines else None
    return lines[:-1] + wanted[-int(notice[1]) :] if notice else lines


def _errors(scene: Scene) -> list[str]:
    """Give what the daemon logged as an error: none of its deaths is a reason for one."""
    lines = [json.loads(line) for line in scene.daemon.log.read_text().splitlines() if line.startswith("{")]
    errors = [line for line in lines if line.get("level") in {"error", "critical"}]
    strays = [line for line in scene.daemon.log.read_text().splitlines() if line and not line.startswith("{")]
    return [f"logged {error}" for error in errors] + [f"printed {stray}" for stray in strays]


# ----------------------------------------------------------------------------------------------- what must be the same


def _tasks(scene: Scene) -> dict[int, list[dict]]:
    """Give the events of each task by its id, but for those that a death left half-made, and that went for it."""
    found: dict[int, list[dict]] = {}
    for event in scene.of_task():
        found.setdefault(int(event["subject"].removeprefix("tasks/")), []).append(event)
    half_made = {id_ for id_, events in found.items() if any(each["data"]["reason"] == INTERRUPTED for each in events)}
    return {id_: found[id_] for id_ in sorted(found) if id_ not in half_made}


def _statuses(events: list[dict]) -> list[object]:
    changes = [event for event in events if event["type"] == "task.status-changed"]
    return [(event["data"]["previous_status"], event["data"]["task"]["status"]) for event in changes]


def _actions(events: list[dict]) -> list[object]:
    return [each["data"]["task"]["pending_action"] for each in events if each["type"] == "task.pending-action-set"]


def _path(events: list[dict]) -> list[object]:
    """Give the stages that the task went through, without detours and what was seen by chance."""
    path: list[object] = []
    for event in events:
        task = event["data"]["task"]
        # What a pending action finds is a matter of time as well; its effect is not.
        stage = "any" if task["pending_action"] else task["stage"]
        state = (stage, task["status"], task["pending_action"])
        if event["data"]["reason"] == AGAIN or state == SEEN_BY_CHANCE:
            continue
        if not path or path[-1] != (*state, task["attempt"]):
            path.append((*state, task["attempt"]))
    return path


def _plain(answer: dict) -> dict:
    """Give an answer without what time and chance decide."""
    if not answer["ok"]:
        return answer
    kept = {"ok": True, "command": answer["command"]}
    if "task" in answer:
        kept["task"] = {name: answer["task"][name] for name in ("id", "status", "pending_action", "attempt", "stage")}
    return kept


def _files(scene: Scene) -> list[str]:
    """Give what is kept on disk, but for the names of console output; tasks by their order."""
    root = scene.folder / "data"
    found = {os.path.relpath(Path(folder) / name, root) for folder, _, names in os.walk(root) for name in names}
    folders = {str(path.relative_to(root)) for kind in FOLDERS for path in root.glob(kind)}
    numbers = {str(id_): str(number) for number, id_ in enumerate(_tasks(scene), start=1)}
    return sorted(
        {
            _renumbered(name, numbers)
            for name in found | folders
            if "output/" not in name and not name.startswith(("orchestrator.db", "control.", "daemons."))
        }
    )


def _renumbered(name: str, numbers: dict[str, str]) -> str:
    name = re.sub(r"^(set-aside/\d+)-\w+", r"\1", name)  # When it was set aside is a matter of time.
    return re.sub(r"^tasks/(\d+)", lambda found: f"tasks/{numbers.get(found[1], 'nobody ' + found[1])}", name)


def _passings(trail: Path) -> dict[str, int]:
    passed: dict[str, int] = {}
    for point in trail.read_text().split() if trail.exists() else []:
        passed[point] = passed.get(point, 0) + 1
    return passed


def _rows(scene: Scene, query: str) -> list[tuple]:
    path = scene.folder / "data" / "orchestrator.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
