"""Commands that change something: what is sent, what is printed, how it ends."""

import json
from pathlib import Path

import pytest

from orchestrator.contract.commands import decode
from orchestrator.contract.views import public_node, public_project, public_task
from orchestrator.domain.errors import StoreError
from orchestrator.domain.problem import FieldError, conflict, invalid
from tests.unit.api.samples import a_node, a_project, a_task

CREATE = {
    "images": ["/a/DJI_1.jpg", "https://host/DJI_2.jpg"],
    "name": "Field 1",
    "project": 27,
    "options": [{"name": "dsm", "value": True}, {"name": "feature-quality", "value": "high"}],
    "processing_node": 2,
    "auto_processing_node": False,
    "priority": 9,
    "reference": "survey-7",
    "ground_control_points": "/a/gcp.txt",
    "resize_to": 2048,
    "tags": ["a", "b"],
    "partial": True,
}
WORDS = ["/a/DJI_1.jpg", "https://host/DJI_2.jpg", "--name", "Field 1", "--project", "27", "-o", "dsm=true"]
WORDS += ["--option", "feature-quality=high", "--node", "2", "--no-auto", "--priority", "9", "--reference", "survey-7"]
WORDS += ["--gcp", "/a/gcp.txt", "--resize-to", "2048", "--tag", "a", "--tag", "b", "--partial"]


def test_task_create_sends_all_that_was_said(side, orchestrator):
    result = orchestrator("task", "create", *WORDS, "--message-id", "m-1")
    assert 0 == result.exit_code, result.output
    (order,) = side.rooms.desk.orders
    assert decode("create-task", json.dumps(CREATE).encode()) == order.command
    assert "m-1" == order.message_id
    assert "Task 134: -, waiting ().\n" == result.stdout


def test_task_create_sends_paths_that_hold_elsewhere_too(side, orchestrator, tmp_path):
    orchestrator("task", "create", "img", "*.jpg", "--gcp", "gcp.txt")
    command = side.rooms.desk.orders[0].command
    assert [f"{tmp_path}/img", f"{tmp_path}/*.jpg"] == [source.uri for source in command.sources]
    assert f"{tmp_path}/gcp.txt" == command.ground_control_points


SENT = [
    (["task", "commit", "134", "/a.jpg"], "commit-task", {"task": 134, "images": ["/a.jpg"]}),
    (["task", "update", "survey-7", "--priority", "0", "--auto"], "update-task",
     {"reference": "survey-7", "priority": 0, "auto_processing_node": True}),
    (["task", "update", "1", "-o", "dsm", "--name", "n", "--project", "2", "--node", "3", "--tag", "t"], "update-task",
     {"task": 1, "name": "n", "options": {"dsm": True}, "project": 2, "processing_node": 3, "tags": ["t"]}),
    (["task", "cancel", "134"], "set-pending-action", {"task": 134, "pending_action": 1}),
    (["task", "remove", "134"], "set-pending-action", {"task": 134, "pending_action": 2}),
    (["task", "restart", "134"], "set-pending-action", {"task": 134, "pending_action": 3}),
    (["project", "create", "P", "--description", "D"], "create-project", {"name": "P", "description": "D"}),
    (["project", "update", "27", "--description", ""], "update-project", {"project": 27, "description": ""}),
    (["project", "delete", "27"], "delete-project", {"project": 27}),
    (["node", "add", "node-1:3000", "--token", "t", "--label", "L"], "add-processing-node",
     {"url": "http://node-1:3000", "token": "t", "label": "L"}),
    (["node", "update", "1", "--url", "https://n", "--token", ""], "update-processing-node",
     {"processing_node": 1, "url": "https://n", "token": ""}),
    (["node", "remove", "1", "--force"], "remove-processing-node", {"processing_node": 1, "force": True}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "name", "body"), SENT, ids=[" ".join(it[0][:3]) for it in SENT])
