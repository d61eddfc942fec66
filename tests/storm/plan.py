"""What a seed decides beforehand: the world, what is asked for, what goes wrong at which moment, and how often."""

import random
from dataclasses import dataclass, field
from typing import Any

HORIZON = (60.0, 300.0)
"""Seconds after which nothing more goes wrong."""

FAMILIES = ("daemon", "bus", "wire", "nodes", "disk", "clock", "orders")

RATES: dict[str, dict[str, float]] = {
    "bus": {
        "delivery repeated": 0.15, "ack lost": 0.15, "reply refused": 0.15, "reply lost": 0.2, "reply unconfirmed": 0.1,
        "publish cut": 0.12, "event nacked": 0.06, "message lost": 0.2, "message sent twice": 0.2, "confirm lost": 0.2,
        "dead letter refused": 0.3,
    },
    "wire": {
        "node fault": 0.06, "request lost": 0.03, "request late": 0.03, "answer lost": 0.05, "slow answer": 0.05,
        "node unreachable": 0.04, "upload torn": 0.05, "upload unanswered": 0.05, "download cut": 0.15,
        "archive corrupt": 0.15, "source hindered": 0.04,
    },
    "disk": {"slow disk": 0.25},
}  # fmt: skip
"""By family: the chance at each single occasion, at worst."""

TIMED: dict[str, tuple[str, ...]] = {
    "daemon": ("kill", "kill", "stop"),
    "bus": ("cut", "cut", "broker away", "broker away for an hour"),
    "wire": (),
    "nodes": (
        "vanish", "vanish for long", "vanish and be ordered about", "crash", "crash and forget", "forget a job",
        "hide a job", "lose results", "change the token",
    ),
    "disk": ("disk full", "database locked"),
    "clock": ("clock ahead", "clock back"),
    "orders": ("cancel", "remove", "restart", "restart", "cancel and restart", "update", "remove the node"),
}  # fmt: skip
"""By family: what may happen at a time or at a moment."""

MOMENTS = (
    "store.commit.before", "store.commit.after", "bus.take.after", "bus.ack.before", "bus.ack.after",
    "bus.reply.before", "bus.reply.after", "bus.publish.before", "bus.publish.after", "node.begin.before",
    "node.begin.after", "node.upload.before", "node.upload.midway", "node.upload.after", "node.commit.before",
    "node.commit.after", "node.job.before", "node.job.after", "node.cancel.before", "node.cancel.after",
    "node.remove.before", "node.remove.after", "node.restart.before", "node.restart.after", "node.download.before",
    "node.download.midway", "node.download.after", "files.accept.before", "files.accept.after", "files.remove.after",
)  # fmt: skip
REPORTS = tuple(
    f"turn.{fact}.before"
    for fact in ("JobRestarted", "JobRestarted", "RestartImpossible", "NodeLost", "NodeLost", "Committing", "JobTaken",
                 "JobSpoiled", "JobLost", "JobSeen", "ResultsCollected", "FilesRemoved")
)  # fmt: skip
"""Moments at which a step's outcome is about to be settled: an order is best sent just ahead of it."""

RARE = frozenset({"store.commit.before", "store.commit.after", "bus.publish.before", "bus.publish.after",
                  "node.job.before", "node.job.after"})  # fmt: skip
"""Moments that come often: an ambush there may wait for long."""


@dataclass(frozen=True)
class Ambush:
    """At the nth time that a moment comes, something happens."""

    moment: str
    nth: int
    action: str


@dataclass(frozen=True)
class Timed:
    """Something happens at a time."""

    at: float
    action: str


@dataclass(frozen=True)
class Ordered:
    """A command is sent at a time."""

    at: float
    name: str
    body: dict[str, Any] | bytes
    asks: bool = True
    junk: bool = False


