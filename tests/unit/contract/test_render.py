"""The renderer is what the engine asks for."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrator.contract.answers import accepted, rejected
from orchestrator.contract.examples import NODE, TASK
from orchestrator.contract.render import WireRenderer
from orchestrator.domain.events import NodeEvent, OutboxEntry, TaskEvent, TaskEventType
from orchestrator.domain.problem import conflict
from orchestrator.engine.ports import Accepted, Rejected, Renderer

NOON = datetime(2026, 5, 7, 12, 0, tzinfo=UTC)
CREATED = TaskEvent(TaskEventType.CREATED, TASK, None, "", NOON)


def test_it_fits_the_engines_port():
    renderer: Renderer = WireRenderer()
    assert isinstance(renderer.event(CREATED, number=1), OutboxEntry)


def test_answers_are_json():
    renderer = WireRenderer()
    problem = conflict("It has ended")
    assert accepted("commit-task", TASK) == json.loads(renderer.answer(Accepted("commit-task", TASK)))
    assert rejected("commit-task", problem) == json.loads(renderer.answer(Rejected("commit-task", problem)))


@pytest.mark.parametrize(
    ("event", "key", "routing_key"),
    [
        (CREATED, "tasks/134", "task.created.completed.27.134"),
        (NodeEvent(NODE, "", NOON), "processing-nodes/3", "processing-node.status-changed.online.3"),
    ],
)
def test_an_entry_has_what_the_relay_needs(event, key, routing_key):
    entry = WireRenderer(source="/here").event(event, number=42)
    body = json.loads(entry.body)
    assert OutboxEntry(number=42, id=body["id"], key=key, routing_key=routing_key, body=entry.body) == entry
    assert body["source"] == "/here"
    assert "traceparent" not in body


def test_an_event_carries_the_trace_of_the_command_that_moved_its_task():
    traced = replace(CREATED, task=replace(CREATED.task, traceparent="00-a-b-01"))
    body = WireRenderer().event(traced, number=1).body
    assert json.loads(body)["traceparent"] == "00-a-b-01"


def test_a_source_that_is_no_uri_reference_is_refused_at_once():
    with pytest.raises(ValueError, match="source"):
        WireRenderer(source="not a uri")
