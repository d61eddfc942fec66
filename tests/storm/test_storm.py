"""The storm, in the measure that every run of the tests bears: fresh seeds, and each that ever found something."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.storm.many import report
from tests.storm.run import storm

FRESH = 300
SECONDS = 20.0
"""How long fresh seeds are tried at most."""

FAILED = [
    int(line.split()[0])
    for line in Path(__file__).with_name("failed_seeds.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_fresh_seeds_violate_nothing():
    base = int(time.time()) * 1000
    print(f"seeds from {base}")
    until = time.monotonic() + SECONDS
    for seed in range(base, base + FRESH):
        result = storm(seed)
        assert not result.violations, report(result)
        if time.monotonic() > until:
            break


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_once_found_something_finds_it_no_more(seed):
    result = storm(seed)
    assert not result.violations, report(result)


def test_a_seed_is_the_same_storm_again_bit_for_bit():
    digests = [[storm(seed).digest for seed in (3, 46, 424)] for _ in range(2)]
    assert digests[0] == digests[1]
    assert 3 == len(set(digests[0]))


@pytest.mark.parametrize("salt", ["1", "2"])
def test_a_seed_is_the_same_storm_in_another_process(salt):
    """Neither the hashes of texts nor the addresses of objects may decide anything."""
    script = "from tests.storm.run import storm; print(*(storm(seed).digest for seed in range(20, 30)))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": salt}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True, timeout=50,
    )  # fmt: skip
    assert [storm(seed).digest for seed in range(20, 30)] == done.stdout.split()
