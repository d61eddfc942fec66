"""The turn: a batch is settled as a whole, a culprit stands alone, and what was committed is never settled again."""

import asyncio
import json

import pytest

from orchestrator.domain.commands import CommitTask, CreateProject, CreateTask, SetPendingAction, TaskKey
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Committing, Report, StillWaiting
from orchestrator.domain.problem import invalid_field
from orchestrator.domain.supervision import Unseen
from orchestrator.domain.task import PendingAction, Source
from orchestrator.engine.ports import Order
from orchestrator.engine.rulings import rule
from orchestrator.engine.stimuli import JobReport, NodeReport
from orchestrator.engine.turn import AGAIN
from tests.unit.engine.bundle import VIRTUAL_TIME

pytestmark = VIRTUAL_TIME

PHOTO = Source("/photos/1.jpg", "1.jpg", 10)


def failing(monkeypatch, bundle, *errors):
    """Let the next transactions of the turn fail so, when they are to be written."""
    begin, left = bundle.store.begin, list(errors)

    def failing_begin():
        if left:
            raise left.pop(0)
        return begin()

    monkeypatch.setattr(bundle.store, "begin", failing_begin)


def refused():
    error = StoreError("refused a row")
    error.retryable = False
    return error


async def test_orders_handed_in_together_are_answered_in_their_order(bundle):
    orders = [Order(CreateProject(name=str(number))) for number in range(5)]
    settled = await bundle.engine.turn.settle(orders)
    assert [str(number) for number in range(5)] == [json.loads(each.answer)["project"]["name"] for each in settled]


async def test_a_rejected_order_uses_up_no_number(bundle):
    wrong, right = CreateTask(sources=(PHOTO,), project=99), CreateTask(sources=(PHOTO,))
    orders = [Order(wrong), Order(right, "m-1"), Order(wrong), Order(right, "m-1"), Order(wrong)]
    settled = await bundle.engine.turn.settle(orders)
    assert [False, True, False, True, False] == [each.accepted for each in settled]
    assert (await bundle.settle(wrong))["ok"] is False
    assert [1, 2] == [json.loads(settled[1].answer)["task"]["id"], await bundle.create()]


async def test_nothing_to_settle_is_settled(bundle):
    assert [] == await bundle.engine.turn.settle([])


async def test_a_message_that_was_answered_gets_the_same_answer(bundle):
    order = Order(CreateProject(name="x"), "m-1")
    [first] = await bundle.engine.turn.settle([order])
    [again] = await bundle.engine.turn.settle([order])
    assert (first.answer, True, False, True) == (again.answer, again.accepted, first.repeated, again.repeated)


async def test_a_message_repeated_within_a_batch_is_settled_once(bundle):
    orders = [Order(CreateProject(name="x"), "m-1")] * 2
    settled = await bundle.engine.turn.settle(orders)
    assert [False, True] == [each.repeated for each in settled]


async def test_the_trace_of_a_command_goes_on_in_the_events(bundle):
    await bundle.engine.turn.settle([Order(CreateTask(sources=(PHOTO,)), traceparent="00-1-2-01")])
    assert "00-1-2-01" == bundle.events[-1]["traceparent"]
    cancel = SetPendingAction(task=TaskKey(id=1), pending_action=PendingAction.CANCEL)
    await bundle.engine.turn.settle([Order(cancel, traceparent="00-3-4-01")])
    assert "00-3-4-01" == bundle.events[-1]["traceparent"]


async def test_images_that_cannot_be_used_reject_the_command(bundle):
    bundle.images.will("expand", invalid_field("images", "no such file"))
    [settled] = await bundle.engine.turn.settle([Order(CreateTask(sources=(PHOTO,)), "m-1")])
    assert "images" == json.loads(settled.answer)["error"]["errors"][0]["field"]
    assert not settled.accepted


async def test_a_reference_that_exists_is_answered_even_if_its_images_have_gone(bundle):
    first = await bundle.settle(CreateTask(sources=(PHOTO,), reference="flight-7"))
    bundle.images.will("expand", invalid_field("images", "no such file"))
    assert first == await bundle.settle(CreateTask(sources=(PHOTO,), reference="flight-7"))


