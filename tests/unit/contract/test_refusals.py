"""What can't be meant is refused, with each wrong field and what would be right."""

import json

import pytest

from orchestrator.contract.commands import decode, decode_object
from orchestrator.contract.complaints import MAX_ERRORS
from orchestrator.domain.problem import Problem

SCHEMES = "must be an absolute path, or a file:///, http:// or https:// address"
ONE_LINE = "must be one line of text without control characters"
ACTIONS = "must be 1 or CANCEL, 2 or REMOVE, 3 or RESTART"
ONE_KEY = "must be given, as the task's id or its reference, and only once"
ANY_VALUE = "must be true or false, a number or text"

WRONG = [
    ("create-task", {}, "images", "must hold at least one image, unless the task is partial"),
    ("create-task", {"images": []}, "images", "must hold at least one image, unless the task is partial"),
    ("create-task", {"images": "/a"}, "images", "must be a list"),
    ("create-task", {"images": ["/a"] * 20_001}, "images", "must be a list of at most 20000 entries"),
    ("create-task", {"images": ["/a", "ftp://x/1.JPG"]}, "images[1]", SCHEMES),
    ("create-task", {"images": ["relative/1.JPG"]}, "images[0]", SCHEMES),
    ("create-task", {"images": ["file://server/1.JPG"]}, "images[0]", SCHEMES),
    ("create-task", {"images": ["http:///1.JPG"]}, "images[0]", SCHEMES),
    ("create-task", {"images": ["/a\n"]}, "images[0]", SCHEMES),
    ("create-task", {"images": ["/" + "a" * 4096]}, "images[0]", "must be at most 4096 characters long"),
    ("create-task", {"images": [1]}, "images[0]", "must be text or an object"),
    ("create-task", {"images": [{"name": "a"}]}, "images[0].uri", "is required"),
    ("create-task", {"images": [{"uri": "a"}]}, "images[0].uri", SCHEMES),
    (
        "create-task",
        {"images": [{"uri": "/a", "name": "../a"}]},
        "images[0].name",
        "must be a plain file name, without slashes or control characters",
    ),
    (
        "create-task",
        {"images": [{"uri": "/a", "name": ".."}]},
        "images[0].name",
        "must be a plain file name, without slashes or control characters",
    ),
    ("create-task", {"images": [{"uri": "/a", "size": 1}]}, "images[0].size", "is not a field of create-task"),
    ("create-task", {"images": ["/a"], "optons": []}, "optons", "is not a field of create-task; did you mean options?"),
    ("create-task", {"images": ["/a"], "priority": True}, "priority", "must be a whole number"),
    ("create-task", {"images": ["/a"], "priority": "5"}, "priority", "must be a whole number"),
    ("create-task", {"images": ["/a"], "priority": 10}, "priority", "must be at most 9"),
    ("create-task", {"images": ["/a"], "project": 0}, "project", "must be at least 1"),
    ("create-task", {"images": ["/a"], "project": 2**31}, "project", "must be at most 2147483647"),
    ("create-task", {"images": ["/a"], "name": "x" * 256}, "name", "must be at most 255 characters long"),
    ("create-task", {"images": ["/a"], "name": "a\0"}, "name", ONE_LINE),
    ("create-task", {"images": ["/a"], "name": None}, "name", "must be text"),
    ("create-task", {"images": ["/a"], "reference": ""}, "reference", "must be at least 1 character long"),
    ("create-task", {"images": ["/a"], "resize_to": 0}, "resize_to", "must be -1 or at least 1"),
    ("create-task", {"images": ["/a"], "resize_to": "2048"}, "resize_to", "must be -1 or a whole number"),
    ("create-task", {"images": ["/a"], "tags": ["a"] * 101}, "tags", "must be a list of at most 100 entries"),
    ("create-task", {"images": ["/a"], "tags": ["a", 1]}, "tags[1]", "must be text"),
    ("create-task", {"images": ["/a"], "partial": 1}, "partial", "must be true or false"),
    ("create-task", {"images": ["/a"], "ground_control_points": "gcp.txt"}, "ground_control_points", SCHEMES),
    ("create-task", {"images": ["/a"], "options": "--dsm"}, "options", "must be a list or an object"),
    ("create-task", {"images": ["/a"], "options": [{"name": "dsm"}]}, "options[0].value", "is required"),
    ("create-task", {"images": ["/a"], "options": [{"name": "a", "value": None}]}, "options[0].value", ANY_VALUE),
    ("create-task", {"images": ["/a"], "options": {"a": [1]}}, "options.a", ANY_VALUE),
    ("create-task", {"images": ["/a"], "options": {"a": 2**53}}, "options.a", "must be at most 9007199254740991"),
    (
        "create-task",
        {"images": ["/a"], "options": [{"name": "a", "value": "x" * (2**20 + 1)}]},
        "options[0].value",
        "must be at most 1048576 characters long",
    ),
    (
        "create-task",
        {"images": ["/a"], "options": {str(number): 1 for number in range(201)}},
        "options",
        "must be an object of at most 200 entries",
    ),
    (
        "create-task",
        {"images": ["/a"], "options": [{"name": "dsm", "value": 1}, {"name": "dsm", "value": 2}]},
        "options[1].name",
        "must not be given twice",
    ),
    (
        "update-task",
        {"task": 1, "options": [{"name": "dsm", "value": 1}, {"name": "dsm", "value": 2}]},
        "options[1].name",
        "must not be given twice",
    ),
    ("update-task", {"task": 1, "name": None}, "name", "must be text"),
    ("update-task", {}, "task", ONE_KEY),
    ("commit-task", {}, "task", ONE_KEY),
    ("commit-task", {"task": 134, "reference": "flight-7"}, "task", ONE_KEY),
    ("set-pending-action", {"pending_action": 1}, "task", ONE_KEY),
    ("set-pending-action", {"task": 0, "pending_action": 1}, "task", "must be at least 1"),
    ("set-pending-action", {"task": True, "pending_action": 1}, "task", "must be a whole number or text"),
    ("set-pending-action", {"task": {"id": 1}, "pending_action": 1}, "task", "must be a whole number or text"),
    ("set-pending-action", {"task": 1}, "pending_action", "is required"),
    ("set-pending-action", {"task": 1, "pending_action": True}, "pending_action", ACTIONS),
    ("set-pending-action", {"task": 1, "pending_action": 1.0}, "pending_action", ACTIONS),
    ("set-pending-action", {"task": 1, "pending_action": 4}, "pending_action", ACTIONS),
    ("set-pending-action", {"task": 1, "pending_action": "1"}, "pending_action", ACTIONS),
    ("set-pending-action", {"task": 1, "pending_action": "STOP"}, "pending_action", ACTIONS),
    ("set-pending-action", {"task": 1, "pending_action": ["CANCEL"]}, "pending_action", ACTIONS),
    ("create-project", {"name": ""}, "name", "must be at least 1 character long"),
    (
        "create-project",
        {"name": "a", "description": "x" * 10_001},
        "description",
        "must be at most 10000 characters long",
    ),
    ("update-project", {"name": "a"}, "project", "is required"),
    ("delete-project", {"project": 1.0}, "project", "must be a whole number"),
    ("add-processing-node", {}, "hostname", "must be given with port; or give url"),
    ("add-processing-node", {"hostname": "n"}, "port", "must be given: hostname and port go together"),
    (
        "update-processing-node",
        {"processing_node": 1, "port": 1},
        "hostname",
        "must be given: hostname and port go together",
    ),
    ("add-processing-node", {"hostname": "n", "port": 0}, "port", "must be at least 1"),
    ("add-processing-node", {"hostname": "n", "port": 65536}, "port", "must be at most 65535"),
    (
        "add-processing-node",
        {"hostname": "n", "port": 1, "url": "http://n:1"},
        "url",
        "must be given without hostname and port, or they without url",
    ),
    (
        "add-processing-node",
        {"url": "http://n:1/?token=a", "token": "b"},
        "token",
        "must be given once, in url or in token",
    ),
    ("remove-processing-node", {"processing_node": "3"}, "processing_node", "must be a whole number"),
]


