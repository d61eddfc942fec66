"""Routing key patterns, as a topic exchange matches them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.contract.patterns import Topic, matches

WORDS = st.sampled_from(["task", "created", "27", ""])
KEY = "task.status-changed.completed.27.134"


@pytest.mark.parametrize(
    "pattern", ["#", KEY, "task.#", "#.134", "task.*.completed.#", "*.*.*.*.*", "#.#", "task.#.134"]
)
def test_a_pattern_takes_the_keys_it_describes(pattern):
    assert Topic.of(pattern).matches(KEY)


@pytest.mark.parametrize("pattern", ["task", "*", "task.*", "#.135", "task.#.created.#", "*.*.*.*.*.*", "Task.#"])
def test_a_pattern_takes_no_others(pattern):
    assert not Topic.of(pattern).matches(KEY)


@given(st.lists(WORDS | st.sampled_from(["*", "#"]), min_size=1, max_size=6), st.lists(WORDS, min_size=1, max_size=6))
def test_a_pattern_matches_as_its_plain_definition_says(pattern, key):
    def fits(parts, words):
        if not parts:
            return not words
        if parts[0] == "#":
            return any(fits(parts[1:], words[start:]) for start in range(len(words) + 1))
        return bool(words) and parts[0] in {"*", words[0]} and fits(parts[1:], words[1:])

    shown, told = ".".join(pattern), ".".join(key)
    if shown and told:
        assert fits(pattern, key) == matches(shown, told)


@pytest.mark.parametrize("pattern", ["", "x" * 256, "ü" * 128])
def test_a_pattern_that_no_broker_takes_is_refused(pattern):
    with pytest.raises(ValueError, match=re.escape("The pattern must be 1 to 255 bytes long")):
        Topic.of(pattern)


def test_no_pattern_is_costly():
    assert not Topic.of("#." * 120 + "x").matches("a." * 120 + "b")
