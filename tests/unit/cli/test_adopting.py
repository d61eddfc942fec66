"""``orchestrator adopt``: what people see and are asked, and that only what was chosen is taken."""

import json

import pytest

from orchestrator.domain.adoption import Foundling
from orchestrator.engine.adoption import Unseen
from tests.unit.api.samples import a_job, a_node

pytestmark = pytest.mark.usefixtures("logs")


@pytest.fixture
def adoption(side):
    older = a_job(134, uuid="older", node=2)
    side.rooms.adoption.found += [
        Foundling(a_job(7, name="Roof", status=40, node=2)),
        Foundling(a_job(134, attempt=2), (older,)),
    ]
    return side.rooms.adoption


def asked(adoption):
    return [sorted(uuids) for uuids in adoption.asked]


def test_with_nothing_to_adopt_it_says_so_and_asks_nothing(side, orchestrator):
    result = orchestrator("adopt")
    assert (0, "There is nothing to adopt.\n") == (result.exit_code, result.stdout)
    assert [] == side.rooms.adoption.asked


def test_the_list_is_shown_before_anything_is_taken(adoption, orchestrator):
    result = orchestrator("adopt", input="n\n")
    lines = result.stdout.splitlines()
    assert ["NODE", "TASK", "ATTEMPT", "NAME", "STATUS", "UUID", "WILL", "BE"] == lines[0].split()
    assert "node-2  7     1        Roof     COMPLETED  job-7    adopted" == lines[1]
    assert "node-1  134   2        Field 7  RUNNING    job-134  adopted" == lines[2]
    assert "node-2  134   1        Field 7  RUNNING    older    removed: an earlier attempt" == lines[3]
    assert "Adopt 2 tasks?" in result.stdout
    assert (1, "Nothing was adopted.", []) == (result.exit_code, result.stderr.strip(), asked(adoption))


def test_all_are_taken_once_somebody_said_yes(adoption, orchestrator):
    result = orchestrator("adopt", input="y\n")
    assert (0, "2 tasks adopted.") == (result.exit_code, result.stdout.splitlines()[-1])
    assert [["job-134", "job-7", "older"]] == asked(adoption)


@pytest.mark.parametrize(
    ("narrowed", "taken"),
    [
        (("--task", "7"), ["job-7"]),
        (("--node", "1"), ["job-134", "older"]),
        (("--node", "node-2"), ["job-7"]),
        (("--node", "node-2", "--task", "134"), None),
        (("--task", "7", "--task", "134"), ["job-134", "job-7", "older"]),
    ],
)
def test_it_is_narrowed_by_node_and_task(adoption, orchestrator, narrowed, taken):
    result = orchestrator("adopt", "--yes", *narrowed)
    assert 0 == result.exit_code
    assert ([taken] if taken else []) == asked(adoption)


def test_a_task_that_got_a_new_number_is_named(adoption, orchestrator):
    adoption.renumbered = 10
    lines = orchestrator("adopt", "--yes", "--task", "7").stdout.splitlines()
    assert ["Task 7 is task 17 now: there is a task 7 already.", "1 task adopted."] == lines[-2:]


def test_what_had_gone_meanwhile_is_told(adoption, orchestrator, monkeypatch):
    async def take(uuids):
        return ()

    monkeypatch.setattr(adoption, "take", take)
    lines = orchestrator("adopt", "--yes", "--task", "7").stdout.splitlines()
    assert ["0 tasks adopted.", "1 job had gone or become known meanwhile."] == lines[-2:]


def test_a_node_that_could_not_be_looked_through_is_named(side, orchestrator):
    side.rooms.adoption.unseen.append(Unseen(a_node(label="node-1"), "no connection."))
    assert "node-1 could not be looked through: no connection." in orchestrator("adopt").stdout


def test_json_lists_and_takes_nothing_unless_yes_is_said(adoption, orchestrator):
    listed = json.loads(orchestrator("adopt", "--json").stdout)
    assert ([7, 134], [], []) == ([it["task"] for it in listed["found"]], listed["unseen"], asked(adoption))
    taken = json.loads(orchestrator("adopt", "--json", "--yes").stdout)
    assert [7, 134] == [it["task"]["id"] for it in taken["adopted"]]
