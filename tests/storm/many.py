"""Many storms on every processor, and what they came to."""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.storm.run import Result, storm

CHUNK = 20
SHOWN = 60
"""Lines of a failed storm's end that are printed."""


@dataclass
class Totals:
    """What many storms came to."""

    seeds: int = 0
    tasks: int = 0
    commands: int = 0
    events: int = 0
    kills: int = 0
    hours: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one storm."""
        self.seeds += 1
        self.tasks += result.tasks
        self.commands += result.commands
        self.events += result.events
        self.kills += result.kills
        self.hours += result.seconds / 3600
        self.faults += result.faults
        if result.violations:
            self.failed.append(result)

    def table(self) -> str:
        """Give the figures, one to a line."""
        rows = [
            ("seeds", self.seeds), ("tasks", self.tasks), ("commands", self.commands), ("events", self.events),
            ("kills", self.kills), ("hours of virtual time", round(self.hours)),
            ("faults", sum(self.faults.values())),
            *((f"  {kind}", count) for kind, count in sorted(self.faults.items())),
            ("violations", len(self.failed)),
        ]  # fmt: skip
        return "\n".join(f"{name:<34} {count:>10,}" for name, count in rows)


def storms(seeds: Iterable[int]) -> Iterator[Result]:
    """Run them all."""
    # Begun anew, not forked: nothing of this process is theirs.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, initializer=_settle_in) as pool:
        yield from pool.map(_one, seeds, chunksize=CHUNK)


def _settle_in() -> None:
    """Keep what is imported out of the garbage collector's rounds."""
    storm(0)
    gc.freeze()


def _one(seed: int) -> Result:
    result = storm(seed)
    if not result.violations:
        result.lines.clear()
    return result


def report(result: Result) -> str:
    """Say what was violated, and how to see it again."""
    end = "\n".join(f"    {line[:200]}" for line in result.lines[-SHOWN:])
    said = "\n".join(f"  {each}" for each in result.violations[:5])
    return f"seed {result.seed} (trace {result.digest[:16]})\n{said}\n{end}\n  again: {again(result.seed)}"


def again(seed: int) -> str:
    """Give the command that replays a seed."""
    return f"python -m tests.storm --replay {seed}"
