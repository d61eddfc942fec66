"""What a person sees: a line now and then while it runs, and a table in the end."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.faults import Faults
from tests.chaos.fleet import Fleet
from tests.chaos.orders import Orders

EVERY = 10.0
"""Seconds between two lines."""
MOST_SHOWN = 50


@dataclass
class Report:
    """Tells of a run that began at that moment (monotonic)."""

    fleet: Fleet
    faults: Faults
    orders: Orders
    began: float
    phase: str = "breaking"

    async def run(self) -> None:
        """Tell how it goes, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            print(self.line(), flush=True)

    def line(self) -> str:
        """Say how it stands."""
        watcher, orders = self.fleet.watcher, self.orders
        unanswered = len(orders.unanswered())
        return (
            f"{time.monotonic() - self.began:5.0f} s  {self.phase}: "
            f"{len(orders.tasks)} tasks begun, {watcher.over()} ended; "
            f"{len(orders.commands)} commands, {unanswered} unanswered; {len(watcher.seen)} events; "
            f"{self.faults.counts.total()} faults ({self.faults.counts['kill a daemon']} kills)"
        )

    def table(self, violations: Sequence[str], *, minutes: float) -> str:
        """Give the figures, and the violations."""
        fleet, faults, orders = self.fleet, self.faults, self.orders
        rows = {
            "minutes of faults": f"{minutes:g}",
            "daemons": len(fleet.daemons),
            "nodes": len(fleet.nodes),
            "kills": faults.counts["kill a daemon"],
            "faults": faults.counts.total(),
            **{f"fault: {what}": count for what, count in sorted(faults.counts.items())},
            "tasks": len(orders.tasks),
            "commands": len(orders.commands),
            **{f"command: {what}": count for what, count in sorted(orders.counts.items())},
            "events": len(fleet.watcher.seen),
            "events that came again": fleet.watcher.repeats,
            "violations": len(violations),
        }
        shown = {name: f"{count:,}" if isinstance(count, int) else count for name, count in rows.items()}
        lines = ["| what | how many |", "|---|---:|", *(f"| {name} | {count} |" for name, count in shown.items())]
        return "\n".join([*lines, *(f"VIOLATED: {violation}" for violation in violations[:MOST_SHOWN])])
