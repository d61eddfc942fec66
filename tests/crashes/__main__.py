"""The long form: every story, killed once at every passing of every point: `make crash-points` (ARGS="--passings 2").

Each story is first played without a kill, which shows what it passes and how often; then once for each of those
passings, up to a limit. It ends with a table, and with exit code 1 if anything was lost, run twice, or left behind.
"""

import argparse
import asyncio
import itertools
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog

from orchestrator.crashing import POINTS
from tests.crashes.nursery import Nursery
from tests.crashes.stories import STORIES, Story
from tests.crashes.verdict import Outcome, compare, run


class Survey:
    """The figures of all runs."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.killed_at: set[str] = set()
        self.violations: list[str] = []

    def note(self, outcome: Outcome) -> None:
        """Add a run."""
        self.counts["runs"] += 1
        self.counts["kills"] += len(outcome.kills)
        self.counts["tasks"] += outcome.tasks
        self.counts["events"] += outcome.events
        self.counts["events received twice"] += outcome.repeats
        self.killed_at.update(kill.partition(":")[0] for kill in outcome.kills)

    def table(self, *, seconds: float) -> str:
        """Give the figures as a table."""
        rows = {
            "crash points listed": len(POINTS),
            "crash points killed at": len(self.killed_at),
            **{name: self.counts[name] for name in ("runs", "kills", "tasks", "events", "events received twice")},
            "violations": len(self.violations),
            "minutes": round(seconds / 60, 1),
        }
        return "\n".join(
            ["| what | how many |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows.items())]
        )


Play = Callable[..., Awaitable[Outcome]]


async def survey(folder: Path, *, amqp_url: str, passings: int, beside: int, only: str) -> Survey:
    """Play everything; ``beside`` runs go side by side, each with a folder and names of its own."""
    found = Survey()
    slots = asyncio.Semaphore(beside)
    async with Nursery() as nursery:
        for name, story in STORIES.items():
            if only in name:
                play = partial(run, story, nursery=nursery, amqp_url=amqp_url)
                await _survey_story(name, story, play, found, folder=folder / name, passings=passings, slots=slots)
    return found


async def _survey_story(
    name: str, story: Story, play: Play, found: Survey, *, folder: Path, passings: int, slots: asyncio.Semaphore
) -> None:
    try:
        crash_free = await play([], folder=folder / "crash-free")
    except Exception as error:  # noqa: BLE001 - a finding like any other; there is nothing to compare the rest with
        found.violations.append(f"{name}: {str(error) or repr(error)}"[:4000])
        return
    found.note(crash_free)
    found.violations += [f"{name}: {each}" for each in crash_free.violations]
    print(f"\n{name}: passes {len(crash_free.passed)} points", end=" ", flush=True)

    numbers = itertools.count(1)  # Short names: the daemon's socket lies below.

    async def die(points: list[str], **kind: bool) -> None:
        where = f"{name}, killed at {', '.join(points)}"
        async with slots:
            try:
                outcome = await play(points, folder=folder / str(next(numbers)), **kind)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding, and the others go on
                found.violations.append(f"{where}: {str(error) or repr(error)}"[:4000])
                return
        found.note(outcome)
        found.violations += [f"{where}: {each}" for each in compare(outcome, crash_free)]
        print("." if outcome.kills else "-", end="", flush=True)

    chains = [die(list(chain)) for chain in story.chains]
    singles = [
        die([f"{point}:{passing}"], must_die=False)
        for point, count in crash_free.passed.items()
        for passing in range(1, min(count, passings) + 1)
        if story.anywhere
    ]
    await asyncio.gather(*chains, *singles)


def main() -> int:
    """Run, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    parser.add_argument("--passings", type=int, default=3, help="passings of each point, at most (default: 3)")
    parser.add_argument("--beside", type=int, default=3, help="runs side by side (default: 3)")
    parser.add_argument("--only", default="", help="stories with this in their name")
    given = parser.parse_args()
    amqp_url = os.environ.get("ORCHESTRATOR_TEST_AMQP_URL", "")
    if not amqp_url:
        print("ORCHESTRATOR_TEST_AMQP_URL names no broker: run `make crash-points`.", file=sys.stderr)
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crashes-", ignore_cleanup_errors=True) as folder:
        found = asyncio.run(
            survey(Path(folder), amqp_url=amqp_url, passings=given.passings, beside=given.beside, only=given.only)
        )
    print("\n", *found.violations, "", found.table(seconds=time.monotonic() - began), sep="\n")
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
