"""Fresh numbers for a batch: as many as it may take, reserved at once, and those that nobody took given back."""

from collections.abc import Sequence

from orchestrator.domain import commands
from orchestrator.engine.batch import Batch
from orchestrator.engine.ports import Transaction
from orchestrator.engine.stimuli import Claim, PreparedOrder, Stimulus

_COUNTER_OF = {
    commands.CreateTask: "task",
    commands.CreateProject: "project",
    commands.AddProcessingNode: "node",
}


async def reserve_numbers(transaction: Transaction, stimuli: Sequence[Stimulus]) -> dict[str, int]:
    """Give the first fresh number of each counter that the batch may take from.

    Numbers that come back with tasks from nodes are passed over, so that none is given out twice.
    """
    counts = numbers_for(stimuli)
    numbers = await transaction.reserve(counts) if counts else {}
    claimed = max((each.foundling.job.task for each in stimuli if isinstance(each, Claim)), default=0)
    if claimed and claimed >= numbers["task"]:
        await transaction.reserve({"task": claimed - numbers["task"] + 1})
        numbers["task"] = claimed + 1
    return numbers


async def give_back(transaction: Transaction, batch: Batch, stimuli: Sequence[Stimulus]) -> None:
    """Give back what rejected orders did not take. The counters are locked, so nobody has taken later numbers."""
    if left := batch.unused_numbers(numbers_for(stimuli)):
        await transaction.reserve({counter: -count for counter, count in left.items()})


def numbers_for(stimuli: Sequence[Stimulus]) -> dict[str, int]:
    """Count the fresh numbers that the batch may take."""
    counts: dict[str, int] = {}
    for stimulus in stimuli:
        counter = _counter(stimulus)
        if counter:
            counts[counter] = counts.get(counter, 0) + 1
    return counts


def _counter(stimulus: Stimulus) -> str | None:
    if isinstance(stimulus, Claim):
        return "task"
    return _COUNTER_OF.get(type(stimulus.order.command)) if isinstance(stimulus, PreparedOrder) else None