@pytest.mark.parametrize(("name", "body", "field", "message"), WRONG)
def test_a_wrong_field_is_named_with_what_would_be_right(name, body, field, message):
    for problem in (decode(name, json.dumps(body).encode()), decode_object(name, body)):
        assert isinstance(problem, Problem)
        assert (422, "validation", f"{field} {message}") == (problem.status, problem.type, problem.detail)
        assert [(field, message)] == [(error.field, error.message) for error in problem.errors]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty; it must be a JSON object"),
        (b" \n", "The body is empty; it must be a JSON object"),
        (b"null", "The body must be a JSON object"),
        (b"[1]", "The body must be a JSON object"),
        (b'"create-task"', "The body must be a JSON object"),
        (b'{"name": "\xff"}', "The body is not UTF-8 text (byte 10)"),
        (
            b'{"task": 1, "pending_action": 1, "pending_action": 2}',
            "The body holds the key pending_action twice in one object",
        ),
        (b'{"task" : 1, "pending_action": 1, "t\\u0061sk" : 2}', "The body holds the key task twice in one object"),
    ],
)
def test_a_body_that_is_no_json_object_is_unreadable(body, detail):
    problem = decode("set-pending-action", body)
    assert isinstance(problem, Problem)
    assert (400, "unreadable", detail) == (problem.status, problem.type, problem.detail)


