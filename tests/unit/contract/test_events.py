"""Events are CloudEvents that can be told apart, ordered and filtered."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid5

import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_structured
from cloudevents.core.formats.json import JSONFormat

from orchestrator.contract.event_models import NodeEventView, TaskEventView
from orchestrator.contract.events import (
    EVENT_TYPES,
    NAMESPACE,
    check_source,
    render,
    routing_key,
    traceparent_of,
    type_in,
    type_of,
)
from orchestrator.contract.examples import NODE, TASK
from orchestrator.contract.headers import CLOUDEVENT
from orchestrator.contract.json_text import to_json
from orchestrator.contract.views import public_node, public_task
from orchestrator.domain.events import Event, NodeEvent, TaskEvent, TaskEventType
from orchestrator.domain.node import Health
from orchestrator.domain.task import Status

NOON = datetime(2026, 5, 7, 12, 0, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACED = replace(TASK, traceparent=TRACE)
COMPLETED = TaskEvent(TaskEventType.STATUS_CHANGED, TRACED, Status.RUNNING, "All results are here", NOON)
ONLINE = NodeEvent(NODE, "It answers again", NOON)
ALL: list[Event] = [*(TaskEvent(kind, TRACED, None, "Why", NOON) for kind in TaskEventType), ONLINE]


def test_a_task_event_tells_the_whole_task_and_what_was_before():
    envelope = render(COMPLETED, source="/orchestrator")
    assert {
        "specversion": "1.0",
        "id": envelope["id"],
        "source": "/orchestrator",
        "type": "task.status-changed",
        "subject": "tasks/134",
        "time": "2026-05-07T12:00:00.000000Z",
        "datacontenttype": "application/json",
        "sequence": 17,
        "partitionkey": "tasks/134",
        "traceparent": TRACE,
        "data": {"task": public_task(TASK), "previous_status": 20, "reason": "All results are here"},
    } == envelope


def test_a_node_event_tells_the_node():
    envelope = render(ONLINE)
    assert envelope["type"] == "processing-node.status-changed"
    assert "processing-nodes/3" == envelope["subject"] == envelope["partitionkey"]
    assert envelope["sequence"] == 4
    assert {"processing_node": public_node(NODE), "reason": "It answers again"} == envelope["data"]


def test_without_a_trace_there_is_no_traceparent():
    assert "traceparent" not in render(replace(COMPLETED, task=TASK))


@pytest.mark.parametrize("event", ALL)
def test_the_cloudevents_sdk_reads_every_event(event):
    envelope = render(event, source="https://maps.example.org/orchestrator")
    message = RabbitMQMessage(headers={}, content_type=CLOUDEVENT, body=to_json(envelope))
    read = from_structured(message, JSONFormat())
    attributes = {**read.get_attributes(), "data": read.get_data()}
    assert envelope | {"time": NOON} == attributes


@pytest.mark.parametrize("event", ALL)
def test_every_event_is_as_its_model_says(event):
    model = TaskEventView if isinstance(event, TaskEvent) else NodeEventView
    envelope = render(event)
    read = model.model_validate_json(to_json(envelope))
    assert set(envelope) == read.model_fields_set
    assert set(model.model_fields) - set(envelope) <= {"traceparent"}
    assert set(envelope["data"]) == set(type(read.data).model_fields)


def test_every_type_of_event_is_listed():
    assert tuple(render(event)["type"] for event in ALL) == EVENT_TYPES


def test_an_event_rendered_again_is_the_same_to_the_byte():
    assert to_json(render(COMPLETED)) == to_json(render(COMPLETED))


def test_ids_are_version_5_uuids():
    name = "/here/tasks/134/2026-05-07T09:30:00.000000Z/17"
    assert str(uuid5(NAMESPACE, name)) == render(COMPLETED, source="/here")["id"]


@pytest.mark.parametrize(
    "other",
    [
        replace(COMPLETED, task=replace(TASK, version=18)),
        replace(COMPLETED, task=replace(TASK, id=135)),
        replace(COMPLETED, task=replace(TASK, created_at=NOON)),
        NodeEvent(replace(NODE, id=134, version=17, created_at=TASK.created_at), "Why", NOON),
    ],
)
def test_different_events_have_different_ids(other):
    assert render(COMPLETED)["id"] != render(other)["id"]


def test_installations_with_different_sources_have_different_ids():
    assert render(COMPLETED, source="/a")["id"] != render(COMPLETED, source="/b")["id"]


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (COMPLETED, "task.status-changed.completed.27.134"),
        (replace(COMPLETED, task=replace(TASK, status=Status.CANCELED)), "task.status-changed.canceled.27.134"),
        (replace(COMPLETED, type=TaskEventType.CREATED, task=replace(TASK, status=None)), "task.created.none.27.134"),
        (replace(COMPLETED, type=TaskEventType.PENDING_ACTION_SET), "task.pending-action-set.completed.27.134"),
        (ONLINE, "processing-node.status-changed.online.3"),
        (replace(ONLINE, node=replace(NODE, health=Health.OFFLINE)), "processing-node.status-changed.offline.3"),
        (replace(ONLINE, node=replace(NODE, health=Health.UNKNOWN)), "processing-node.status-changed.offline.3"),
        (replace(ONLINE, node=replace(NODE, health=Health.UNAUTHORIZED)), "processing-node.status-changed.offline.3"),
    ],
)
def test_subscribers_can_filter_by_any_part_of_the_key(event, key):
    assert key == routing_key(event)


def test_an_event_never_holds_a_token():
    assert b"s3cret" not in to_json(render(replace(ONLINE, node=replace(NODE, token="s3cret"))))


def test_text_that_is_not_unicode_does_not_stop_an_event():
    body = to_json(render(replace(COMPLETED, reason="No such file: D\udcfcsseldorf.JPG")))
    assert json.loads(body)["data"]["reason"] == "No such file: D?sseldorf.JPG"


@pytest.mark.parametrize("source", ["/orchestrator", "https://maps.example.org/o?x=%20#y", "urn:uuid:1", "here"])
def test_a_uri_reference_is_a_source(source):
    assert source == check_source(source)


@pytest.mark.parametrize("source", ["", "a b", "/ö", "/a%2", "\n", "<a>"])
def test_what_is_no_uri_reference_is_no_source(source):
    with pytest.raises(ValueError, match="must be a URI or a path"):
        check_source(source)


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_type_and_trace_are_found_without_reading_the_body(event: Event):
    body = to_json(render(event))
    assert type_of(event) == type_in(routing_key(event))
    assert json.loads(body).get("traceparent") == traceparent_of(body)


def test_a_trace_within_the_data_is_none_of_the_events():
    sly = replace(TASK, name='","traceparent":"x"', reference='"traceparent":"x"', traceparent="")
    assert traceparent_of(to_json(render(TaskEvent(TaskEventType.CREATED, sly, None, "", NOON)))) is None
