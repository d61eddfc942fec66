"""What nodes say, read: old ones, clusters, and nonsense."""

import json
from urllib.parse import parse_qs

import pytest

from orchestrator.domain.errors import NodeRefused
from orchestrator.domain.node import NodeInfo, NodeOption
from orchestrator.domain.task import Option
from orchestrator.engine.ports import JobInfo
from orchestrator.nodes.nodeodm.forms import about, envelope, file_name, opening
from orchestrator.nodes.nodeodm.shapes import ShapeError, job_card, job_info, job_list, node_info, node_options

UUID = "0b9b9b6e-3a53-4d1f-9f5c-6d2f5a0e8c11"
NODE = {
    "version": "2.2.4",
    "taskQueueCount": 3,
    "totalMemory": 25276514304,
    "availableMemory": 23571742720,
    "cpuCores": 2,
    "maxImages": None,
    "maxParallelTasks": 1,
    "engineVersion": "3.5.6",
    "engine": "odm",
}
JOB = {
    "uuid": UUID,
    "name": "x",
    "dateCreated": 1795457378850,
    "processingTime": 26,
    "status": {"code": 20},
    "options": [],
    "imagesCount": 3,
    "progress": 50,
}


def test_a_node_is_read():
    expected = NodeInfo(
        api_version="2.2.4", queue_count=3, max_images=None, max_parallel=1, engine="odm", engine_version="3.5.6"
    )
    assert expected == node_info(NODE)


def test_an_old_node_is_read():
    expected = NodeInfo(
        api_version="1.3", queue_count=0, max_images=None, max_parallel=1, engine="odm", engine_version="0.6"
    )
    assert expected == node_info({"version": "1.3", "odmVersion": "0.6"})


def test_a_cluster_is_known_by_its_constants_which_are_bounded():
    info = node_info(NODE | {"cpuCores": 99999999999, "maxParallelTasks": 99999999999, "maxImages": 500})
    assert (True, 2**31 - 1, 500) == (info.is_cluster, info.max_parallel, info.max_images)


@pytest.mark.parametrize(("given", "expected"), [(0, None), (-1, None), (7, 7), (7.0, 7), (10**30, 2**31 - 1)])
def test_most_images_is_a_bounded_number_or_none(given, expected):
    assert expected == node_info(NODE | {"maxImages": given}).max_images


@pytest.mark.parametrize(
    "value",
    [
        [],
        "info",
        7,
        {},
        {"status": "ok"},
        NODE | {"maxImages": "many"},
        NODE | {"taskQueueCount": True},
        NODE | {"maxParallelTasks": float("inf")},
    ],
)
def test_what_is_no_node_is_not_read(value):
    with pytest.raises(ShapeError):
        node_info(value)


def test_options_are_read_and_odd_ones_left_out():
    value = [
        {"name": "dsm", "type": "bool", "value": "false", "domain": "bool", "help": "Make a DSM."},
        {"name": "rerun-from", "type": "enum", "value": "", "domain": ["dataset", "odm_dem"], "help": "x"},
        {"name": "odd", "value": True, "domain": None},
        {"type": "bool"},
        "split",
        {"name": 7, "domain": [1, None]},
    ]
    expected = (
        NodeOption("dsm", "bool", "false", "bool", "Make a DSM."),
        NodeOption("rerun-from", "enum", "", ("dataset", "odm_dem"), "x"),
        NodeOption("odd", "", "true", "", ""),
        NodeOption("7", "", "", ("1", ""), ""),
    )
    assert expected == node_options(value)


def test_options_must_be_a_list():
    with pytest.raises(ShapeError):
        node_options({"name": "dsm"})


def test_a_job_is_read():
    assert JobInfo(status=20, progress=0.5, processing_time=26, images_count=3, created=JOB["dateCreated"]) == job_info(
        JOB, with_output=False
    )


def test_a_failed_job_says_why():
    job = job_info(JOB | {"status": {"code": 30, "errorMessage": "Not enough memory"}}, with_output=False)
    assert (30, "Not enough memory") == (job.status, job.error)


def test_what_json_can_carry_and_databases_cannot_is_replaced():
    job = job_info(JOB | {"status": {"code": 30, "errorMessage": "half \ud800 of \x00 it"}}, with_output=False)
    assert "half \ufffd of \ufffd it" == job.error
    card = job_card(JOB | {"name": "Field \udfff", "options": [{"name": "a", "value": "\x00"}]})
    assert ("Field \ufffd", (Option("a", "\ufffd"),)) == (card.name, card.options)


def test_a_job_that_a_cluster_forwards_has_no_progress():
    forwarded = {key: value for key, value in JOB.items() if key != "progress"}
    assert job_info(forwarded, with_output=False).progress is None


@pytest.mark.parametrize(
    ("given", "expected"), [(-5, 0.0), (0, 0.0), (100, 1.0), (1e9, 1.0), ("5", None), (None, None)]
)
def test_progress_is_clamped(given, expected):
    assert expected == job_info(JOB | {"progress": given}, with_output=False).progress


