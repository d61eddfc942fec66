"""From a message on the shelf to a dead letter: whatever lies there, there is one, and it keeps its id."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.bus.letters import letter_of
from orchestrator.bus.port import DeadLetter, Delivery
from orchestrator.bus.reasons import reasons
from orchestrator.contract.json_text import to_json
from orchestrator.contract.letter_views import whole_letter
from orchestrator.domain.problem import FieldError, Problem

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROBLEM = Problem("validation", "t", 422, "name is required", (FieldError("name", "is required"),))


def a_delivery(**fields: Any) -> Delivery:
    given = {"exchange": "x.commands", "routing_key": "create-task", "redelivered": False, "body": b"{}"}
    return Delivery(1, 1, **(given | fields))


def on_the_shelf(**fields: Any) -> Delivery:
    """Give the copy of a refused command as it lies there."""
    delivery = a_delivery(**fields)
    return replace(delivery, exchange="x.dead-letters", headers=reasons(DeadLetter(delivery, PROBLEM, NOON)))


def test_what_we_put_aside_is_told_from_our_headers():
    letter = letter_of(on_the_shelf(message_id="m", headers={"mine": 1}))
    assert ("create-task", "x.commands", "m", NOON, "validation", "name is required", {"mine": 1}) == (
        letter.command, letter.exchange, letter.message_id, letter.at, letter.error_type, letter.error, letter.headers,
    )  # fmt: skip
    assert PROBLEM.errors == letter.errors


DEATH = {"reason": "delivery_limit", "exchange": "x.commands", "routing-keys": ["create-task"], "count": 1}


@pytest.mark.parametrize(
    ("death", "type_", "command"),
    [
        ([DEATH | {"time": NOON}], "delivery-limit", "create-task"),
        ([DEATH | {"exchange": ""}], "delivery-limit", ""),
        ([{"reason": "odd"}], "odd", ""),
        ([], "unknown", "k"),
        ("nonsense", "unknown", "k"),
        ([7], "unknown", "k"),
    ],
)
def test_what_the_broker_put_aside_is_told_from_its_headers(death, type_, command):
    letter = letter_of(a_delivery(routing_key="k", headers={"x-death": death}))
    assert (type_, command) == (letter.error_type, letter.command)
    assert letter.error.endswith(".")


def test_an_id_is_eight_signs_and_stays_however_often_the_letter_was_looked_at():
    delivery = on_the_shelf()
    again = replace(delivery, tag=9, session=4, headers={**delivery.headers, "x-delivery-count": 3}, redelivered=True)
    assert letter_of(delivery).id == letter_of(again).id
    assert 8 == len(letter_of(delivery).id)
    others = [on_the_shelf(message_id="m"), on_the_shelf(body=b"{ }"), on_the_shelf(type="x"), a_delivery()]
    assert 5 == len({letter_of(each).id for each in (delivery, *others)})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["x-death", "x-orchestrator-error-type", "x-orchestrator-error-fields",
                         "x-orchestrator-failed-at", "x-orchestrator-exchange", "token", "other"])  # fmt: skip


@given(headers=st.dictionaries(names, anything, max_size=5), body=st.binary(max_size=200), word=st.text(max_size=10))
def test_whatever_lies_there_can_be_shown(headers, body, word):
    letter = letter_of(a_delivery(headers=headers, body=body, routing_key=word, message_id=word, type=word))
    assert to_json(whole_letter(letter, ()))
