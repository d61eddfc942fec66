"""What each kind of stimulus does to a batch: commands are ruled on and answered, facts move their tasks."""

import json
from dataclasses import replace
from typing import Any

from orchestrator.domain.commands import COMMAND_NAMES
from orchestrator.domain.facts import Report
from orchestrator.domain.problem import conflict
from orchestrator.domain.supervision import observe
from orchestrator.domain.task import Task
from orchestrator.engine import orders
from orchestrator.engine.batch import Batch
from orchestrator.engine.changes import Answer
from orchestrator.engine.claims import settle_claim
from orchestrator.engine.ports import Outcome, Rejected, Renderer, Settled
from orchestrator.engine.stimuli import Claim, JobReport, NodeReport, PreparedOrder, Stimulus
from orchestrator.engine.timing import Timing

ID_TAKEN = "another command was sent under this message id before; each needs one of its own"


def rule(batch: Batch, stimulus: Stimulus, *, renderer: Renderer, timing: Timing) -> Any:
    """Apply one stimulus, and give what whoever handed it in is told."""
    match stimulus:
        case PreparedOrder():
            return _order(batch, stimulus, renderer)
        case Report():
            return _report(batch, stimulus)
        case Claim(foundling=found):
            return settle_claim(batch, found)
        case NodeReport():
            _observation(batch, stimulus, timing)
        case _:
            _job_report(batch, stimulus)
    return None


def _order(batch: Batch, prepared: PreparedOrder, renderer: Renderer) -> Settled:
    order = prepared.order
    name = COMMAND_NAMES[type(order.command)]
    outcome: Outcome
    if order.message_id and order.message_id in batch.answers:
        answer = batch.answers[order.message_id]
        said = json.loads(answer)
        if said["command"] != name:
            # Not the same message again: its sender must not take the answer to another command for its own.
            return Settled(renderer.answer(Rejected(name, conflict(ID_TAKEN))), accepted=False)
        return Settled(answer, accepted=said["ok"], repeated=True)
    if prepared.problem and not orders.existing_task(batch, order.command):
        outcome = Rejected(name, prepared.problem)
    else:
        batch.traceparent = order.traceparent
        outcome = orders.rule(batch, order.command)
    answer = renderer.answer(outcome)
    if order.message_id:
        batch.answers[order.message_id] = answer
        batch.changes.answers[order.message_id] = Answer(name, answer)
    return Settled(answer, accepted=not isinstance(outcome, Rejected))


def _report(batch: Batch, report: Report) -> Task | None:
    task = batch.tasks.get(report.task)
    if task is None or task.fence != report.fence:
        return None
    decision = batch.move(task, report.fact)
    return None if decision.removed else decision.task


def _observation(batch: Batch, report: NodeReport, timing: Timing) -> None:
    node = batch.nodes.get(report.node)
    if node is None:
        return
    after, event = observe(node, report.observation, now=batch.around.now, offline_after=timing.offline_after_delta)
    batch.save_node(after, event)


def _job_report(batch: Batch, report: JobReport) -> None:
    if report.gone:
        batch.drop_job(report.uuid)
    elif report.uuid in batch.jobs:
        batch.save_job(replace(batch.jobs[report.uuid], stopped=True))
