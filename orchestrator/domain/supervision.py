"""How a processing node's health moves with what its probes see. A node that is away is no failure of its tasks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.domain.events import NodeEvent
from orchestrator.domain.node import Health, NodeInfo, NodeOption, ProcessingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A probe that was answered. ``options`` None: they were not asked for this time."""

    info: NodeInfo
    options: tuple[NodeOption, ...] | None = None


@dataclass(frozen=True, slots=True)
class Unseen:
    """A probe that was not answered, or with nonsense.

    ``answered``: when one was, as far as whoever looked knows; what is stored may not say so if the store was away.
    """

    reason: str
    answered: datetime | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """A probe that was answered with: not with this token."""

    reason: str


Observation = Seen | Unseen | Barred


def observe(
    node: ProcessingNode, observation: Observation, *, now: datetime, offline_after: timedelta
) -> tuple[ProcessingNode, NodeEvent | None]:
    """Give the node as it stands after a probe, and the event to tell if it went online or offline.

    A failed probe is not an outage until the node has been away for ``offline_after``.
    """
    after = _observed(node, observation, now=now, offline_after=offline_after)
    if after.health is node.health:
        return after, None
    after = replace(after, version=node.version + 1)
    return after, NodeEvent(after, after.problem or f"{after.name} is online", now)


def _observed(
    node: ProcessingNode, observation: Observation, *, now: datetime, offline_after: timedelta
) -> ProcessingNode:
    match observation:
        case Seen(info=info, options=options):
            known = node.options if options is None else options
            return replace(
                node, health=Health.ONLINE, problem="", unreachable_since=None, last_refreshed=now, info=info,
                options=known,
            )  # fmt: skip
        case Barred(reason=reason):
            return replace(node, health=Health.UNAUTHORIZED, problem=reason, unreachable_since=None)
        case _:
            since = node.unreachable_since or now
            if observation.answered and since <= observation.answered <= now:
                since = now
            away = node.health is Health.UNKNOWN or now - since >= offline_after
            health = Health.OFFLINE if away else node.health
            return replace(node, health=health, problem=observation.reason, unreachable_since=since)
