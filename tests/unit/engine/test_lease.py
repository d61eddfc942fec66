"""The lease: a daemon's heart beats, it takes over what is left, and it follows what others did."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.domain.task import Source, Stage, Status
from orchestrator.engine import lease
from orchestrator.engine.changes import Changes
from orchestrator.engine.engine import new_job_uuid
from orchestrator.engine.lease import Standing
from orchestrator.engine.timing import Timing
from tests.integration.store.rows import a_job, a_node, a_task, write
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import T0, ScriptedNode

pytestmark = VIRTUAL_TIME

UUID = "6f1c2b1e-9a43-4f5a-8a51-0d6a34a7a001"
PHOTO = (Source("/photos/1.jpg", "1.jpg", 10),)


async def change(bundle, **changes):
    """Write as another daemon would, of whose commits nobody here is told."""
    async with bundle.store.begin() as transaction:
        await transaction.write(Changes(owner="other", **changes))


@pytest.mark.parametrize("error", [StoreError("locked"), ZeroDivisionError()])
async def test_a_beat_that_fails_is_followed_by_others(bundle, monkeypatch, logs, error):
    beats, heartbeat = [], bundle.store.heartbeat

    async def failing(owner, **times):
        beats.append(times)
        if len(beats) < 4:
            raise error
        return await heartbeat(owner, **times)

    monkeypatch.setattr(bundle.store, "heartbeat", failing)
    await bundle.until(lambda: len(beats) > 6)
    await write(bundle.store, a_task(99), owner="gone")
    await bundle.until(lambda: 99 in bundle.engine.conductor.tasks)
    told = [entry["event"] for entry in logs if entry["event"].startswith("lease.") and entry["log_level"] != "info"]
    assert told == (["lease.not_renewed"] if isinstance(error, StoreError) else ["lease.failed"] * 3)


async def test_a_task_whose_daemon_died_is_gone_on_with(bundle):
    node = await bundle.add_node()
    uploading = a_task(98, stage=Stage.UPLOADING, job_uuid=UUID, job_node=node.id, processing_node=node.id)
    await write(bundle.store, uploading, a_task(99, images_count=1), owner="gone", sources={98: PHOTO, 99: PHOTO})
    await bundle.until_task(98, stage="processing")
    assert any("stopped in the middle of the upload" in reason for reason in bundle.reasons(98))
    await bundle.until_task(99, stage="processing")


async def test_a_crowd_is_taken_up_a_little_at_a_time(bundle, monkeypatch):
    monkeypatch.setattr(lease, "TAKEN_UP", 10)
    node = await bundle.add_node()
    begun = len(node.calls)
    crowd = [
        a_task(
            number,
            stage=Stage.PROCESSING,
            status=Status.RUNNING,
            job_uuid=new_job_uuid(),
            job_node=node.id,
            committed=True,
        )
        for number in range(100, 200)
    ]
    await write(bundle.store, *crowd, owner="gone")
    await bundle.until(lambda: 100 <= len(bundle.engine.conductor.tasks))
    looked = []
    for _ in range(3):
        looked.append(len(node.calls) - begun)
        await asyncio.sleep(bundle.engine.shop.timing.poll_interval / 3)
    assert looked == sorted(set(looked))
    assert looked[0] < 50 < looked[-1]


class LostAnswers:
    """A connection to the store that is cut after so many commits, before their answers are there."""

    def __init__(self, bundle, monkeypatch, call):
        self.left = 0
        self._call = getattr(bundle.store, call)
        monkeypatch.setattr(bundle.store, call, getattr(self, call))

    def _cut(self):
        if self.left:
            self.left -= 1
            raise StoreError("closed the connection")

    @asynccontextmanager
    async def begin(self):
        async with self._call() as transaction:
            yield transaction
        self._cut()

    async def claim(self, owner, *, now):
        claimed = await self._call(owner, now=now)
        self._cut()
        return claimed


async def test_a_task_whose_commit_was_never_heard_of_is_gone_on_with(bundle, monkeypatch):
    await bundle.add_node()
    answers = LostAnswers(bundle, monkeypatch, "begin")
    told: list[Standing] = []
    bundle.engine.lease.standing.append(told.append)
    answers.left = 1
    with pytest.raises(StoreError):
        await bundle.create()
    await bundle.until_task(1, status=40)
    assert [False, True] == [each.alone for each in told][:2]


@pytest.mark.parametrize("action", ["CANCEL", "RESTART"])
async def test_an_action_whose_commit_was_never_heard_of_takes_effect(bundle, monkeypatch, action):
    await bundle.add_node(ScriptedNode(seconds=30))
    answers = LostAnswers(bundle, monkeypatch, "begin")
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    answers.left = 1
    with pytest.raises(StoreError):
        await bundle.act(task, action)
    await asyncio.sleep(100)
    row = await bundle.row(task)
    assert {"CANCEL": (Status.CANCELED, 1), "RESTART": (Status.COMPLETED, 2)}[action] == (row.status, row.attempt)
    assert not bundle.engine.conductor.tasks


async def test_tasks_whose_taking_over_was_never_heard_of_are_gone_on_with(bundle, monkeypatch):
    await bundle.add_node()
    answers = LostAnswers(bundle, monkeypatch, "claim")
    answers.left = 1
    await write(bundle.store, a_task(99, images_count=1), owner="gone", sources={99: PHOTO})
    await bundle.until_task(99, status=40)


async def test_what_is_heard_of_after_the_task_was_taken_over_anew_does_not_set_it_back(bundle):
    task = await bundle.create()
    heard = bundle.engine.conductor.tasks[task]
    await bundle.store.let_go("me", [task])
    [taken] = await bundle.store.claim("me", now=bundle.clock.now())
    bundle.engine.conductor.adopt([taken])
    bundle.engine.conductor.adopt([heard])
    assert heard.fence + 1 == bundle.engine.conductor.tasks[task].fence


async def test_nodes_that_another_daemon_added_moved_or_removed_are_seen(bundle):
    node = bundle.clients.nodes["http://node-7:3000"] = ScriptedNode()
    await change(bundle, nodes={7: a_node(7)})
    await bundle.until(lambda: (known := bundle.engine.board.get(7)) and known.online)
    moved = bundle.clients.nodes["http://node-8:3000"] = ScriptedNode()
    await change(bundle, nodes={7: replace(a_node(7), url="http://node-8:3000")})
    await bundle.until(lambda: moved.calls)
    await change(bundle, gone_nodes={7})
    await bundle.until(lambda: bundle.engine.board.get(7) is None)
    assert node.calls


async def test_a_task_goes_elsewhere_when_another_daemon_removed_its_node(bundle):
    node = await bundle.add_node(ScriptedNode(seconds=1000))
    task = await bundle.create()
    await bundle.until_task(task, status=20)
    other = await bundle.add_node(number=2)
    await change(bundle, gone_nodes={node.id})
    done = await bundle.until_task(task, status=40)
    assert other.id == done["processing_node"]
    assert any("processing node node-1 was removed" in reason for reason in bundle.reasons(task))


async def test_a_job_that_a_dead_daemon_abandoned_is_stopped_before_its_task_is_placed_again(bundle):
    node = await bundle.add_node()
    node.take(UUID, images=3)
    node.hold("cancel")
    job = a_job(UUID, node=node.id, task=99, committed=True, abandoned_at=T0)
    await write(bundle.store, a_task(99, images_count=1), owner="gone", jobs={UUID: job}, sources={99: PHOTO})
    await bundle.until_task(99, reason="waiting for its previous job to stop on node-1")
    assert 0 == node.count("begin")
    bundle.let_go()
    await bundle.until_task(99, stage="processing")
    assert UUID not in node.jobs


async def test_what_was_read_while_something_changed_here_is_not_believed(bundle, monkeypatch):
    abandoned, read = bundle.store.abandoned_jobs, []

    async def slow():
        found = await abandoned()
        read.append(found)
        if len(read) == 1:
            await bundle.add_node()
        return found

    monkeypatch.setattr(bundle.store, "abandoned_jobs", slow)
    await bundle.until(lambda: len(read) > 1)
    assert 1 == len(bundle.engine.board.nodes())


async def test_what_the_daemon_had_is_handed_back_at_its_end():
    async with running(Timing(lease_ttl=30)) as bundle:
        task = await bundle.create()
        await asyncio.sleep(1)
        await bundle.engine.lease.end()
        assert [task] == [each.id for each in await bundle.store.claim("other", now=bundle.clock.now())]


class Others:
    """Other daemons on the same store, which SQLite does not know."""

    def __init__(self, bundle, monkeypatch, *names):
        self.living = [*names, bundle.engine.turn.owner]
        self.claims = []
        self.owned = None
        self.slots = {}
        self._store = bundle.store
        self._heartbeat, self._owned = bundle.store.heartbeat, bundle.store.owned
        for method in ("heartbeat", "owned", "slots_of_others", "claim"):
            monkeypatch.setattr(bundle.store, method, getattr(self, f"_do_{method}"))

    async def _do_heartbeat(self, owner, **times):
        await self._heartbeat(owner, **times)
        return tuple(sorted(self.living))

    async def _do_owned(self, owner):
        return await self._owned(owner) if self.owned is None else self.owned

    async def _do_slots_of_others(self, owner):
        return self.slots

    async def _do_claim(self, owner, *, now):
        self.claims.append(now)
        return ()


async def test_who_has_been_there_longest_is_the_first(bundle, monkeypatch):
    told: list[Standing] = []
    bundle.engine.lease.standing.append(told.append)
    others = Others(bundle, monkeypatch, "0", "~")
    await bundle.until(lambda: told)
    others.living.remove("0")
    await bundle.until(lambda: told[-1].first)
    others.living.remove("~")
    await bundle.until(lambda: told[-1].alone)
    assert [(False, False), (True, False), (True, True)] == list(dict.fromkeys((it.first, it.alone) for it in told))


async def test_a_dead_daemons_tasks_are_looked_for_every_second(monkeypatch):
    async with running(Timing(lease_ttl=30)) as bundle:
        others = Others(bundle, monkeypatch, "other")
        await asyncio.sleep(11)
        others.claims.clear()
        await asyncio.sleep(8)
        assert 8 == len(others.claims)


async def test_a_task_that_another_daemon_canceled_is_let_go_within_a_second(bundle, monkeypatch):
    node = await bundle.add_node(ScriptedNode(seconds=1000))
    kept, taken = await bundle.create(), await bundle.create()
    await bundle.until_task(taken, status=20)
    others = Others(bundle, monkeypatch, "other")
    await bundle.until(lambda: not bundle.engine.lease._alone)
    others.owned = frozenset({kept})
    await asyncio.sleep(1.1)
    assert {kept} == set(bundle.engine.conductor.tasks)
    asked = node.count("job")
    await asyncio.sleep(10)
    assert asked < node.count("job") <= asked + 15


async def test_what_other_daemons_have_on_a_node_takes_its_slots(bundle, monkeypatch):
    others = Others(bundle, monkeypatch, "other")
    node = await bundle.add_node()
    others.slots = {node.id: 100}
    await bundle.until(lambda: bundle.engine.board.elsewhere)
    task = await bundle.create()
    await asyncio.sleep(30)
    assert "waiting" == (await bundle.row(task)).stage
    others.living.remove("other")
    await bundle.until_task(task, status=40)
