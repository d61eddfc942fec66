"""Supervision: a failed probe is not an outage, and an outage is told once."""

from datetime import timedelta

from orchestrator.domain.backoff import backoff
from orchestrator.domain.node import Health, NodeOption
from orchestrator.domain.supervision import Barred, Seen, Unseen, observe
from tests.unit.domain.test_placement import INFO, node
from tools.lifecycle_cells import NOW

OFFLINE_AFTER = timedelta(seconds=30)


def after(known, observation, *, seconds=0):
    return observe(known, observation, now=NOW + timedelta(seconds=seconds), offline_after=OFFLINE_AFTER)


def test_a_new_node_that_answers_is_online_and_told():
    seen, event = after(node(1, health=Health.UNKNOWN), Seen(info=INFO))
    assert (Health.ONLINE, NOW, "node-1 is online", 1) == (
        seen.health, seen.last_refreshed, event.reason, event.sequence,
    )  # fmt: skip


def test_a_new_node_that_does_not_answer_is_offline_at_once():
    seen, _ = after(node(1, health=Health.UNKNOWN), Unseen("refused"))
    assert (Health.OFFLINE, "refused") == (seen.health, seen.problem)


def test_an_online_node_is_offline_only_after_a_while():
    first, nothing = after(node(1), Unseen("refused"))
    assert (Health.ONLINE, None) == (first.health, nothing)
    second, event = after(first, Unseen("refused"), seconds=30)
    assert (Health.OFFLINE, "refused") == (second.health, event.reason)
    _, again = after(second, Unseen("refused"), seconds=60)
    assert again is None


def test_a_node_that_answers_again_was_never_away():
    first, _ = after(node(1), Unseen("refused"))
    back, _ = after(first, Seen(info=INFO), seconds=5)
    assert None is back.unreachable_since
    late, _ = after(back, Unseen("refused"), seconds=40)
    assert Health.ONLINE is late.health


def test_an_outage_that_ended_unnoted_is_not_the_beginning_of_the_next():
    noted, _ = after(node(1), Unseen("refused"))
    answered = NOW + timedelta(seconds=300)
    again, _ = after(noted, Unseen("refused", answered), seconds=310)
    assert (Health.ONLINE, NOW + timedelta(seconds=310)) == (again.health, again.unreachable_since)
    gone, _ = after(again, Unseen("refused", answered), seconds=340)
    assert (Health.OFFLINE, NOW + timedelta(seconds=310)) == (gone.health, gone.unreachable_since)


def test_an_answer_from_a_clock_that_was_set_back_since_ends_no_outage():
    noted, _ = after(node(1), Unseen("refused"))
    later, _ = after(noted, Unseen("refused", NOW + timedelta(hours=2)), seconds=30)
    assert (Health.OFFLINE, NOW) == (later.health, later.unreachable_since)


def test_a_node_that_does_not_take_our_token_is_unauthorized_and_not_away():
    barred, event = after(node(1), Barred("token does not match"))
    assert (Health.UNAUTHORIZED, "token does not match") == (barred.health, event.reason)
    assert None is barred.unreachable_since


def test_options_are_kept_when_they_were_not_asked_for():
    known = node(1, options=("dsm",))
    kept, _ = after(known, Seen(info=INFO))
    assert known.options == kept.options
    asked, _ = after(known, Seen(info=INFO, options=(NodeOption("dtm", "bool", "false", "", ""),)))
    assert ["dtm"] == [option.name for option in asked.options]


def test_waits_double_up_to_a_ceiling_and_are_spread():
    assert [1, 2, 4, 8, 60] == [backoff(n, spread=1.0).total_seconds() for n in (1, 2, 3, 4, 99)]
    assert 0.5 == backoff(1, spread=0.0).total_seconds()
