"""Whatever comes in, decoding ends in a command or in a problem."""

import json
from typing import get_args

from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.contract.answers import rejected
from orchestrator.contract.commands import BODIES, decode, decode_object
from orchestrator.contract.complaints import MAX_ERRORS
from orchestrator.contract.json_text import to_json
from orchestrator.domain.commands import Command
from orchestrator.domain.problem import Problem

COMMANDS = (*get_args(Command),)
NAMES = st.sampled_from(sorted(BODIES))
FIELDS = sorted({field for body in BODIES.values() for field in body.model_fields} | {"uri", "value", "other"})

WORDS = st.sampled_from(
    ["/a.JPG", "http://n:3000/?token=a", "CANCEL", "restart", "node-1", "[::1]", "\0", "\udcff", ""]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
KEYS = st.sampled_from(FIELDS) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def assert_settled(outcome: object) -> None:
    assert isinstance(outcome, (*COMMANDS, Problem))
    if isinstance(outcome, Problem):
        assert outcome.detail
        assert len(outcome.errors) <= MAX_ERRORS
        json.loads(to_json(rejected("any", outcome)))


@given(name=NAMES | st.text(), body=st.binary())
@example(name="create-task", body=b"[" * 100_000)
@example(name="create-task", body=b'{"options":{"a":' + b"9" * 5000 + b"}}")
@example(name="create-task", body=b'{"images":["/a"],"options":{"a":' + b"9" * 4300 + b"}}")
def test_any_bytes_settle(name, body):
    assert_settled(decode(name, body))


@given(name=NAMES, body=VALUES)
def test_any_json_settles(name, body):
    assert_settled(decode(name, json.dumps(body).encode()))


@given(name=NAMES, data=st.data())
def test_any_values_in_known_fields_settle(name, data):
    fields = sorted(BODIES[name].model_fields)
    body = data.draw(st.dictionaries(st.sampled_from(fields), VALUES))
    assert_settled(decode(name, json.dumps(body).encode()))
    assert_settled(decode_object(name, body))


@given(name=NAMES, body=st.dictionaries(KEYS.filter(lambda key: "\udcff" not in key), VALUES))
def test_both_doors_are_equally_wide(name, body):
    text = json.dumps(body)
    if "\\udcff" in text or "NaN" in text:
        return
    by_bytes, by_object = decode(name, text.encode()), decode_object(name, body)
    assert by_object == by_bytes
