"""Which waiting task goes to which processing node: a pure function of what is known of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.domain.node import Health, ProcessingNode
from orchestrator.domain.task import Task

NONE_KNOWN = "waiting for a processing node: none is known yet"
OTHERS_FIRST = "waiting until the images of tasks that go first are sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node with its load: ``ours`` jobs that we have there now, ``foreign`` ones that others had at the last look."""

    node: ProcessingNode
    ours: int = 0
    foreign: int = 0

    @property
    def free_slots(self) -> int:
        """How many more jobs would start at once."""
        info = self.node.info
        return max(0, (info.max_parallel if info else 0) - self.ours - self.foreign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A waiting task, the number of its files (side files included: nodes count them too), and what still holds it.

    ``stopping_on`` names the node on which an earlier job of the task may still run.
    """

    task: Task
    files: int
    stopping_on: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task and the node that it goes to."""

    task: Task
    node: ProcessingNode


@dataclass(frozen=True, slots=True)
class Kept:
    """A task that goes on waiting, and why."""

    task: Task
    reason: str


def place(
    waiting: Sequence[Waiting], candidates: Sequence[Candidate], *, most: int
) -> tuple[list[Assignment], list[Kept]]:
    """Give each waiting task a node, or the reason why it has none: higher priority first, then oldest.

    No more than ``most`` get one: a cluster takes any number at once, and who comes later could not go first any more.
    """
    load = {candidate.node.id: 0 for candidate in candidates}
    known = {each.node.id: frozenset(option.name for option in each.node.options) for each in candidates}
    assignments: list[Assignment] = []
    kept: list[Kept] = []
    for item in sorted(waiting, key=lambda item: (-item.task.priority, item.task.created_at, item.task.id)):
        chosen = _choose(item, candidates, load=load, known=known)
        if isinstance(chosen, str):
            kept.append(Kept(item.task, chosen))
        elif len(assignments) >= most:
            kept.append(Kept(item.task, OTHERS_FIRST))
        else:
            load[chosen.id] += 1
            assignments.append(Assignment(item.task, chosen))
    return assignments, kept


def _choose(
    item: Waiting, candidates: Sequence[Candidate], *, load: Mapping[int, int], known: Mapping[int, frozenset[str]]
) -> ProcessingNode | str:
    if item.stopping_on:
        return f"waiting for its previous job to stop on {item.stopping_on}"
    if not candidates:
        return NONE_KNOWN
    allowed = _allowed(item, candidates, known)
    if isinstance(allowed, str):
        return allowed
    fitting = [candidate for candidate in allowed if _misfit(item, candidate.node, known) is None]
    if not fitting:
        misfit = _misfit(item, allowed[0].node, known)
        return f"waiting for a processing node: {misfit}" if len(allowed) == 1 else _nobody_fits(item, allowed)
    free = [candidate for candidate in fitting if candidate.free_slots > load[candidate.node.id]]
    if not free:
        which = f"{fitting[0].node.name} is" if len(fitting) == 1 else f"all {len(fitting)} that fit are"
        return f"waiting for a processing node: {which} busy"
    return min(free, key=lambda each: _rank(each, load[each.node.id])).node


def _rank(candidate: Candidate, added: int) -> tuple[int, int]:
    """Shortest queue first, then the oldest node."""
    return candidate.ours + candidate.foreign + added, candidate.node.id


def _allowed(
    item: Waiting, candidates: Sequence[Candidate], known: Mapping[int, frozenset[str]]
) -> list[Candidate] | str:
    task = item.task
    if not task.auto_processing_node:
        if task.processing_node is None:
            return "waiting for a processing node to be chosen: it is not placed automatically"
        chosen = [each for each in candidates if each.node.id == task.processing_node]
        if not chosen:
            return f"waiting for a processing node: node {task.processing_node}, which was chosen, is not known"
        return chosen
    others = [each for each in candidates if each.node.id != task.avoid_node]
    # A node that is away, or can never take it, is no elsewhere: the task would wait for it for ever.
    elsewhere = any(
        each.node.health in {Health.ONLINE, Health.UNKNOWN} and _unsuited(item, each.node, known) is None
        for each in others
    )
    return others if elsewhere else list(candidates)


def _misfit(item: Waiting, node: ProcessingNode, known: Mapping[int, frozenset[str]]) -> str | None:
    """Say why a node cannot take a task at all just now; None when it can."""
    if not node.online or node.info is None:
        return f"{node.name} is {node.health.value if node.health is not Health.UNKNOWN else 'not reached yet'}"
    return _unsuited(item, node, known)


def _unsuited(item: Waiting, node: ProcessingNode, known: Mapping[int, frozenset[str]]) -> str | None:
    """Say why a node cannot take a task whenever it is asked; None when it may.

    A node of which nothing is known yet may take all, and one whose options are not known may know all of them.
    """
    if node.info is not None and node.info.max_images is not None and item.files > node.info.max_images:
        return f"{node.name} takes at most {node.info.max_images} images, and the task has {item.files}"
    options = known[node.id]
    for option in item.task.options if options else ():
        if option.name not in options:
            return f"{node.name} does not know the option {option.name}"
    return None


def _nobody_fits(item: Waiting, allowed: Sequence[Candidate]) -> str:
    online = [each.node for each in allowed if each.node.online and each.node.info]
    if not online:
        return f"waiting for a processing node: none of {len(allowed)} is online"
    limits = [node.info.max_images for node in online if node.info]
    if all(limit is not None and limit < item.files for limit in limits):
        largest = max(limit for limit in limits if limit is not None)
        return f"waiting for a processing node: the task has {item.files} files, and the largest takes {largest}"
    return f"waiting for a processing node: none of the {len(online)} online knows all of its options"
