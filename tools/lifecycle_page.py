"""The reference page of the lifecycle, drawn from what the lifecycle itself answers in every cell."""

from orchestrator.domain.lifecycle import TABLE, decide
from orchestrator.domain.task import Stage
from orchestrator.domain.transitions import Policy
from tools.lifecycle_cells import NOW, STATUSES, STIMULI, sample_task

_HEAD = """# The lifecycle of a task

Generated from `orchestrator/domain/lifecycle.py` by `python -m tools.reference`; do not edit.

A task is in one *stage* at a time. Its *status* (WebODM's code) changes in this table and nowhere else. Commands and
facts come in at the left; a cell says where the task goes. **·** is a fact that has come too late, and changes
nothing; **=** leaves stage and status as they are; **✗** rejects the command.
"""

_COMMANDS = ("CANCEL", "REMOVE", "RESTART", "CommitTask", "UpdateTask")


def _word(stage: Stage, status: object) -> str:
    name = getattr(status, "name", None)
    return stage.value if name is None else f"{stage.value} · {name}"


def _outcome(stage: Stage, status: object, kind: str, variant: int) -> str:
    task = sample_task(stage, status)  # type: ignore[arg-type]
    stimulus = STIMULI[kind][variant]
    if stage not in TABLE[kind]:
        return "·"
    decision = decide(task, stimulus, now=NOW, policy=Policy())
    if decision.problem:
        return "✗"
    if decision.removed:
        return "*gone*"
    after = decision.task
    return "=" if (after.stage, after.status) == (task.stage, task.status) else _word(after.stage, after.status)


def _cell(stage: Stage, kind: str, variant: int) -> str:
    seen = dict.fromkeys(_outcome(stage, status, kind, variant) for status in STATUSES[stage])
    return " or ".join(seen)


def _label(kind: str, variant: int) -> str:
    if kind == "JobSeen":
        return f"JobSeen {(10, 20, 30, 40, 50)[variant]}"
    return f"**{kind}**" if kind in _COMMANDS else kind


def _table() -> list[str]:
    lines = ["| | " + " | ".join(stage.value for stage in Stage) + " |", "|---" * (len(Stage) + 1) + "|"]
    for kind, variants in STIMULI.items():
        for variant in range(len(variants)):
            cells = " | ".join(_cell(stage, kind, variant) for stage in Stage)
            lines.append(f"| {_label(kind, variant)} | {cells} |")
    return lines


def _arrows() -> dict[tuple[Stage, Stage], list[str]]:
    arrows: dict[tuple[Stage, Stage], list[str]] = {}
    for kind, variants in STIMULI.items():
        for stage, statuses in STATUSES.items():
            for status in statuses:
                for variant in range(len(variants)):
                    decision = decide(sample_task(stage, status), variants[variant], now=NOW, policy=Policy())
                    target = decision.task.stage
                    label = _label(kind, variant).strip("*")
                    known = arrows.setdefault((stage, target), [])
                    if target is not stage and label not in known:
                        known.append(label)
    return {pair: labels for pair, labels in arrows.items() if labels}


def _diagram() -> list[str]:
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> draft: create-task, partial",
        "    [*] --> waiting: create-task",
    ]
    lines += [f"    {start} --> {end}: {', '.join(labels)}" for (start, end), labels in _arrows().items()]
    return [*lines, "    removing --> [*]: FilesRemoved", "```"]


def lifecycle_page() -> str:
    """Give the page as Markdown."""
    return "\n".join([_HEAD, "## Transitions", "", *_table(), "", "## Diagram", "", *_diagram(), ""])
