"""One prefix names everything, and nothing that is declared can lose a message."""

import pytest

from orchestrator.contract.topology import LOG_SEGMENT_BYTES, Exchange, Queue, Topology


def test_the_default_names_are_the_published_ones():
    topology = Topology()
    assert [exchange.name for exchange in topology.exchanges] == [
        "orchestrator.dead-letters",
        "orchestrator.commands",
        "orchestrator.events",
    ]
    assert [(queue.name, queue.exchange) for queue in topology.queues] == [
        ("orchestrator.dead-letters", "orchestrator.dead-letters"),
        ("orchestrator.commands", "orchestrator.commands"),
        ("orchestrator.events.log", "orchestrator.events"),
    ]


def test_commands_wait_in_a_quorum_queue_that_dead_letters_at_least_once():
    assert (
        Queue(
            name="survey.commands",
            exchange="survey.commands",
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": 5,
                "x-dead-letter-exchange": "survey.dead-letters",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
            binding="#",
        )
        == Topology(prefix="survey", delivery_limit=5).commands
    )


def test_events_are_logged_in_a_bounded_stream():
    assert Topology(log_max_age="7D", log_max_bytes=2 * LOG_SEGMENT_BYTES).events_log.arguments == {
        "x-queue-type": "stream",
        "x-max-age": "7D",
        "x-max-length-bytes": 2 * LOG_SEGMENT_BYTES,
        "x-stream-max-segment-size-bytes": LOG_SEGMENT_BYTES,
    }


def test_exchanges_are_topics():
    assert Exchange("a.events", type="topic") == Topology(prefix="a").events_exchange


@pytest.mark.parametrize("prefix", ["a", "orchestrator-2", "Team.A_b-1", "x" * 100])
def test_a_plain_prefix_is_taken(prefix):
    assert f"{prefix}.commands" == Topology(prefix=prefix).commands.name


@pytest.mark.parametrize("prefix", ["", "a b", "a/b", "ä", "x" * 101, "a\n", "#", "amq.x"])
def test_a_prefix_that_no_broker_should_see_is_refused(prefix):
    with pytest.raises(ValueError, match="prefix"):
        Topology(prefix=prefix)


@pytest.mark.parametrize("age", ["", "7", "7 D", "0D", "7d", "D7"])
def test_an_age_that_rabbitmq_would_not_understand_is_refused(age):
    with pytest.raises(ValueError, match="age"):
        Topology(log_max_age=age)


@pytest.mark.parametrize("bounds", [{"delivery_limit": 0}, {"log_max_bytes": LOG_SEGMENT_BYTES - 1}])
def test_bounds_that_allow_nothing_are_refused(bounds):
    with pytest.raises(ValueError, match="at least one delivery"):
        Topology(**bounds)
