"""Commands that only look."""

import json

from orchestrator.contract.views import public_node, public_project, public_task
from orchestrator.domain.node import Health
from orchestrator.domain.task import Stage, Status
from orchestrator.engine.ports import TaskFilter
from tests.unit.api.samples import a_node, a_project, a_task, completed


def test_task_list_is_a_table_for_people(side, orchestrator):
    running = a_task(2, name="Räben 田", stage=Stage.PROCESSING, status=Status.RUNNING, running_progress=0.25)
    side.rooms.library.known = [running, completed(10, name="B", running_progress=1.0)]
    lines = orchestrator("task", "list").stdout.splitlines()
    assert "ID  NAME      PROJECT  STATUS     STAGE       DONE  NODE  IMAGES  REASON" == lines[0]
    assert "2   Räben 田  27       RUNNING    processing  25%         0" == lines[1]
    assert "10  B         27       COMPLETED  ended       100%        0" == lines[2]


def test_task_list_passes_its_filters_on(side, orchestrator):
    words = ["--project", "27", "--status", "completed", "--stage", "ended", "--limit", "5", "--offset", "10"]
    assert 0 == orchestrator("task", "list", *words).exit_code
    assert [TaskFilter(project=27, status=40, stage="ended", limit=5, offset=10)] == side.rooms.library.asked


def test_a_wrong_filter_is_told_in_the_daemons_words(side, orchestrator):
    result = orchestrator("task", "list", "--status", "done")
    assert 1 == result.exit_code
    assert "must be one of 10 QUEUED, 20 RUNNING" in result.stderr


def test_with_json_lists_are_what_the_contract_shows(side, orchestrator):
    library = side.rooms.library
    library.known, library.projects_known, library.nodes_known = [a_task()], [a_project()], [a_node()]
    assert [public_task(a_task())] == json.loads(orchestrator("task", "list", "--json").stdout)
    assert [public_project(a_project())] == json.loads(orchestrator("project", "list", "--json").stdout)
    assert [public_node(a_node())] == json.loads(orchestrator("node", "list", "--json").stdout)
    assert public_task(a_task()) == json.loads(orchestrator("task", "show", "134", "--json").stdout)


def test_nodes_and_projects_are_tables_for_people(side, orchestrator):
    side.rooms.library.nodes_known = [a_node(label="Big", health=Health.OFFLINE, problem="it is away")]
    side.rooms.library.projects_known = [a_project()]
    node = orchestrator("node", "list").stdout.splitlines()[1]
    assert ["1", "http://node-1:3000", "Big", "offline", "0", "it", "is", "away"] == node.split()
    assert "Fields" in orchestrator("project", "list").stdout


def test_task_show_says_what_there_is_to_say(side, orchestrator):
    side.rooms.library.known = [completed(reference="survey/7", last_error="")]
    shown = orchestrator("task", "show", "survey/7").stdout
    assert "status" in shown
    assert "COMPLETED" in shown
    assert "last_error" not in shown
    assert "srs" not in shown


def test_nothing_from_outside_steers_the_terminal(side, orchestrator):
    side.rooms.library.known = [a_task(processing_time=5, reason="\x1b[2J\x1b]0;title\x07gone\u202e\r\x9b31m")]
    side.rooms.lines = ["\x1b[31mred\x1b[0m\ttab"]
    for words in (["task", "list"], ["task", "show", "134"], ["task", "output", "134"]):
        printed = orchestrator(*words).stdout
        assert not set("\x1b\x07\x9b\r\u202e") & set(printed)
    assert "red\ttab\n" == orchestrator("task", "output", "134").stdout


def test_output_is_read_page_by_page_to_its_end(side, orchestrator):
    side.rooms.library.known = [a_task(processing_time=5)]
    side.rooms.lines = [f"line {number}" for number in range(2500)]
    assert side.rooms.lines == orchestrator("task", "output", "134").stdout.splitlines()


def test_a_part_of_the_output_is_read(side, orchestrator):
    side.rooms.library.known = [a_task(processing_time=5)]
    side.rooms.lines = [f"line {number}" for number in range(2500)]
    for words, meant in (
        (["--line", "2498"], side.rooms.lines[2498:]),
        (["--limit", "3"], side.rooms.lines[:3]),
        (["--line", "5", "--limit", "1500"], side.rooms.lines[5:1505]),
        (["--limit", "-2"], side.rooms.lines[-2:]),
        (["--limit", "0"], []),
    ):
        found = json.loads(orchestrator("task", "output", "134", *words, "--json").stdout)
        assert {"lines": meant, "count": 2500} == found


def test_a_task_that_is_not_there_is_one_sentence(side, orchestrator):
    result = orchestrator("task", "show", "7")
    assert (1, "There is no task 7.\n") == (result.exit_code, result.stderr)
