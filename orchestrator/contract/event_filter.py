"""Which events somebody wants: told by an event's routing key alone, so that no body is read for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrator.contract.events import type_in


class Place(NamedTuple):
    """What an event is about. Events of processing nodes have neither project nor task."""

    type: str
    project: int | None
    task: int | None


def place_of(routing_key: str) -> Place:
    """Read it from a routing key of ours, e.g. ``task.status-changed.completed.27.134``."""
    kind = type_in(routing_key)
    if not kind.startswith("task."):
        return Place(kind, None, None)
    _, project, task = routing_key.rsplit(".", 2)
    return Place(kind, int(project), int(task))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """None: any. An event passes that is in each of the sets; one of a node is in no set of projects or tasks."""

    projects: frozenset[int] | None = None
    tasks: frozenset[int] | None = None
    types: frozenset[str] | None = None

    def kept_to(self, projects: frozenset[int] | None) -> "EventFilter":
        """Give the same for somebody for whom only these projects exist (None: all)."""
        if projects is None:
            return self
        return replace(self, projects=projects if self.projects is None else self.projects & projects)

    def passes(self, place: Place) -> bool:
        """Whether somebody wants the event."""
        return (
            (self.projects is None or place.project in self.projects)
            and (self.tasks is None or place.task in self.tasks)
            and (self.types is None or place.type in self.types)
        )

    def keys(self) -> Iterator[tuple[str, int | None]]:
        """Give the places under which to file it, so that few filters are asked about an event: see ``keys_of``."""
        if self.tasks is not None:
            yield from (("task", task) for task in self.tasks)
        elif self.projects is not None:
            yield from (("project", project) for project in self.projects)
        else:
            yield ("all", None)


def keys_of(place: Place) -> tuple[tuple[str, int | None], ...]:
    """Give the places where filters that may want the event are filed."""
    if place.task is None:
        return (("all", None),)
    return (("task", place.task), ("project", place.project), ("all", None))
