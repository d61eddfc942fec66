"""The audit of `make chaos` can fail: each kind of thing that must not be is seen."""

import time
from types import SimpleNamespace

import pytest

from orchestrator.nodes.simulated import Run
from tests.chaos.audit import of_a_task, of_the_nodes
from tests.chaos.logs import complaints
from tests.chaos.orders import Command, Orders, Wishes
from tests.daemon import Daemon

JOB, OTHER_JOB = "6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a001", "6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a002"
STAGES = (
    ("waiting", None), ("uploading", None), ("processing", 10), ("processing", 20), ("collecting", 20), ("ended", 40),
)  # fmt: skip
"""What a task goes through that nobody meddles with."""


def story(*states: tuple[str, int | None]) -> list[dict]:
    """Give the events of task 7 that goes through these states."""
    told = []
    for number, (stage, status) in enumerate(states, 1):
        before = states[number - 2][1] if number > 1 else None
        task = {
            "id": 7, "stage": stage, "status": status, "version": number, "attempt": 1, "uuid": JOB,
            "pending_action": None, "last_error": None,
        }  # fmt: skip
        type_ = "task.created" if number == 1 else "task.status-changed"
        data = {"task": task, "previous_status": before, "reason": "so it is"}
        told.append({"sequence": number, "type": type_, "data": data})
    return told


def violations(told: list[dict], *actions: str) -> str:
    return "\n".join(of_a_task(told, Wishes(list(actions))))


def test_a_story_as_it_should_be_is_no_violation():
    assert "" == violations(story(*STAGES))


@pytest.mark.parametrize("order", [[0, 1, 2, 4, 5], [0, 1, 3, 2, 4, 5], [0, 1, 2, 3, 4, 5, 5], [1, 2, 3, 4, 5]])
def test_events_that_are_missing_out_of_order_or_doubled_are_seen(order):
    told = story(*STAGES)
    assert "its events came as" in violations([told[at] for at in order])


def test_a_task_without_any_event_is_seen():
    assert "no event of it" == violations([])


def test_a_move_that_the_lifecycle_does_not_know_is_seen():
    assert "no way leads from" in violations(story(*STAGES[:4], STAGES[-1]))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("so it is", "attempt 2 comes after 1"),
        ("sent again: the daemon was stopped in the middle of the upload", "attempt 2 comes after 1"),
        ("sent again: a file's transfer was broken off", ""),
        ("restarted", "began anew 1 times after 0 restarts"),
    ],
)
def test_an_attempt_that_nobody_asked_for_and_no_node_caused_is_seen(reason, said):
    told = story(*STAGES)
    told[-1]["data"]["task"]["attempt"] = 2
    told[-1]["data"]["reason"] = reason
    found = violations(told)
    assert said in found if said else not found


@pytest.mark.parametrize(
    ("action", "said"),
    [("CANCEL", "should have ended as 50"), ("REMOVE", "was to be removed"), ("RESTART", "began anew 0 times after 1")],
)
def test_an_accepted_command_without_effect_is_seen(action, said):
    assert said in violations(story(*STAGES), action)


def test_a_command_that_takes_effect_unasked_is_seen():
    told = story(*STAGES[:2], STAGES[1], ("ended", 50))
    told[2]["type"] = "task.pending-action-set"
    told[2]["data"]["task"]["pending_action"] = 1
    assert "CANCEL took effect 1 times and was accepted 0 times" in violations(told)


def a_run(uuid: str, outcome: str = "completed") -> Run:
    return Run(uuid=uuid, name="flight [orchestrator 7.1]", started=time.monotonic(), outcome=outcome)


def of_nodes(*runs: Run, jobs: tuple[str, ...] = (JOB,)) -> str:
    node = SimpleNamespace(runs=runs, jobs=dict.fromkeys(jobs), url="http://node")
    fleet = SimpleNamespace(nodes=[node], watcher=SimpleNamespace(stories={"tasks/7": story(*STAGES)}))
    orders = Orders(fleet, None, 1.0, tasks={7: Wishes()})
    return "\n".join(of_the_nodes(fleet, orders))


def test_one_run_is_no_violation_and_an_interrupted_one_before_it_is_none():
    assert "" == of_nodes(a_run(JOB, "interrupted"), a_run(JOB))


def test_a_task_that_ran_twice_is_seen_under_one_uuid_or_two():
    assert "ran to its end 2 times" in of_nodes(a_run(JOB), a_run(JOB))
    assert "ran to its end 2 times" in of_nodes(a_run(JOB), a_run(OTHER_JOB))


def test_a_task_that_is_completed_and_never_ran_is_seen():
    assert f"COMPLETED, and no node ran {JOB}" in of_nodes()


def test_a_job_that_belongs_to_nobody_is_seen():
    assert f"job {OTHER_JOB} was left on http://node" in of_nodes(a_run(JOB), jobs=(JOB, OTHER_JOB))


async def test_a_command_that_is_answered_otherwise_the_second_time_is_seen():
    async def send(*_, **__):
        return {"ok": True, "task": {"id": 8}}

    orders = Orders(SimpleNamespace(client=SimpleNamespace(send=send)), None, 1.0)
    orders.commands = {"same": Command("create-task", {}, {"ok": True, "task": {"id": 8}})}
    assert [] == await orders.ask_again()
    orders.commands |= {"other": Command("create-task", {}, {"ok": True, "task": {"id": 7}}), "open": Command("x", {})}
    assert ["other: answered"] == [found[:15] for found in await orders.ask_again()]
    assert ["open"] == orders.unanswered()


def test_a_daemon_that_logs_an_error_or_prints_a_traceback_is_seen(tmp_path):
    daemon = Daemon(tmp_path, bus_url="amqp://localhost")
    daemon.log.write_text('{"event": "app.ready", "level": "info"}\n')
    assert [] == complaints([daemon])
    daemon.log.write_text('{"event": "lease.failed", "level": "error"}\nTraceback (most recent call last):\n')
    assert 2 == len(complaints([daemon]))
