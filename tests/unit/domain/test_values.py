"""Values of the domain: what they say of themselves, and what they never say."""

from dataclasses import replace

import pytest

from orchestrator.domain.commands import UNSET, AddProcessingNode, UpdateProcessingNode
from orchestrator.domain.jobs import dropped_job
from orchestrator.domain.lines import MAX_LINE, last_words, stored_line
from orchestrator.domain.names import Names, plain_names, stays_among_images
from orchestrator.domain.node import NodeOption
from orchestrator.domain.problem import internal, too_large
from orchestrator.domain.task import Stage, Status
from tests.unit.domain.test_placement import node
from tools.lifecycle_cells import JOB, sample_task


def test_a_token_is_never_part_of_what_is_logged():
    values = (
        AddProcessingNode(url="http://node-1:3000", token="secret"),
        UpdateProcessingNode(processing_node=1, token="secret"),
        replace(node(1), token="secret"),
    )
    assert ["AddProcessingNode", "UpdateProcessingNode", "ProcessingNode"] == [repr(v).split("(")[0] for v in values]
    assert not any("secret" in repr(value) for value in values)
    assert "UNSET" == repr(UNSET)


def test_the_stages_for_rerun_from_are_those_that_the_node_names():
    plain = NodeOption("rerun-from", "string", "", "dataset", "")
    choices = replace(plain, domain=("dataset", "odm_dem"), type="enum")
    assert () == replace(node(1), options=(plain,)).rerun_stages
    assert ("dataset", "odm_dem") == replace(
        node(1), options=(NodeOption("dsm", "bool", "", "", ""), choices)
    ).rerun_stages


def test_a_task_is_live_until_it_has_ended():
    ended, live = sample_task(Stage.ENDED, Status.FAILED), sample_task(Stage.WAITING, None)
    assert (False, True) == (ended.is_live, live.is_live)


@pytest.mark.parametrize("seen", [{"uuid": JOB}, {"running_progress": 0.1}, {"processing_time": 0}])
def test_an_attempt_was_taken_by_a_node_once_anything_was_seen_of_its_job(seen):
    waiting = replace(sample_task(Stage.WAITING, None), uuid="", running_progress=0.0, processing_time=-1)
    assert not waiting.was_taken
    assert replace(waiting, **seen).was_taken


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("plain\n", b"plain"),
        ("two\r\nlines\rin\none", b"two lines in one"),
        ("half \ud800", b"half ?"),
        ("é" * MAX_LINE, ("é" * ((MAX_LINE - 3) // 2) + "…").encode()),
    ],
    ids=["plain", "breaks", "surrogate", "long"],
)
def test_a_line_is_stored_on_one_line_and_stays_as_it_is(raw, stored):
    assert stored == stored_line(raw)
    assert stored == stored_line(stored.decode())


def test_the_last_words_of_a_console_are_its_last_lines_that_say_something():
    lines = ["first", "a", "b\n", "", "  c   d \n", "x" * 400, "\n"]
    assert f"b / c d / {'x' * 300}" == last_words(lines)
    assert ("", "") == (last_words(()), last_words([" ", "\n"]))


@pytest.mark.parametrize(
    ("name", "stays"),
    [("a.jpg", True), ("clip.SRT", True), ("GEO.TXT", False), ("align.laz", False), ("align.jpg", True)],
)
def test_it_is_known_what_a_node_counts_as_images(name, stays):
    assert stays == stays_among_images(name)


def test_plain_names_are_unique_and_leave_those_alone_that_are_plain():
    names = ["a b.jpg", "a_b.jpg", "ü.jpg", "ä.jpg", "_.JPG", "gcp_list.txt"]
    plain = plain_names(names)
    assert ["a_b-2.jpg", "a_b.jpg", "_-2.jpg", "_-3.jpg", "_.JPG", "gcp_list.txt"] == [plain[name] for name in names]


def test_names_are_unique_whatever_their_case():
    names = Names(["IMG_1.JPG"])
    wanted = ("img_1.jpg", "IMG_1.jpg", "IMG_2.JPG", "Straße", "STRASSE", "img_1-2.jpg")
    given = ["img_1-2.jpg", "IMG_1-3.jpg", "IMG_2.JPG", "Straße", "STRASSE-2", "img_1-2-2.jpg"]
    assert given == [names.give(name) for name in wanted]
    assert (True, False) == (names.has("IMG_1-2.JPG"), names.has("IMG_9.JPG"))
    assert len(given) + 1 == len(list(names))


def test_a_name_that_was_tried_is_not_tried_again():
    names = Names(["a.jpg", "a-2.jpg", "a-3.jpg"])
    assert ["a-4.jpg", "a-5.jpg"] == [names.give("a.jpg"), names.give("A.jpg").lower()]


def test_problems_say_what_is_wrong_and_whose_fault_it_is():
    assert ((413, "too-large"), (500, "internal")) == tuple(
        (problem.status, problem.type) for problem in (too_large("x"), internal("x"))
    )


def test_a_job_that_stays_the_tasks_is_not_dropped():
    task = sample_task(Stage.PROCESSING, Status.RUNNING)
    assert (None, JOB) == (dropped_job(task, task), dropped_job(task, replace(task, job_uuid="")))
