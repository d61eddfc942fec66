"""Runs storms by the thousand on every processor, or one of them before one's eyes, and ends with a table.

python -m tests.storm --seeds 10000 [--first 1]
python -m tests.storm --replay 424
"""

import argparse
import os
import sys
import time

from tests.storm.many import Totals, report, storms
from tests.storm.run import storm


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
    totals = Totals()
    for result in storms(range(first, first + asked.seeds)):
        totals.add(result)
        if result.violations:
            print(report(result), flush=True)
    print(totals.table())
    print(f"{'seconds':<34} {time.monotonic() - began:>10,.0f}")
    return 1 if totals.failed else 0


def _replay(seed: int) -> int:
    result = storm(seed, echo=print)
    print(f"seed {seed}: trace {result.digest}")
    for each in result.violations:
        print(f"  {each}")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