@pytest.mark.parametrize("body", [b"{", b"{]", b'{"a": \x00}', b'{"name": "\\ud800"}', b"[" * 5000, b"{'a': 1}"])
def test_a_body_that_is_not_json_is_unreadable(body):
    problem = decode("create-task", body)
    assert isinstance(problem, Problem)
    assert problem.type == "unreadable"
    assert problem.detail.startswith("The body is not JSON: ")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(number):
    problem = decode("create-task", b'{"images": ["/a"], "options": {"a": %s}}' % number.encode())
    assert isinstance(problem, Problem)
    assert "options.a must be" in problem.detail


@pytest.mark.parametrize(
    "body",
    [
        b'{"images": ["/a"], "options": {"dsm": true, "dsm": false}}',
        b'{"images": [{"uri": "/a", "uri": "/b"}]}',
        b'{"images": ["/a"], "images": ["/b"]}',
        b'{"images": ["/a"], "name": "\\"", "n\\u0061me": ""}',
    ],
)
def test_a_key_given_twice_is_refused_wherever_it_is(body):
    problem = decode("create-task", body)
    assert isinstance(problem, Problem)
    assert "twice in one object" in problem.detail


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("create-tsk", "There is no command create-tsk. Did you mean create-task?"),
        ("Create_Task", "There is no command Create_Task. Did you mean create-task?"),
        ("add-node", "There is no command add-node. Did you mean add-processing-node?"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_one(name, detail):
    for problem in (decode(name, b"{}"), decode_object(name, {})):
        assert isinstance(problem, Problem)
        assert (404, "unknown-command", detail) == (problem.status, problem.type, problem.detail)


def test_a_command_like_none_is_answered_with_all_of_them():
    problem = decode("\x1b[31m" + "x" * 100_000, b"{}")
    assert isinstance(problem, Problem)
    assert problem.detail.startswith("There is no command ?[31mxxx")
    assert problem.detail.endswith(
        "…. There are: create-task, commit-task, update-task, set-pending-action, "
        "create-project, update-project, delete-project, add-processing-node, update-processing-node, "
        "remove-processing-node."
    )


def test_a_message_without_a_command_is_told_so():
    problem = decode("", b"{}")
    assert isinstance(problem, Problem)
    assert problem.detail.startswith("The message names no command. There are: create-task")


def test_several_wrong_fields_are_all_named_and_the_first_three_in_the_detail():
    problem = decode_object("create-task", {"images": [1, 2, 3, 4], "tags": "a"})
    assert isinstance(problem, Problem)
    assert [error.field for error in problem.errors] == ["images[0]", "images[1]", "images[2]", "images[3]", "tags"]
    assert problem.detail.endswith("images[2] must be text or an object; and 2 more")


def test_an_answer_names_fifty_wrong_fields_at_most():
    problem = decode_object("create-task", {"images": [None] * 5000})
    assert isinstance(problem, Problem)
    assert len(problem.errors) == MAX_ERRORS


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://n:1/?token=s3cret", "token": "other", "label": 1},
        {"url": "http://n:1/?token=s3cret", "token": "other"},
        {"url": "http://u:s3cret@n:1/"},
        {"url": "http://n:1/?token=s3cret&x=1"},
        {"url": "ftp://n:1/?token=s3cret"},
        {"hostname": "n?token=s3cret", "port": 1},
        {"hostname": "n", "port": 1, "token": ["s3cret"]},
        {"hostname": "n", "port": 1, "token": "s3cret\n"},
        {"hostname": "n", "port": 1, "token": "s3cret" * 1000},
    ],
)
def test_a_refusal_never_repeats_a_token(body):
    problem = decode("add-processing-node", json.dumps(body).encode())
    assert isinstance(problem, Problem)
    assert "s3cret" not in repr(problem)


def test_a_huge_key_is_not_echoed():
    problem = decode_object("create-task", {"x" * 100_000: 1, "images": ["/a"]})
    assert isinstance(problem, Problem)
    assert len(problem.errors[0].field) < 102


def test_half_a_surrogate_pair_is_refused():
    problem = decode_object("create-task", {"images": ["/a"], "name": "\udcff"})
    assert isinstance(problem, Problem)
    assert problem.detail == "name must be valid Unicode text"
