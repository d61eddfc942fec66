"""The published document is whole, true and stable."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.contract.asyncapi import document, text
from orchestrator.contract.asyncapi_messages import ANSWERS, EVENTS
from orchestrator.contract.commands import BODIES, decode_object
from orchestrator.contract.events import EVENT_TYPES
from orchestrator.contract.headers import COMMANDS
from orchestrator.contract.json_text import to_json
from orchestrator.contract.topology import Topology
from orchestrator.domain.problem import Problem

DOCUMENT = document(Topology(prefix="survey"))
MESSAGES = DOCUMENT["components"]["messages"]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference: str) -> Any:
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_every_reference_leads_somewhere():
    found = set(references(DOCUMENT))
    assert len(found) > 70
    for reference in found:
        assert reference.startswith("#/")
        assert resolve(reference)


def test_every_schema_and_message_is_used():
    found = set(references(DOCUMENT))
    for kind in ("schemas", "messages"):
        assert set() == {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} - found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_received_and_answered(name):
    operation = DOCUMENT["operations"][f"receive-{name}"]
    channel = resolve(operation["channel"]["$ref"])
    assert operation["action"] == "receive"
    assert name == channel["address"]
    assert channel["bindings"]["amqp"]["exchange"]["name"] == "survey.commands"
    assert [f"#/channels/{name}/messages/{name}"] == [message["$ref"] for message in operation["messages"]]
    assert operation["reply"]["address"] == {"location": "$message.header#/reply_to"}
    assert set(ANSWERS) == set(resolve(operation["reply"]["channel"]["$ref"])["messages"])
    assert f"#/components/schemas/{BODIES[name].__name__}" == MESSAGES[name]["payload"]["$ref"]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_event_is_sent_and_logged(name):
    operation = DOCUMENT["operations"][f"send-{name}"]
    channel = resolve(operation["channel"]["$ref"])
    assert operation["action"] == "send"
    assert channel["address"].startswith(f"{name}.{{status}}.")
    assert set(channel["parameters"]) == {part[1:-1] for part in channel["address"].split(".") if part[0] == "{"}
    assert channel["bindings"]["amqp"]["exchange"]["name"] == "survey.events"
    assert name in DOCUMENT["channels"]["events-log"]["messages"]
    assert MESSAGES[name]["contentType"] == "application/cloudevents+json"


def test_queues_are_published_with_their_arguments():
    topology = Topology(prefix="survey")
    log, dead = DOCUMENT["channels"]["events-log"], DOCUMENT["channels"]["dead-letters"]
    assert ("survey.events.log", topology.events_log.arguments) == (log["address"], log["x-queue-arguments"])
    assert ("survey.dead-letters", topology.dead_letters.arguments) == (dead["address"], dead["x-queue-arguments"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_of_a_command_is_a_command(name):
    assert MESSAGES[name]["examples"]
    for example in MESSAGES[name]["examples"]:
        assert not isinstance(decode_object(name, example["payload"]), Problem)


@pytest.mark.parametrize(("name", "model"), [*ANSWERS.items(), *EVENTS.items()])
def test_every_example_of_an_answer_or_event_is_as_its_model_says(name, model):
    for example in MESSAGES[name]["examples"]:
        model.model_validate_json(to_json(example["payload"]), strict=True)
        if name in EVENTS:
            assert name == example["payload"]["type"]


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_published_schemas_explain_themselves(name):
    assert DOCUMENT["components"]["schemas"][name].get("description")


def test_the_same_topology_gives_the_same_text():
    assert text(Topology()) == text(Topology())
    assert document(Topology()) == json.loads(text(Topology()))
