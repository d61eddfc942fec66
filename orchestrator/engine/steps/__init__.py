"""The steps: what is done about a task on nodes and disk. Each ends as a fact; none of them writes a status."""

from collections.abc import Awaitable, Callable, Mapping

from orchestrator.domain.facts import Fact
from orchestrator.domain.next_step import Step
from orchestrator.domain.task import Task
from orchestrator.engine.steps.collect import Collect
from orchestrator.engine.steps.remove import Remove
from orchestrator.engine.steps.restart import Restart
from orchestrator.engine.steps.submit import Submit
from orchestrator.engine.steps.watch import Watch
from orchestrator.engine.workshop import Workshop

StepFunction = Callable[[Task], Awaitable[Fact]]


def steps_of(shop: Workshop, *, submit: Submit, remove: Remove) -> Mapping[Step, StepFunction]:
    """Give the step functions by name; placing is done for all waiting tasks together, elsewhere."""
    return {
        Step.SUBMIT: submit,
        Step.WATCH: Watch(shop),
        Step.COLLECT: Collect(shop),
        Step.RESTART: Restart(shop),
        Step.REMOVE: remove,
    }
