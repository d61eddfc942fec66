"""What the turn settles besides commands: facts about tasks, nodes and abandoned jobs."""

from dataclasses import dataclass

from orchestrator.domain.adoption import Foundling
from orchestrator.domain.facts import Report
from orchestrator.domain.problem import Problem
from orchestrator.domain.supervision import Observation
from orchestrator.engine.ports import Order


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """An order whose image sources have been resolved, or ``problem`` says why they could not be."""

    order: Order
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a probe saw of a node."""

    node: int
    observation: Observation


@dataclass(frozen=True, slots=True)
class JobReport:
    """An abandoned job does not run on its node any more; ``gone``: nothing is left of it there."""

    uuid: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A task is to be taken back from the node that has its job."""

    foundling: Foundling


Stimulus = PreparedOrder | Report | NodeReport | JobReport | Claim