def test_each_command_sends_what_was_said(side, orchestrator, words, name, body):
    kind = words[0]
    side.rooms.desk.outcome = {"task": a_task(), "project": a_project(), "node": a_node()}[kind]
    result = orchestrator(*words)
    assert (0, "") == (result.exit_code, result.stderr)
    assert [decode(name, json.dumps(body).encode())] == [order.command for order in side.rooms.desk.orders]
    assert 1 == result.stdout.count("\n")


@pytest.mark.parametrize(("words", "name", "body"), SENT, ids=[" ".join(it[0][:3]) for it in SENT])
def test_with_json_each_command_prints_json_and_nothing_else(side, orchestrator, words, name, body):
    side.rooms.desk.outcome = {"task": a_task(), "project": a_project(), "node": a_node()}[words[0]]
    shown = {"task": public_task(a_task()), "project": public_project(a_project()), "node": public_node(a_node())}
    printed = json.loads(orchestrator(*words, "--json").stdout)
    assert printed in (shown[words[0]], [shown[words[0]]])


def test_a_rejected_command_prints_its_detail_and_each_wrong_field(side, orchestrator):
    side.rooms.desk.outcome = invalid("The task is wrong", FieldError("images", "must be"), FieldError("name", "is"))
    result = orchestrator("task", "create", "/a.jpg")
    assert (1, "", "The task is wrong\n  images: must be\n  name: is\n") == (
        result.exit_code,
        result.stdout,
        result.stderr,
    )


def test_of_several_tasks_each_is_tried(side, orchestrator):
    side.rooms.desk.outcome = conflict("it has ended")
    result = orchestrator("task", "cancel", "1", "2", "--json")
    assert (1, "[]\n", "it has ended\nit has ended\n") == (result.exit_code, result.stdout, result.stderr)
    assert 2 == len(side.rooms.desk.orders)


def test_a_store_that_is_away_is_one_sentence(side, orchestrator):
    side.rooms.desk.away = StoreError("the disk is full")
    result = orchestrator("project", "create", "P")
    assert (1, "The store is not usable just now: the disk is full\n") == (result.exit_code, result.stderr)


def test_send_prints_the_answer_and_takes_its_body_from_standard_input(side, orchestrator):
    result = orchestrator("send", "create-project", "-", "--message-id", "m", input='{"name": "P"}')
    assert (0, True) == (result.exit_code, json.loads(result.stdout)["ok"])
    assert "m" == side.rooms.desk.orders[0].message_id


def test_send_ends_with_one_when_the_command_is_rejected(side, orchestrator):
    result = orchestrator("send", "create-projct", "{}")
    answer = json.loads(result.stdout)
    assert (1, "unknown-command") == (result.exit_code, answer["error"]["type"])


def test_send_sends_nothing_that_is_no_json(side, orchestrator):
    result = orchestrator("send", "create-project", "{")
    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("The body is not JSON: ")


def test_an_option_without_a_name_is_wrong_usage(side, orchestrator):
    result = orchestrator("task", "create", "/a.jpg", "-o", "=3")
    assert 2 == result.exit_code
    assert "An option looks like dsm=true" in result.stderr


def test_the_node_token_may_come_from_the_environment(side, orchestrator):
    side.rooms.desk.outcome = a_node()
    orchestrator("node", "add", "n", env={"ORCHESTRATOR_NODE_TOKEN": "t0ken"})
    assert "t0ken" == side.rooms.desk.orders[0].command.token


def test_the_daemon_is_found_by_its_settings_file(side, orchestrator, tmp_path):
    config = Path(tmp_path / "o.toml")
    config.write_text(f'[files]\nroot = "{side.root}"\n[bus]\nurl_file = "/not/for/clients"\n')
    for words in (["--config", str(config), "project", "list"], ["project", "list", "--config", str(config)]):
        assert 0 == orchestrator(*words, root_given=False).exit_code


def test_the_packaged_service_is_found_without_a_word(side, orchestrator, monkeypatch):
    monkeypatch.setattr("orchestrator.cli.daemon.SERVICE_SOCKET", side.root / "control.sock")
    assert 0 == orchestrator("project", "list", root_given=False).exit_code