@dataclass
class Plan:
    """One seed's storm."""

    families: tuple[str, ...]
    horizon: float
    shuffled: bool
    nodes: list[dict[str, Any]]
    seconds: tuple[float, float]
    failing: float
    rates: dict[str, float] = field(default_factory=dict)
    ambushes: list[Ambush] = field(default_factory=list)
    timed: list[Timed] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    tasks: int = 0


def draw(seed: int) -> Plan:
    """Decide all that a seed decides beforehand."""
    chance = random.Random(f"{seed}:plan")
    families = tuple(each for each in FAMILIES if chance.random() < 0.5)
    plan = Plan(
        families=families,
        horizon=chance.uniform(*HORIZON),
        shuffled=chance.random() < 0.8,
        nodes=[_node(chance, number) for number in range(1, chance.choice((1, 2, 2, 3)) + 1)],
        seconds=(10.0, chance.choice((15.0, 30.0, 60.0))),
        failing=chance.choice((0.0, 0.0, 0.2)),
        tasks=chance.choice((1, 2, 2, 3, 3, 4, 6)),
    )
    plan.orders = [order for number in range(1, plan.tasks + 1) for order in _task(chance, plan, number)]
    for family in families:
        force = chance.choice((0.1, 0.4, 1.0))
        plan.rates |= {kind: rate * force for kind, rate in RATES.get(family, {}).items()}
        _trouble(chance, plan, family)
    return plan


def _node(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "name": f"node{number}",
        "slots": chance.choice((1, 1, 2)),
        "max_images": chance.choice((None, None, None, 2)) if number > 1 else None,
        "engine": chance.choice(("odm", "odm", "odm", "micmac")),
        "cluster": chance.random() < 0.15,
    }


def _task(chance: random.Random, plan: Plan, number: int) -> list[Ordered]:
    """Give the commands that make one task, and junk beside them."""
    at = chance.uniform(1.0, plan.horizon / 2)
    images = [f"/storm/t{number}_{index}.jpg" for index in range(chance.choice((1, 2, 3, 4)))]
    body: dict[str, Any] = {"images": images, "reference": f"t{number}", "priority": chance.randrange(10)}
    orders = []
    asks = chance.random() < 0.6
    if chance.random() < 0.15:
        more = {"reference": f"t{number}", "images": [f"/storm/t{number}_more.jpg"]}
        orders.append(Ordered(at + chance.uniform(0.0, 60.0), "commit-task", more))
        body["partial"] = asks = True
    elif chance.random() < 0.2:
        body["processing_node"] = chance.randint(1, len(plan.nodes))
    orders.insert(0, Ordered(at, "create-task", body, asks))
    if "orders" in plan.families and chance.random() < 0.5:
        again = {"reference": f"t{number}", "pending_action": "RESTART"}
        orders.append(Ordered(at + chance.uniform(20.0, 100.0), "set-pending-action", again, chance.random() < 0.5))
    if chance.random() < 0.2:
        junk = chance.choice((b"no json", b'{"images": 7}', b"[]", b"\xff\xfe"))
        orders.append(Ordered(at, "create-task", junk, chance.random() < 0.5, junk=True))
    return orders


def _trouble(chance: random.Random, plan: Plan, family: str) -> None:
    """Choose what happens when, and what at which moment."""
    kinds = TIMED[family]
    numbers = (2, 3, 4) if family == "orders" else (1, 2, 3)
    for _ in range(chance.choice(numbers) if kinds else 0):
        action = chance.choice(kinds)
        if action == "broker away for an hour" and chance.random() < 0.8:
            action = "broker away"
        if chance.random() < 0.35:
            plan.timed.append(Timed(chance.uniform(0.0, plan.horizon), action))
        else:
            about_reports = family == "orders" and chance.random() < 0.4
            moment = chance.choice(REPORTS if about_reports else MOMENTS)
            most = 30 if moment in RARE else 4
            plan.ambushes.append(Ambush(moment, chance.randint(1, most), action))
