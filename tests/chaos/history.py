"""Whether the story that the events tell of a task is one that the table of transitions allows."""

from collections.abc import Iterator, Sequence

from orchestrator.domain.lifecycle import decide
from orchestrator.domain.task import Stage, Status
from orchestrator.domain.transitions import Policy
from tests.chaos.fleet import Json
from tools.lifecycle_cells import NOW, STATUSES, STIMULI, sample_task

State = tuple[Stage, Status | None]


def _moves() -> set[tuple[State, State]]:
    """Give every move there is, as the lifecycle itself answers in every cell; also to stay is one."""
    moves = set()
    for stage, statuses in STATUSES.items():
        for status in statuses:
            for stimulus in (each for variants in STIMULI.values() for each in variants):
                after = decide(sample_task(stage, status), stimulus, now=NOW, policy=Policy()).task
                moves.add(((stage, status), (after.stage, after.status)))
    return moves


MOVES = _moves()
RESTARTED, SENT_AGAIN = "restarted", "sent again: "
"""How the reasons begin with which an attempt follows another."""
NO_REASON = "the daemon was stopped"
"""What may be a reason to send files again, but none to spend an attempt."""
BEGINNINGS = {(Stage.WAITING, None), (Stage.DRAFT, None)}


def _begins_anew(event: Json) -> bool:
    reason: str = event["data"]["reason"]
    return reason.startswith((RESTARTED, SENT_AGAIN)) and NO_REASON not in reason


def restarts(story: Sequence[Json]) -> int:
    """Count the attempts that were begun because somebody asked for them."""
    attempts = [event["data"]["task"]["attempt"] for event in story]
    anew = (event for event, before in zip(story[1:], attempts, strict=False) if _attempt(event) > before)
    return sum(event["data"]["reason"].startswith(RESTARTED) for event in anew)


def _attempt(event: Json) -> int:
    attempt: int = event["data"]["task"]["attempt"]
    return attempt


def illegal(story: Sequence[Json]) -> Iterator[str]:
    """Say what is wrong with a task's events, which are in order."""
    before: State | None = None
    attempt = 1
    for event in story:
        task = event["data"]["task"]
        status = None if task["status"] is None else Status(task["status"])
        state = (Stage(task["stage"]), status)
        at = f"event {event['sequence']}, {event['type']}"
        if before is None:
            if state not in BEGINNINGS or event["type"] != "task.created":
                yield f"{at}: the story begins as {state}"
        else:
            if (before, state) not in MOVES:
                yield f"{at}: no way leads from {before} to {state}"
            if event["data"]["previous_status"] != before[1]:
                yield f"{at}: says it was {event['data']['previous_status']}, and was {before[1]}"
        if task["version"] != event["sequence"]:
            yield f"{at}: shows version {task['version']}"
        if task["attempt"] != attempt and not (task["attempt"] == attempt + 1 and _begins_anew(event)):
            yield f"{at}: attempt {task['attempt']} comes after {attempt}: {event['data']['reason']}"
        before, attempt = state, task["attempt"]