@pytest.mark.parametrize(
    ("given", "expected"), [(-1, -1), (-5, -1), ("x", -1), (None, -1), (1.9, 1), (10**40, 2**53 - 1)]
)
def test_processing_time_is_a_number_or_unknown(given, expected):
    assert expected == job_info(JOB | {"processingTime": given}, with_output=False).processing_time


def test_an_unsaid_number_of_images_is_unknown():
    assert -1 == job_info({"status": {"code": 40}}, with_output=False).images_count
    assert -1 == job_info({"status": {"code": 40}, "imagesCount": -1}, with_output=False).images_count


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        7,
        "x",
        None,
        {"status": 40},
        {"status": []},
        {"status": {}},
        {"status": {"code": "40"}},
        {"status": {"code": 41}},
        {"status": {"code": True}},
        {"status": {"code": [40]}},
        JOB | {"imagesCount": "three"},
    ],
)
def test_what_is_no_job_is_not_read(value):
    with pytest.raises(ShapeError):
        job_info(value, with_output=True)


def test_output_comes_as_lines_without_their_ends():
    job = job_info(JOB | {"output": ["one\n", "two\r\n", "", 7, None]}, with_output=True)
    assert ("one", "two", "", "7", "") == job.output


@pytest.mark.parametrize(("output", "asked"), [(["stale"], False), ("text", True), (None, True)])
def test_output_that_was_not_asked_for_or_makes_no_sense_is_left_out(output, asked):
    assert () == job_info(JOB | {"output": output}, with_output=asked).output


def test_opening_forms_are_multipart_with_a_name_always():
    form = opening("  ", [Option("dsm", value=True), Option("fast", value=1.5)])
    assert form.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="name"\r\n\r\ntask\r\n' in form.body
    assert b'[{"name": "dsm", "value": true}, {"name": "fast", "value": 1.5}]' in form.body


def test_names_go_out_as_utf8_even_broken_ones():
    assert "Zürich ?".encode() in opening("Zürich \udcff", []).body


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_options_that_are_no_numbers_are_refused(value):
    with pytest.raises(NodeRefused, match="no finite number"):
        opening("x", [Option("fast", value=value)])


def test_options_larger_than_a_field_are_refused_before_sending():
    with pytest.raises(NodeRefused, match="nodes take 1,000,000"):
        opening("x", [Option("boundary", value="x" * 1_000_000)])


def test_restart_options_larger_than_a_body_are_refused_before_sending():
    assert {"uuid": [UUID]} == parse_qs(about(UUID).body.decode())
    with pytest.raises(NodeRefused, match="when they restart a job"):
        about(UUID, options=[Option("boundary", value="x" * 110_000)])


def test_restart_options_are_json_in_a_urlencoded_field():
    form = about(UUID, options=[Option("rerun-from", value="odm_dem")])
    fields = parse_qs(form.body.decode())
    assert [{"name": "rerun-from", "value": "odm_dem"}] == json.loads(fields["options"][0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DJI 0001.JPG", "DJI 0001.JPG"),
        ("café ü 100%.jpg", "café ü 100%.jpg"),
        ('a"b.jpg', 'a\\"b.jpg'),
        ("a\r\nX: y.jpg", "a__X: y.jpg"),
        ("../folder\\c.jpg", ".._folder_c.jpg"),
        ("", "_"),
    ],
)
def test_file_names_are_raw_but_cannot_break_out(name, expected):
    assert expected == file_name(name)


def test_images_go_in_the_field_that_nodes_expect():
    assert b'; name="images"; filename="\xc3\xbc.jpg"\r\n' in envelope("ü.jpg").head


def test_a_list_of_jobs_has_each_uuid_that_can_be_ours_once():
    listed = [{"uuid": UUID}, {"uuid": UUID}, {"uuid": "__proto__"}, {"uuid": UUID.upper()}, {"uuid": 7}, {}, "x", None]
    assert (UUID,) == job_list(listed)
    with pytest.raises(ShapeError, match="which jobs there are"):
        job_list({"uuid": UUID})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([], ()),
        (None, ()),
        ({"dsm": True}, ()),
        ([{"name": "dsm", "value": True}, {"name": "crop", "value": 2.5}], (Option("dsm", True), Option("crop", 2.5))),
        (["x", {"value": 1}, {"name": "a"}, {"name": "b", "value": [1]}, {"name": "c", "value": float("nan")}], ()),
    ],
)
def test_a_job_says_its_name_and_the_options_that_can_be_read(given, read):
    card = job_card(JOB | {"options": given})
    assert ("x", read, 3) == (card.name, card.options, card.info.images_count)


def test_a_job_without_a_name_has_none():
    assert "" == job_card({key: value for key, value in JOB.items() if key != "name"}).name
