"""One storm from its seed: what happened, and what was violated."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from tests.storm.audit import audit, restless
from tests.storm.loop import StormLoop, StuckError
from tests.storm.world import World

LOOK_EVERY = 5.0
REST_WITHIN = 3600.0
"""Seconds after the last fault within which all must have come to rest."""
STAY = 20.0
"""Seconds for which it must stay so."""
MOST_STEPS = 400_000
"""Turns of the loop beyond which something spins."""


@dataclass
class Result:
    """What one seed gave."""

    seed: int
    digest: str
    violations: list[str]
    faults: Counter[str]
    lines: list[str]
    tasks: int
    events: int
    kills: int
    commands: int
    seconds: float
    steps: int


def storm(seed: int, *, echo: Callable[[str], None] | None = None) -> Result:
    """Run one storm."""
    with _quiet():
        return _storm(seed, echo)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Have the product log nothing: the trace says more, and tens of thousands of storms are run."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: object) -> Any:
    raise structlog.DropEvent


def _storm(seed: int, echo: Callable[[str], None] | None) -> Result:
    loop = StormLoop(None)
    world = World(seed, loop, echo=echo)
    if world.plan.shuffled:
        loop._chance = random.Random(f"{seed}:order")
    loop.set_exception_handler(lambda _, context: _unheard(world, context))
    try:
        loop.run_until_complete(_weathered(world))
    except StuckError:
        world.watch.violated("everybody waits for everybody")
    finally:
        loop.close()
    watch = world.watch
    return Result(
        seed, world.trace.digest, watch.violations, world.trace.faults, list(world.trace.lines), len(watch.last),
        len(watch.history), world.kills, len(world.producer.messages), loop.now, loop.steps,
    )  # fmt: skip


def _unheard(world: World, context: dict[str, object]) -> None:
    error = context.get("exception")
    task = context.get("task") or context.get("future")
    life = getattr(task, "life", None)
    if life is None or not life.dead:
        world.watch.violated(f"nobody heard of {error!r}: {context.get('message')}")


async def _weathered(world: World) -> None:
    world.start()
    for node in world.nodes.values():
        world.trouble.add_node(node)
    for order in world.plan.orders:
        send = partial(world.producer.send, order.name, order.body, asks=order.asks, junk=order.junk)
        world.loop.call_later(order.at, send)
    for timed in world.plan.timed:
        world.loop.call_later(timed.at, world.trouble.happen, timed.action)
    await _until(world, world.plan.horizon)
    world.trouble.end()
    await _rest(world)
    if not world.watch.violations:
        audit(world)
    await world.end()


async def _until(world: World, at: float) -> None:
    while world.loop.now < at and not _over(world):
        await asyncio.sleep(min(LOOK_EVERY, at - world.loop.now))


async def _rest(world: World) -> None:
    deadline = world.loop.now + REST_WITHIN
    quiet_since = None
    while not _over(world):
        if world.producer.idle:
            world.trouble.make_known()  # An order to take a node away may have come as late as this.
        moving = restless(world)
        quiet_since = None if moving else quiet_since or world.loop.now
        if quiet_since is not None and world.loop.now - quiet_since >= STAY:
            return
        if world.loop.now >= deadline:
            world.watch.violated(f"no rest {REST_WITHIN:.0f} s after the last fault: {moving}")
            return
        await asyncio.sleep(LOOK_EVERY)


def _over(world: World) -> bool:
    if world.loop.steps > MOST_STEPS:
        world.watch.violated("something spins")
    broken = world.life.broken() if world.life else None
    if broken and not world.life.dead:
        world.watch.violated(f"a loop of the daemon broke: {broken}")
    return bool(world.watch.violations)
