"""Runs storms by the thousand on every processor, or one of them before one's eyes, and ends with a table.

python -m tests.storm --seeds 10000 [--first 1]
python -m tests.storm --replay 424
"""

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
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


def main() -> int:
    """Give 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many storms")
    parser.add_argument("--first", type=int, default=None, help="the first seed (by default the clock says)")
    parser.add_argument("--replay", type=int, default=None, help="run this seed alone, and print all that happens")
    asked = parser.parse_args()
    if asked.replay is not None:
        return _replay(asked.replay)
    first = int(time.time()) * 1000 if asked.first is None else asked.first
    print(f"storms {first} to {first + asked.seeds - 1}, on {os.cpu_count()} processors", flush=True)
    began = time.monotonic()
    totals = _all(range(first, first + asked.seeds))
    print(totals.table())
    print(f"{'seconds':<34} {time.monotonic() - began:>10,.0f}")
    return 1 if totals.failed else 0


def _all(seeds: Iterable[int]) -> Totals:
    totals = Totals()
    # Begun anew, not forked: nothing of this process is theirs.
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), _settle_in) as pool:
        for result in pool.imap_unordered(_one, seeds, chunksize=CHUNK):
            totals.add(result)
            if result.violations:
                print(report(result), flush=True)
    return totals


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


def _replay(seed: int) -> int:
    result = storm(seed, echo=print)
    print(f"seed {seed}: trace {result.digest}")
    for each in result.violations:
        print(f"  {each}")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
