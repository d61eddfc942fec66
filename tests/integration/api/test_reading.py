"""Fields as other people's clients send them: as text, as JSON, as null, with space around, or not at all."""

import json

import pytest

from tests.integration.api.photos import form
from tests.integration.api.work import a_draft

TASKS = "/projects/1/tasks/"
NOT_NULL = ["This field may not be null."]
BLANK = ["This field may not be blank."]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"name": "  Field 7 "}, "Field 7"),
        ({"name": 7}, "7"),
        ({"name": "   "}, {"name": BLANK}),
        ({"name": None}, {"name": NOT_NULL}),
        ({"name": True}, {"name": ["Not a valid string."]}),
        ({"name": ["x"]}, {"name": ["Not a valid string."]}),
    ],
)
async def test_a_name_is_read_as_webodm_reads_it(daemon, given, answer):
    status, body = await daemon.post("/projects/", json=given)
    assert (201, answer) == (status, body["name"]) if isinstance(answer, str) else (400, answer) == (status, body)


async def test_what_is_null_or_empty_was_not_given(daemon):
    nothing = {"name": None, "options": None, "processing_node": None, "auto_processing_node": None, "tags": None,
               "resize_to": None}  # fmt: skip
    empty = form([], partial="true", **dict.fromkeys(nothing, ""))
    for body in ({"json": {"partial": True, **nothing}}, {"data": empty}):
        status, task = await daemon.post(TASKS, **body)
        assert (201, "", [], None, True, [], -1) == (
            status, task["name"], task["options"], task["processing_node"], task["auto_processing_node"], task["tags"],
            task["resize_to"],
        )  # fmt: skip


@pytest.mark.parametrize(("given", "side"), [("24.0", 24), (2048, 2048), ("0", -1), (-1, -1), ("-1", -1)])
async def test_a_side_to_resize_to_is_a_whole_number_and_nothing_below_one_resizes(daemon, given, side):
    status, task = await daemon.post(TASKS, json={"partial": True, "resize_to": given})
    assert (201, side) == (status, task["resize_to"])


@pytest.mark.parametrize("given", ["north field", '["north", "field"]', "north,field", ["north", "field"]])
async def test_tags_are_a_list_or_its_json_text_or_words(daemon, given):
    status, task = await daemon.post(TASKS, json={"partial": True, "tags": given})
    assert (201, ["north", "field"]) == (status, task["tags"])
    assert ["north", "field"] == (await daemon.patch(await a_draft(daemon), json={"tags": given}))[1]["tags"]
    assert ["north", "field"] == (await daemon.post("/projects/", json={"name": "x", "tags": given}))[1]["tags"]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, []),
        ("{}", []),
        ({"dsm": True, "fast": 0}, [{"name": "dsm", "value": True}, {"name": "fast", "value": 0}]),
        ('{"dsm": "x"}', [{"name": "dsm", "value": "x"}]),
    ],
)
async def test_options_may_be_values_by_name(daemon, given, options):
    """Some clients write none as an empty object, which WebODM takes."""
    status, task = await daemon.post(TASKS, json={"partial": True, "options": given})
    assert (201, options) == (status, task["options"])
    path = await a_draft(daemon, options={"old": 1})
    text = given if isinstance(given, str) else json.dumps(given)
    assert options == (await daemon.patch(path, data={"options": text}))[1]["options"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"options": {"dsm": None}}, {"options": NOT_NULL}),
        ({"processing_node": [1]}, {"processing_node": ["A valid integer is required."]}),
        ({"processing_node": True}, {"processing_node": ["A valid integer is required."]}),
        ({"auto_processing_node": [1]}, {"auto_processing_node": ["Must be a valid boolean."]}),
        ({"options": [{"name": "dsm"}]}, {"options": ["This field is required."]}),
        ({"options": [{"name": "dsm", "value": None}]}, {"options": NOT_NULL}),
        ({"options": [1]}, {"options": ["Expected an object with a name and a value."]}),
        ({"options": [{"name": "dsm", "value": 1, "x": ""}]}, {"options": ["It has a field that is not known here."]}),
        ({"tags": [""]}, {"tags": BLANK}),
        ({"priority": 10}, {"priority": ["Ensure this value is less than or equal to 9."]}),
    ],
)
async def test_wrong_fields_of_a_new_task_are_told(daemon, given, answer):
    assert (400, answer) == await daemon.post(TASKS, json={"partial": True, **given})


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_a_body_that_is_not_what_its_headers_say_is_its_senders_fault(daemon, kind):
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    told = {"detail": "The body cannot be read: it is not what its headers say."}
    for path in ("/token-auth/", TASKS):
        assert (400, told) == await daemon.post(path, data=b"no gzip at all", headers=headers)
