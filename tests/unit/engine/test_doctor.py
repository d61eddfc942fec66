"""The doctor says what is wrong in whole sentences, mends what is safe to mend, and calls nothing wrong that is not."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain.errors import NodeFault, StorageFailed, StoreError
from orchestrator.domain.findings import Finding
from orchestrator.domain.task import NodeJob, Stage, Status
from orchestrator.engine.changes import Changes
from orchestrator.engine.doctor import Doctor
from orchestrator.engine.job_check import JobCheck
from orchestrator.engine.ports import OutboxEntry
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import INFO, T0, LoopClock, ScriptedNode
from tools.lifecycle_cells import sample_task

pytestmark = VIRTUAL_TIME

DAMAGED = Finding(part="store", what="The database is damaged: page 7.", mend="Restore it.")


class FakeStore:
    """A store to be looked at."""

    def __init__(self):
        self.findings = ()
        self.entries = ()
        self.tasks = []
        self.trouble = None

    async def examine(self):
        if self.trouble:
            raise self.trouble
        return self.findings

    async def count_unsent(self):
        return len(self.entries)

    async def unsent(self, *, after, limit):
        return self.entries[:limit]

    async def every_task(self, *, after, limit):
        return tuple(task for task in self.tasks if task.id > after)[:1]


class FakeFolders:
    """Folders that are only noted."""

    def __init__(self):
        self.names = set()
        self.left = {}
        self.absent = {}
        self.done = []
        self.trouble = None
        self.looks = []

    async def folders(self):
        return tuple(self.looks.pop(0) if self.looks else self.names)

    async def leftovers(self, tasks):
        return {task: self.left[task] for task in tasks if task in self.left}

    async def missing(self, tasks):
        return {task.id: self.absent[task.id] for task in tasks if task.id in self.absent}

    async def tidy(self, task):
        self._do("tidy", task)

    async def put_away(self, task):
        self._do("put away", task)

    def _do(self, what, task):
        if self.trouble:
            raise self.trouble
        self.done.append((what, task))


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def folders():
    return FakeFolders()


@pytest.fixture
def doctor(store, folders):
    return Doctor(store=store, shelves=folders, clock=LoopClock())


def events(age, count=1):
    body = json.dumps({"time": (LoopClock().now() - timedelta(seconds=age)).isoformat()}).encode()
    return tuple(OutboxEntry(number, f"id-{number}", "tasks/1", "task.created", body) for number in range(count))


async def findings(doctor, *, fix=False):
    return [(it.what, it.mended) for it in (await doctor.examine(fix=fix)).findings]


def ended(id_, status=Status.COMPLETED):
    return replace(sample_task(Stage.ENDED, status), id=id_)


async def test_where_all_is_well_there_is_nothing_but_what_was_not_looked_at(doctor, store, folders):
    store.tasks = [ended(1), ended(2)]
    folders.names = {"1", "2"}
    store.entries = events(59)
    checkup = await doctor.examine(fix=True)
    assert (True, (), []) == (checkup.well, checkup.findings, folders.done)
    assert ("The nodes were not looked at, because no daemon runs.",) == checkup.notes


async def test_what_the_database_says_of_itself_comes_first(doctor, store, folders):
    store.findings = (DAMAGED,)
    folders.names = {"3"}
    checkup = await doctor.examine(fix=False)
    assert (DAMAGED, False) == (checkup.findings[0], checkup.well)
    assert 2 == len(checkup.findings)


async def test_a_store_that_cannot_be_read_is_the_finding(doctor, store):
    store.trouble = StoreError("The database is damaged.")
    checkup = await doctor.examine(fix=False)
    assert [("store", "The database is damaged.")] == [(it.part, it.what) for it in checkup.findings]
    assert ("Because of that not everything was looked at.",) == checkup.notes


async def test_a_disk_that_cannot_be_read_is_the_finding(doctor, folders, monkeypatch):
    async def refuse():
        raise StorageFailed("Looking at the folders of tasks could not be done: read-only.")

    monkeypatch.setattr(folders, "folders", refuse)
    checkup = await doctor.examine(fix=False)
    assert ["files"] == [it.part for it in checkup.findings]
    assert "Because of that not all files were looked at." == checkup.notes[-1]


@pytest.mark.parametrize(
    ("age", "count", "words"),
    [
        (60, 1, "1 event waits for the bus, the oldest for 60 s."),
        (7200, 1200, "1,200 events wait for the bus, the oldest for 2 h."),
    ],
)
async def test_events_that_do_not_leave_are_told(doctor, store, age, count, words):
    store.entries = events(age, count)
    assert [(words, False)] == await findings(doctor, fix=True)


async def test_a_folder_of_no_task_is_put_away_when_that_is_asked_for(doctor, store, folders):
    store.tasks = [ended(1)]
    folders.names = {"1", "10", "9"}
    what = "There is a folder of task {}, but no such task."
    assert [(what.format(9), False), (what.format(10), False)] == await findings(doctor)
    assert [] == folders.done
    assert [(what.format(9), True), (what.format(10), True)] == await findings(doctor, fix=True)
    assert [("put away", 9), ("put away", 10)] == folders.done
    assert (await doctor.examine(fix=True)).well


@pytest.mark.parametrize("name", ["lost+found", "007", "-1", "²"])
async def test_what_is_no_folder_of_a_task_is_left_to_people(doctor, folders, name):
    folders.names = {name}
    assert [(f"{name!r} lies among the folders of tasks, and is none.", False)] == await findings(doctor, fix=True)
    assert [] == folders.done


async def test_a_folder_that_goes_while_we_look_is_nobodys_fault(doctor, folders):
    folders.looks = [{"5"}]
    assert [] == await findings(doctor)


async def test_leftovers_of_tasks_at_rest_are_tidied_up(doctor, store, folders):
    store.tasks = [ended(1, Status.FAILED), replace(sample_task(Stage.PROCESSING, Status.RUNNING), id=2)]
    folders.left = {1: ("incoming", "staging"), 2: ("incoming",)}
    what = "Earlier work on task 1 left incoming, staging in its folder."
    assert [(what, False)] == await findings(doctor)
    assert [(what, True)] == await findings(doctor, fix=True)
    assert [("tidy", 1)] == folders.done


async def test_what_the_disk_does_not_let_go_of_is_told(doctor, store, folders):
    store.tasks = [ended(1)]
    folders.left, folders.names = {1: ("incoming",)}, {"1", "9"}
    folders.trouble = StorageFailed("The disk is read-only.")
    checkup = await doctor.examine(fix=True)
    assert [(False, "The disk is read-only.")] * 2 == [(it.mended, it.mend) for it in checkup.findings]


async def test_a_completed_task_that_lacks_assets_is_told_and_not_touched(doctor, store, folders):
    store.tasks = [ended(1), ended(2), ended(3, Status.CANCELED)]
    folders.absent = {1: ("all.zip",), 2: ("all.zip", "dsm.tif"), 3: ("all.zip",)}
    assert [
        ("Task 1 is COMPLETED, but all.zip is not there.", False),
        ("Task 2 is COMPLETED, but all.zip, dsm.tif are not there.", False),
    ] == await findings(doctor, fix=True)
    assert [] == folders.done


# ------------------------------------------------------------------------------------------------------------- nodes


def with_nodes(bundle, folders):
    jobs = JobCheck(bundle.engine.adoption, bundle.engine.conductor)
    folders.names = set()
    return Doctor(store=bundle.store, shelves=folders, clock=bundle.clock, jobs=jobs)


async def test_jobs_that_fit_their_tasks_are_no_finding(folders):
    async with running() as bundle:
        await bundle.add_node()
        await bundle.until_task(await bundle.create(), stage="processing")
        checkup = await with_nodes(bundle, folders).examine(fix=True)
        assert ((), ()) == (checkup.findings, checkup.notes)


async def test_jobs_that_nobody_remembers_point_to_adoption(folders):
    async with running() as bundle:
        node = await bundle.add_node()
        other = await bundle.add_node(number=2)
        for number in range(1, 13):
            node.has(f"x [orchestrator {number}.1]")
        other.has("y [orchestrator 5.1]")
        first = ", ".join(map(str, range(1, 11)))
        checkup = await with_nodes(bundle, folders).examine(fix=True)
        assert {
            f"node-1 has 12 jobs, ours by name, that the store does not know: tasks {first} and 2 more.",
            "node-2 has 1 job, ours by name, that the store does not know: task 5.",
        } == {it.what for it in checkup.findings}
        assert {"orchestrator adopt shows them, and takes them back, unless they are another orchestrator's."} == {
            it.mend for it in checkup.findings
        }


@pytest.mark.parametrize("cluster", [False, True])
async def test_a_watched_job_that_its_node_does_not_have_is_told_unless_a_cluster_may_hide_it(folders, cluster):
    async with running() as bundle:
        node = await bundle.add_node(ScriptedNode(seconds=60, info=replace(INFO, is_cluster=cluster)))
        task = await bundle.create()
        uuid = (await bundle.until_task(task, stage="processing"))["uuid"]
        doctor = with_nodes(bundle, folders)
        node.hold("job")
        del node.jobs[uuid]
        told = [f"Task {task} is watched on node-1, which does not have its job {uuid}."]
        assert ([] if cluster else told) == [it.what for it in (await doctor.examine(fix=True)).findings]


async def test_a_job_that_goes_with_its_task_while_we_look_is_not_called_lost(folders):
    async with running() as bundle:
        node = await bundle.add_node(ScriptedNode(seconds=60))
        task = await bundle.create()
        await bundle.until_task(task, stage="processing")
        gate = node.hold("list")
        looking = asyncio.create_task(with_nodes(bundle, folders).examine(fix=True))
        await bundle.until(lambda: node.count("list"))
        await bundle.act(task, "CANCEL")
        await bundle.until(lambda: not node.jobs)
        gate.set()
        assert () == (await looking).findings


async def test_a_job_of_a_node_that_was_taken_away_or_could_not_be_seen_is_not_called_lost(folders):
    async with running() as bundle:
        node = await bundle.add_node(ScriptedNode(seconds=60))
        await bundle.until_task(await bundle.create(), stage="processing")
        node.will("list", NodeFault("The node answered 502."))
        checkup = await with_nodes(bundle, folders).examine(fix=True)
        assert ((), ("node-1 could not be looked through: The node answered 502.",)) == (
            checkup.findings, checkup.notes,
        )  # fmt: skip
        node.hold("job")
        bundle.engine.board.on_commit(Changes(owner="other", gone_nodes={node.id}))
        assert () == (await with_nodes(bundle, folders).examine(fix=True)).findings


async def test_an_abandoned_job_that_lingers_is_told(folders):
    async with running() as bundle:
        node = await bundle.add_node()
        node.hold("remove")
        for number, (there, hours) in enumerate([(node.id, 3), (99, 2), (node.id, 0.5)], start=1):
            at = bundle.clock.now() - timedelta(hours=hours)
            uuid = node.has("x [orchestrator 7.1]")
            job = NodeJob(uuid=uuid, node=there, task=number, attempt=1, created_at=T0, abandoned_at=at)
            async with bundle.store.begin() as transaction:
                await transaction.write(Changes(owner="me", jobs={uuid: job}))
        whats = [it.what for it in (await with_nodes(bundle, folders).examine(fix=True)).findings]
        assert 2 == len(whats)
        assert whats[0].endswith("of task 1 has been waiting for 3 h to be removed from node-1 (online).")
        assert whats[1].endswith("of task 2 has been waiting for 2 h to be removed from node 99, which was taken away.")
