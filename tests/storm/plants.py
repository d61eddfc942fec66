"""Bugs to plant, each one that a peer really has: the storm must find every one, or it proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from orchestrator.bus.intake import Intake
from orchestrator.domain.commands import SetPendingAction
from orchestrator.domain.errors import NodeFault, UploadUncertain
from orchestrator.engine import orders, rulings
from orchestrator.engine.steps.transfer import Transfer


async def _acknowledges_first(intake: Intake, deliveries: Any) -> None:
    """Acknowledge what was taken, and only then settle it."""
    intake._bus.acknowledge(deliveries)
    await _work(intake, deliveries)


_work = Intake._work


def _ignores_the_fence(batch: Any, report: Any) -> Any:
    """Take every fact, however old the work is that it comes from."""
    task = batch.tasks.get(report.task)
    if task is None:
        return None
    decision = batch.move(task, report.fact)
    return None if decision.removed else decision.task


async def _sends_again(transfer: Transfer, file: Any) -> None:
    """Take an ambiguous answer for a refusal, and send the file again under the same uuid."""
    transfer._upload.flying.add(file.name)
    try:
        await transfer._client.upload(transfer._task.job_uuid, file, sent=transfer._count)
    except UploadUncertain as error:
        raise NodeFault(str(error)) from error
    finally:
        transfer._upload.flying.discard(file.name)


_on_task = orders._on_task


def _drops_the_action(batch: Any, command: Any) -> Any:
    """Accept what is asked for a task whose node is away, and do nothing about it."""
    task = batch.task(command.task)
    online = {node.id for node in batch.around.known_nodes if node.online}
    if task is not None and task.is_live and task.job_node is not None and task.job_node not in online:
        return task
    return _on_task(batch, command)


PLANTS: dict[str, Callable[[], Any]] = {
    "acknowledge before commit": lambda: patch.object(Intake, "_work", _acknowledges_first),
    "ignore the fencing number": lambda: patch.object(rulings, "_report", _ignores_the_fence),
    "retry an upload under the same uuid after an ambiguous answer": lambda: patch.object(
        Transfer, "_send_once", _sends_again
    ),
    "drop the pending action on node loss": lambda: patch.dict(orders._RULES, {SetPendingAction: _drops_the_action}),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Have the daemon make a mistake for the length of the block."""
    with PLANTS[name]():
        yield
