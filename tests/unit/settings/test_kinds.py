"""Durations and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.settings import load
from orchestrator.settings.kinds import seconds, size


@pytest.mark.parametrize(
    ("written", "meant"),
    [(10, 10), (0.5, 0.5), ("10", 10), ("10 s", 10), ("30s", 30), ("10 min", 600), ("2 h", 7200), ("1.5 h", 5400),
     ("500 ms", 0.5), (" 1 d ", 86400), ("10 S", 10)],
)  # fmt: skip
def test_a_duration_is_seconds_or_a_number_with_a_unit(written, meant):
    assert meant == seconds(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [(4096, 4096), ("4096", 4096), ("4 MiB", 4_194_304), ("500 MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("1 B", 1),
     ("2 TiB", 2 * 1024**4)],
)  # fmt: skip
def test_a_size_is_bytes_or_a_number_with_a_unit(written, meant):
    assert meant == size(written)


@pytest.mark.parametrize(
    "nonsense", ["", "s", "10 x", "-1", -1, True, None, [], "1e3", "nan", float("nan"), float("inf")]
)
def test_nonsense_is_neither(nonsense):
    for read in (seconds, size):
        with pytest.raises(ValueError, match=r"a duration|a size"):
            read(nonsense)


@given(st.floats(min_value=0, max_value=1e9), st.sampled_from([("s", 1), ("min", 60), ("h", 3600)]))
def test_units_multiply(number, unit):
    name, factor = unit
    text = f"{number:f}"
    assert pytest.approx(float(text) * factor) == seconds(f"{text} {name}")


def test_the_environment_may_write_durations_so(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR__NODES__PROBE_INTERVAL", "1 min")
    assert 60 == load().nodes.probe_interval
