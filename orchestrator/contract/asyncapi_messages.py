"""The messages of the AsyncAPI document: payload schemas from the models that run, headers, examples."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator.contract import examples, headers
from orchestrator.contract.commands import BODIES
from orchestrator.contract.event_models import NodeEventView, TaskEventView
from orchestrator.contract.view_models import AcceptedView, RejectedView
from orchestrator.domain.events import NODE_STATUS_CHANGED, TaskEventType

Json = dict[str, Any]

BINDING_VERSION = "0.3.0"
"""Of the AMQP 0-9-1 bindings: https://www.asyncapi.com/docs/reference/bindings/amqp."""

ANSWERS: Mapping[str, type[BaseModel]] = {"accepted": AcceptedView, "rejected": RejectedView}
EVENTS: Mapping[str, type[BaseModel]] = {
    **{kind.value: TaskEventView for kind in TaskEventType},
    NODE_STATUS_CHANGED: NodeEventView,
}
DEAD_LETTER = "dead-letter"

_TEXT: Json = {"type": "string"}
_TRACEPARENT: Json = {"type": "string", "description": "W3C Trace Context."}


def schemas() -> Json:
    """Give the JSON schema of every model that a message holds."""
    models = [*BODIES.values(), *ANSWERS.values(), *dict.fromkeys(EVENTS.values())]
    _, made = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    defined: Json = made["$defs"]
    return dict(sorted(defined.items()))


def messages() -> Json:
    """Give every message, by name."""
    return {
        **{name: _command(name, model) for name, model in BODIES.items()},
        **{name: _answer(name, model) for name, model in ANSWERS.items()},
        **{name: _event(name, model) for name, model in EVENTS.items()},
        DEAD_LETTER: _dead_letter(),
    }


def _command(name: str, model: type[BaseModel]) -> Json:
    properties: Json = {
        headers.TYPE: {"const": name, "description": "AMQP property: the command, as in the routing key."},
        headers.MESSAGE_ID: {
            "type": "string",
            "description": "AMQP property: idempotency key. The same again gets the same answer and changes nothing.",
        },
        headers.REPLY_TO: {"type": "string", "description": "AMQP property: the queue to which to answer, if wanted."},
        headers.CORRELATION_ID: {"type": "string", "description": "AMQP property: comes back with the answer."},
        headers.TRACEPARENT: _TRACEPARENT,
    }
    shown = [{"payload": body} for body in examples.COMMANDS[name]]
    return _message(name, model, properties=properties, shown=shown, kind="command")


def _answer(name: str, model: type[BaseModel]) -> Json:
    shown = examples.accepted_answer() if name == "accepted" else examples.rejected_answer()
    properties: Json = {headers.CORRELATION_ID: {"type": "string", "description": "AMQP property, from the command."}}
    return _message(name, model, properties=properties, shown=[{"payload": shown}], kind="answer")


def _event(name: str, model: type[BaseModel]) -> Json:
    is_node = name == NODE_STATUS_CHANGED
    shown = examples.node_event() if is_node else examples.task_event(TaskEventType(name))
    properties: Json = {
        headers.TYPE: {"const": name, "description": "AMQP property: the type of the event."},
        headers.MESSAGE_ID: {"type": "string", "description": "AMQP property: the id of the event."},
        headers.TRACEPARENT: _TRACEPARENT,
    }
    made = _message(name, model, properties=properties, shown=[{"payload": shown}], kind="event")
    only = {"type": "object", "properties": {"type": {"const": name}}}
    return {**made, "contentType": headers.CLOUDEVENT, "payload": {"allOf": [made["payload"], only]}}


def _message(name: str, model: type[BaseModel], *, properties: Json, shown: list[Json], kind: str) -> Json:
    made: Json = {
        "name": name,
        "title": name,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "contentType": headers.JSON,
        "headers": {"type": "object", "properties": properties},
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "examples": shown,
        "tags": [{"name": kind}],
        "bindings": {"amqp": {"messageType": name, "bindingVersion": BINDING_VERSION}},
    }
    if headers.CORRELATION_ID in properties:
        made["correlationId"] = {"location": f"$message.header#/{headers.CORRELATION_ID}"}
    return made


def _dead_letter() -> Json:
    reasons = {
        headers.ERROR_TYPE: "What was wrong, for programs.",
        headers.ERROR: "What was wrong, for people.",
        headers.ERROR_FIELDS: "The wrong fields, as JSON text.",
        headers.ORIGINAL_EXCHANGE: "Where it was published.",
        headers.ORIGINAL_ROUTING_KEY: "With which routing key.",
        headers.FAILED_AT: "When it was put aside.",
    }
    return {
        "name": DEAD_LETTER,
        "title": DEAD_LETTER,
        "summary": "A message that could not be understood or settled, as it came, with the reason in its headers.",
        "headers": {
            "type": "object",
            "properties": {key: {**_TEXT, "description": why} for key, why in reasons.items()},
        },
        "payload": {"description": "The body as it came, whatever it is."},
        "tags": [{"name": "dead letter"}],
        "bindings": {"amqp": {"bindingVersion": BINDING_VERSION}},
    }