async def test_ground_control_points_go_along_as_a_side_file(bundle):
    await bundle.settle(CreateTask(sources=(PHOTO,), ground_control_points="/photos/gcp.txt"))
    assert [PHOTO, Source("/photos/gcp.txt", "", side=True)] == list(await bundle.store.sources(1))


async def test_a_draft_gets_more_images_under_names_of_their_own(bundle):
    await bundle.settle(CreateTask(sources=(PHOTO,), partial=True))
    answer = await bundle.settle(CommitTask(task=TaskKey(id=1), sources=(PHOTO, Source("/photos/2.jpg", "2.jpg", 10))))
    assert 3 == answer["task"]["images_count"]
    assert ["1.jpg", "1-2.jpg", "2.jpg"] == [source.name for source in await bundle.store.sources(1)]


async def test_while_the_database_fails_everyone_is_told_and_may_come_again(bundle, monkeypatch):
    failing(monkeypatch, bundle, StoreError("locked"))
    orders = asyncio.gather(*(bundle.settle(CreateProject(name="x"), f"m-{n}") for n in (1, 2)), return_exceptions=True)
    assert ["locked", "locked"] == [str(error) for error in await orders]
    assert (await bundle.settle(CreateProject(name="x"), "m-1"))["ok"]


@pytest.fixture
def poison(bundle, monkeypatch):
    """Nothing can be said of what is called poison."""
    answer = bundle.engine.turn.renderer.answer

    def render(outcome):
        if getattr(getattr(outcome, "subject", None), "name", "") == "poison":
            raise ZeroDivisionError
        return answer(outcome)

    monkeypatch.setattr(bundle.engine.turn.renderer, "answer", render)


@pytest.mark.usefixtures("poison")
async def test_a_poisonous_order_stands_alone(bundle, logs):
    names = ["a", "b", "poison", "c"]
    answers = await asyncio.gather(*(bundle.settle(CreateProject(name=name)) for name in names))
    assert [True, True, False, True] == [each["ok"] for each in answers]
    assert "internal" == answers[2]["error"]["type"]
    assert ["a", "b", "c"] == [each.name for each in await bundle.store.projects()][1:]
    assert "turn.stimulus_refused" in {entry["event"] for entry in logs}


@pytest.mark.usefixtures("poison")
async def test_of_orders_handed_in_together_only_the_poisonous_one_is_refused(bundle):
    settled = await bundle.engine.turn.settle([Order(CreateProject(name=name)) for name in ("a", "poison", "b")])
    assert [True, False, True] == [each.accepted for each in settled]


async def test_rows_that_the_database_refuses_are_not_tried_for_ever(bundle, monkeypatch):
    failing(monkeypatch, bundle, refused(), refused())
    with pytest.raises(StoreError, match="refused a row"):
        await bundle.engine.turn.report(Report(1, 0, Committing()))


async def test_one_poisonous_fact_among_many_fails_those_who_handed_it_in_and_the_others_count(bundle, monkeypatch):
    tasks = [await bundle.create() for _ in range(2)]

    def poisoned(batch, stimulus, **rules):
        if stimulus == Report(99, 0, Committing()):
            raise ZeroDivisionError
        return rule(batch, stimulus, **rules)

    monkeypatch.setattr("orchestrator.engine.turn.rule", poisoned)
    facts = [Report(task, 0, StillWaiting("for the weather")) for task in tasks]
    with pytest.raises(ZeroDivisionError):
        await bundle.engine.turn.report_all([facts[0], Report(99, 0, Committing()), facts[1]])
    assert ["for the weather"] * 2 == [(await bundle.row(task)).reason for task in tasks]


