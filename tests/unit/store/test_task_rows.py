"""Rows are a stored format: they outlive the release that wrote them."""

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from orchestrator.domain.node import NodeInfo, NodeOption, ProcessingNode
from orchestrator.domain.task import NodeJob, Option, Project, Source, Stage, Status, Task
from orchestrator.store.jobs import job_of, job_values
from orchestrator.store.nodes import node_of, node_values
from orchestrator.store.projects import project_of, project_values
from orchestrator.store.task_rows import (
    ABSENT,
    COLUMNS,
    decode_body,
    decode_sources,
    encode_body,
    encode_sources,
    task_of,
    task_values,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_task(**changed) -> Task:
    plain: dict[str, Any] = {"id": 1, "project": 1, "created_at": NOON, "updated_at": NOON, "stage": Stage.WAITING}
    return Task(**plain | changed)


def test_every_field_of_a_task_is_stored():
    assert {field.name for field in fields(Task)} == {"id", *COLUMNS, *ABSENT} - {"body"}


def test_what_is_left_out_means_what_it_meant_when_it_was_written():
    defaults = {field.name: field.default for field in fields(Task) if field.default is not MISSING}
    # Should a default change, the value here must not: it is what stored tasks mean by leaving the field out.
    assert ABSENT == {name: defaults[name] for name in ABSENT}


def test_a_plain_task_has_an_empty_body():
    assert "{}" == encode_body(a_task())
    assert ABSENT == decode_body("{}")


def test_a_field_of_a_newer_release_is_passed_over():
    row = [1, *task_values(a_task(name="known"))]
    row[-1] = json.dumps({"of_tomorrow": 1, "attempt": 2})
    assert a_task(name="known", attempt=2) == task_of(row)


def test_all_there_is_comes_back():
    task = a_task(
        status=Status.RUNNING,
        options=(Option("dsm", True), Option("resolution", 1.0), Option("n", 1), Option("s", "1")),
        tags=("a", ""),
        not_before=NOON,
        available_assets=("all.zip",),
        reference="",
    )
    again = task_of((1, *task_values(task)))
    assert task == again
    assert [bool, float, int, str] == [type(option.value) for option in again.options]


def test_a_time_of_another_zone_is_the_same_time():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert a_task(not_before=NOON) == task_of((1, *task_values(a_task(not_before=elsewhere))))


def test_files_come_back_even_from_a_newer_release():
    files = (Source("file:///a.jpg", "a.jpg", 3), Source("https://x/ü", "gcp_list.txt", side=True))
    assert files == decode_sources(encode_sources(files))
    newer = [[*entry, "more"] for entry in json.loads(encode_sources(files))]
    assert files == decode_sources(json.dumps(newer))


def test_every_field_of_a_job_a_project_and_a_node_is_stored():
    job = NodeJob(
        uuid="u",
        node=2,
        task=3,
        attempt=4,
        created_at=NOON,
        committed=True,
        abandoned_at=NOON,
        stopped=True,
        reason="r",
    )
    project = Project(id=2, name="p", created_at=NOON, description="d", deleting=True, version=3, tags=("t",))
    node = ProcessingNode(
        id=1,
        url="http://n:1",
        hostname="n",
        port=1,
        created_at=NOON,
        token="t",
        label="l",
        static=True,
        problem="p",
        unreachable_since=NOON,
        last_refreshed=NOON,
        info=NodeInfo(
            api_version="1",
            queue_count=2,
            max_images=None,
            max_parallel=99_999_999_999,
            engine="odm",
            engine_version="3",
            is_cluster=True,
        ),
        options=(NodeOption("a", "enum", "x", ("x", "y"), "h"), NodeOption("b", "int", "1", "positive", "")),
        version=9,
    )
    assert job == job_of(job_values(job))
    assert project == project_of(project_values(project))
    assert node == node_of(node_values(node))


def test_rows_have_as_many_values_as_there_are_fields():
    """A field added to the domain is to be added here: it would be lost without a word."""
    # NodeJob.taken is not stored: whoever was not told doubts.
    known = {NodeJob: 10, Project: 7, ProcessingNode: 15, NodeInfo: 7, NodeOption: 5, Source: 4, Option: 2}
    assert known == {kind: len(fields(kind)) for kind in known}
