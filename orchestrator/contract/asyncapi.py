"""The AsyncAPI 3.0 document of all that goes over the bus, generated from the models that run.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import json
from collections.abc import Iterable

from orchestrator.contract.asyncapi_messages import (
    ANSWERS,
    BINDING_VERSION,
    DEAD_LETTER,
    EVENTS,
    Json,
    messages,
    schemas,
)
from orchestrator.contract.headers import COMMANDS, JSON, REPLY_TO
from orchestrator.contract.topology import Exchange, Queue, Topology
from orchestrator.domain.events import NODE_STATUS_CHANGED
from orchestrator.domain.task import Status

CONTRACT_VERSION = "1.0.0"
"""Of the words on the bus. Within version 1 there may be more of them, but none changes its meaning."""

_REPLIES = "replies"
_EVENTS_LOG = "events-log"
_DEAD_LETTERS = "dead-letters"


def document(topology: Topology) -> Json:
    """Describe every channel, operation and message of an installation."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Orchestrator",
            "version": CONTRACT_VERSION,
            "description": "Moves drone-imagery tasks through processing nodes: commands in, events out.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": _channels(topology),
        "operations": _operations(),
        "components": {"messages": messages(), "schemas": schemas()},
    }


def text(topology: Topology) -> str:
    """Give the document as JSON text; the same topology gives the same text."""
    return json.dumps(document(topology), indent=2, ensure_ascii=False) + "\n"


def _channels(topology: Topology) -> Json:
    commands = {name: _routed(name, name, exchange=topology.commands_exchange) for name in COMMANDS}
    events = {name: _event_channel(name, topology.events_exchange) for name in EVENTS}
    replies = {"address": None, "messages": _messages(ANSWERS), "description": "The queue that the command names."}
    log = _queued(topology.events_log, EVENTS, description="Every event, kept: a stream for late subscribers.")
    dead = _queued(topology.dead_letters, [DEAD_LETTER], description="Messages that wait for a person to look at them.")
    return {**commands, _REPLIES: replies, **events, _EVENTS_LOG: log, _DEAD_LETTERS: dead}


def _operations() -> Json:
    commands = {f"receive-{name}": _receive(name) for name in COMMANDS}
    events = {f"send-{name}": _send(name, [name]) for name in EVENTS}
    return {**commands, **events, "send-dead-letter": _send(_DEAD_LETTERS, [DEAD_LETTER])}


def _event_channel(name: str, exchange: Exchange) -> Json:
    if name == NODE_STATUS_CHANGED:
        channel = _routed(name, f"{name}.{{status}}.{{node}}", exchange=exchange)
        channel["parameters"] = {"status": {"enum": ["online", "offline"]}, "node": {"description": "The node's id."}}
        return channel
    channel = _routed(name, f"{name}.{{status}}.{{project}}.{{task}}", exchange=exchange)
    words = ["none", *(status.name.lower() for status in Status)]
    channel["parameters"] = {
        "status": {"enum": words, "description": "The task's status; none: not on a node yet."},
        "project": {"description": "The id of the task's project."},
        "task": {"description": "The task's id."},
    }
    return channel


def _routed(message: str, address: str, *, exchange: Exchange) -> Json:
    declared = {"name": exchange.name, "type": exchange.type, "durable": True, "autoDelete": False}
    amqp = {"is": "routingKey", "exchange": declared, "bindingVersion": BINDING_VERSION}
    return {"address": address, "messages": _messages([message]), "bindings": {"amqp": amqp}}


def _queued(queue: Queue, names: Iterable[str], *, description: str) -> Json:
    declared = {"name": queue.name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": queue.name,
        "description": description,
        "messages": _messages(names),
        "bindings": {"amqp": {"is": "queue", "queue": declared, "bindingVersion": BINDING_VERSION}},
        # The bindings have no word for a queue's arguments.
        "x-queue-arguments": dict(queue.arguments),
    }


def _receive(name: str) -> Json:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": _references(name, [name]),
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
        "reply": {
            "address": {"location": f"$message.header#/{REPLY_TO}"},
            "channel": {"$ref": f"#/channels/{_REPLIES}"},
            "messages": _references(_REPLIES, ANSWERS),
        },
    }


def _send(channel: str, names: Iterable[str]) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": _references(channel, names),
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING_VERSION}},
    }


def _messages(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _references(channel: str, names: Iterable[str]) -> list[Json]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