@pytest.mark.parametrize("error", [StoreError("locked"), ZeroDivisionError()])
async def test_whoever_gave_up_waiting_harms_nobody(bundle, monkeypatch, error):
    turn, gate, begun = type(bundle.engine.turn), asyncio.Event(), []
    commit = turn._commit

    async def failing_commit(self, stimuli, sent):
        begun.append(len(stimuli))
        await gate.wait()
        if stimuli:
            raise error
        return await commit(self, stimuli, sent)

    monkeypatch.setattr(turn, "_commit", failing_commit)
    facts = [Report(1, 0, Committing())] * 2
    asking = [
        asyncio.create_task(bundle.settle(CreateProject(name="x"))),
        asyncio.create_task(bundle.engine.turn.report(facts[0])),
        asyncio.create_task(bundle.engine.turn.report_all(facts)),
    ]
    await bundle.until(lambda: begun)
    for each in asking:
        each.cancel()
    await asyncio.wait(asking)
    gate.set()
    await asyncio.sleep(1)
    monkeypatch.undo()
    assert (await bundle.settle(CreateProject(name="after")))["ok"]


async def test_a_listener_that_fails_does_not_undo_or_repeat_what_was_committed(bundle, logs):
    def broken(changes):
        raise ZeroDivisionError

    seen: list[object] = []
    bundle.engine.turn.listeners[:0] = [broken]
    bundle.engine.turn.listeners.append(seen.append)
    assert (await bundle.settle(CreateProject(name="x")))["ok"]
    assert (1, 2) == (len(seen), len(await bundle.store.projects()))
    assert "turn.listener_failed" in {entry["event"] for entry in logs}


async def test_confirmed_events_are_deleted_after_a_while_also_when_the_store_was_away(bundle, monkeypatch):
    await bundle.create()
    failing(monkeypatch, bundle, StoreError("locked"))
    bundle.engine.turn.sent([1])
    await asyncio.sleep(1)
    assert 1 == len(await bundle.store.unsent(after=0, limit=9))
    await asyncio.sleep(AGAIN)
    assert () == await bundle.store.unsent(after=0, limit=9)


async def test_confirmations_that_come_in_the_middle_of_a_commit_wait_for_the_next(bundle, monkeypatch):
    turn = type(bundle.engine.turn)
    commits: list[tuple[int, list[int]]] = []
    commit = turn._commit

    async def confirmed_meanwhile(self, stimuli, sent):
        result = await commit(self, stimuli, sent)
        if stimuli:
            self.sent([len(commits) + 1])
        commits.append((len(stimuli), list(sent)))
        return result

    monkeypatch.setattr(turn, "_commit", confirmed_meanwhile)
    for name in ("first", "second", "third"):
        await bundle.settle(CreateProject(name=name))
    await bundle.until(lambda: 4 == len(commits))
    assert [(1, []), (1, [1]), (1, [2]), (0, [3])] == commits


async def test_a_store_that_is_away_is_told_once_and_when_it_is_back(bundle, monkeypatch, logs):
    for reason in ("locked", "locked", "full", "full"):
        failing(monkeypatch, bundle, StoreError(reason))
        with pytest.raises(StoreError):
            await bundle.create()
    for _ in range(2):
        await bundle.create()
    told = [(entry["event"], entry.get("reason")) for entry in logs if entry["event"].startswith("turn.")]
    assert [("turn.failed", "locked"), ("turn.failed", "full"), ("turn.recovered", None)] == told


async def test_confirmations_that_cannot_be_written_are_told_and_kept(bundle, monkeypatch, logs):
    await bundle.create()
    failing(monkeypatch, bundle, ZeroDivisionError())
    bundle.engine.turn.sent([1])
    await asyncio.sleep(1)
    assert "turn.failed" in {entry["event"] for entry in logs}
    await bundle.create()
    assert [2] == [entry.number for entry in await bundle.store.unsent(after=0, limit=9)]


async def test_a_storm_of_orders_is_settled_in_batches(bundle):
    sizes = []
    bundle.engine.turn.listeners.append(lambda changes: sizes.append(len(changes.projects)))
    await asyncio.gather(*(bundle.settle(CreateProject(name=str(n))) for n in range(1100)))
    assert [500, 500, 100] == sizes


async def test_what_is_said_of_unknown_tasks_nodes_and_jobs_changes_nothing(bundle):
    turn = bundle.engine.turn
    assert None is await turn.report(Report(99, 0, Committing()))
    await turn.observe_node(NodeReport(99, Unseen("refused")))
    await turn.confirm_job(JobReport("unknown", gone=False))
    await turn.confirm_job(JobReport("unknown", gone=True))
    assert [] == bundle.events
