"""A daemon dies at a crash point when its environment asks for it, and otherwise knows nothing of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import crashing
from orchestrator.bus.memory import MemoryBus
from orchestrator.crashing.trigger import AT, TRAIL, Trigger


def test_a_daemon_that_nobody_asked_to_die_is_not_wrapped():
    bus = MemoryBus()
    assert None is crashing.TRIGGER
    assert bus is crashing.around_bus(bus)


def test_an_environment_that_names_no_point_of_ours_is_refused():
    with pytest.raises(ValueError, match="there is no crash point 'lunch'"):
        Trigger.of({AT: "lunch"})


def test_a_point_that_is_not_listed_cannot_be_passed():
    with pytest.raises(LookupError, match="is not listed"):
        Trigger(point="ack.before").reached("lunch")


def test_points_passed_leave_a_trail(tmp_path):
    trail = tmp_path / "trail"
    trigger = Trigger.of({TRAIL: str(trail)})
    assert trigger
    for point in ("ack.before", "ack.after", "ack.before"):
        trigger.reached(point)
    assert "ack.before\nack.after\nack.before\n" == trail.read_text()


def test_the_process_dies_at_the_passing_that_was_named(tmp_path):
    trail = tmp_path / "trail"
    code = "from orchestrator.crashing import TRIGGER\nwhile True: TRIGGER.reached('ack.after')"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={AT: "ack.after:3", TRAIL: str(trail)}, cwd=Path.cwd(), check=False
    )
    assert (-9, ["ack.after"] * 3) == (ended.returncode, trail.read_text().split())
