"""Ids that a person types, and the message ids of replays."""

from typing import Any

import pytest

from orchestrator.domain.dead_letters import Change, Letter, id_fits, replay_id


def a_letter(**fields) -> Letter:
    given: dict[str, Any] = {
        "id": "k01m2q9d",
        "exchange": "x.commands",
        "routing_key": "create-task",
        "type": None,
        "at": None,
    }
    given |= {"message_id": None, "size": 2, "error_type": "unreadable", "error": "No."}
    return Letter(**(given | fields))


@pytest.mark.parametrize("typed", ["k01m2q9d", "K01M", "kO1m", "koim", "kolm-2q9d", " k01m2 "])
def test_an_id_is_known_by_its_beginning_however_it_was_copied(typed):
    assert id_fits(typed, "k01m2q9d")


@pytest.mark.parametrize("typed", ["", "k01", "k01n", "k01m2q9d0", "01m2q9d"])
def test_too_little_or_something_else_is_no_id(typed):
    assert not id_fits(typed, "k01m2q9d")


@pytest.mark.parametrize(
    ("fields", "command"),
    [({}, "create-task"), ({"type": "commit-task"}, "commit-task"), ({"exchange": ""}, "")],
)
def test_a_letter_names_its_command_as_a_delivery_does(fields, command):
    assert command == a_letter(**fields).command


@pytest.mark.parametrize(
    ("own", "rejected", "fresh", "id_"),
    [
        ("m", 0, False, "m"),
        ("m", 3, False, "m"),
        ("m", 0, True, "dead-letter/k01m2q9d/1"),
        (None, 0, False, "dead-letter/k01m2q9d/1"),
        (None, 2, True, "dead-letter/k01m2q9d/3"),
    ],
)
def test_a_replay_keeps_its_id_or_gets_one_that_only_a_rejection_changes(own, rejected, fresh, id_):
    assert id_ == replay_id(a_letter(message_id=own), rejected=rejected, fresh=fresh)


def test_a_new_message_id_alone_is_no_edit():
    assert not Change(new_message_id=True).edits
    assert Change(body=b"").edits
    assert Change(command="create-task").edits
