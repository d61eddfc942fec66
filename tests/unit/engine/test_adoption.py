"""After the store is lost: jobs of ours are found on the nodes, taken back once, and nothing else is touched."""

import asyncio

import pytest

from orchestrator.domain.commands import RemoveProcessingNode
from orchestrator.domain.errors import JobNotFound, NodeFault
from orchestrator.domain.task import Option
from orchestrator.engine import adoption
from tests.unit.engine.bundle import VIRTUAL_TIME, running

pytestmark = VIRTUAL_TIME


async def taken(bundle, *uuids):
    """Take these jobs back, and give the tasks."""
    return [task for _, task in await bundle.engine.adoption.take(uuids)]


async def found(bundle):
    return [each.job.uuid for each in (await bundle.engine.adoption.look()).found]


async def test_a_running_job_is_taken_back_under_its_old_number_and_completes():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.2]", options=(Option("dsm", value=True),))
        [task] = await taken(bundle, uuid)
        assert (134, "Field 7", 2, uuid) == (task.id, task.name, task.attempt, task.uuid)
        created = bundle.of_task(134)[0]
        assert ("adopted from node node-1", 20, "processing", 1) == (
            created["reason"], created["status"], created["stage"], created["version"],
        )  # fmt: skip
        done = await bundle.until_task(134, status=40)
        assert (2, 3, [{"name": "dsm", "value": True}]) == (done["attempt"], done["images_count"], done["options"])
        assert (0, 0, 1) == (node.count("begin"), node.count("restart"), node.count("download"))


async def test_the_second_time_there_is_nothing_to_adopt():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.1]")
        assert [uuid] == await found(bundle)
        assert 1 == len(await taken(bundle, uuid))
        assert ([], []) == (await found(bundle), await taken(bundle, uuid))


async def test_what_is_asked_for_twice_at_once_is_taken_once():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.1]")
        both = await asyncio.gather(taken(bundle, uuid), taken(bundle, uuid))
        assert [1, 0] == sorted(map(len, both), reverse=True)


async def test_only_what_was_named_is_taken():
    async with running() as bundle:
        node = await bundle.add_node()
        first, second = node.has("x [orchestrator 1.1]"), node.has("y [orchestrator 2.1]")
        assert [2] == [task.id for task in await taken(bundle, second)]
        assert [first] == await found(bundle)


async def test_jobs_of_others_and_canceled_ones_are_left_alone():
    async with running() as bundle:
        node = await bundle.add_node()
        node.has("somebody else's")
        node.has("")
        node.has("Field 7 [orchestrator 134.1]", status=50)
        assert [] == await found(bundle)


async def test_a_task_that_the_store_knows_is_not_found():
    async with running() as bundle:
        await bundle.add_node()
        task = await bundle.create()
        await bundle.until_task(task, stage="processing")
        assert [] == await found(bundle)
        await bundle.until_task(task, status=40)
        assert [] == await found(bundle)


async def test_a_completed_job_has_its_results_fetched():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.1]", status=40, progress=1.0)
        await taken(bundle, uuid)
        done = await bundle.until_task(134, status=40)
        assert ["all.zip"] == done["available_assets"]


async def test_a_failed_job_fails_its_task_with_the_nodes_words_and_can_be_restarted_there():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.1]", status=30, error="out of memory", processing_time=5)
        await taken(bundle, uuid)
        assert "out of memory" == (await bundle.until_task(134, status=30))["last_error"]
        assert (await bundle.act(134, "RESTART"))["ok"]
        done = await bundle.until_task(134, status=40)
        assert (2, uuid, 1, 0) == (done["attempt"], done["uuid"], node.count("restart"), node.count("begin"))


async def test_a_restart_that_needs_the_images_says_that_they_are_not_known():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("Field 7 [orchestrator 134.1]", status=40, progress=1.0)
        await taken(bundle, uuid)
        await bundle.until_task(134, status=40)
        del node.jobs[uuid]
        await bundle.act(134, "RESTART")
        failed = await bundle.until_task(134, status=30)
        assert "the images of this task are not known" in failed["last_error"]
        assert 0 == node.count("begin")


async def test_a_number_that_is_taken_gives_way_to_a_new_one():
    async with running() as bundle:
        node = await bundle.add_node()
        there = await bundle.create(partial=True)
        uuid = node.has(f"Field 7 [orchestrator {there}.1]")
        [task] = await taken(bundle, uuid)
        assert (1, 2) == (there, task.id)


async def test_no_number_is_given_out_twice():
    async with running() as bundle:
        node = await bundle.add_node()
        uuids = [node.has(f"x [orchestrator {number}.1]") for number in (3, 7)]
        together = asyncio.gather(taken(bundle, *uuids), *(bundle.create(partial=True) for _ in range(3)))
        (adopted, *created) = await together
        numbers = [task.id for task in adopted] + created + [await bundle.create(partial=True)]
        assert len(numbers) == len(set(numbers))
        assert {3, 7} <= set(numbers)
        late = node.has("x [orchestrator 5.1]")
        assert [5] == [task.id for task in await taken(bundle, late)]


async def test_two_tasks_of_one_number_become_two_tasks():
    async with running() as bundle:
        node = await bundle.add_node()
        uuids = node.has("Roof [orchestrator 5.1]"), node.has("Field [orchestrator 5.1]")
        tasks = await taken(bundle, *uuids)
        assert [5, 6] == [task.id for task in tasks]
        assert 7 == await bundle.create(partial=True)


async def test_an_earlier_attempt_is_stopped_and_removed():
    async with running() as bundle:
        node, other = await bundle.add_node(number=1), await bundle.add_node(number=2)
        older = other.has("Field 7 [orchestrator 134.1]")
        latest = node.has("Field 7 [orchestrator 134.2]")
        [(group, task)] = await bundle.engine.adoption.take((older, latest))
        assert (latest, [older]) == (task.uuid, [job.uuid for job in group.older])
        await bundle.until(lambda: older not in other.jobs)
        await bundle.until_task(134, status=40)
        assert (1, 0, ()) == (other.count("cancel"), node.count("cancel"), await bundle.jobs())


async def test_an_earlier_attempt_that_was_not_named_is_left():
    async with running() as bundle:
        node = await bundle.add_node()
        older, latest = node.has("x [orchestrator 5.1]"), node.has("x [orchestrator 5.2]")
        await taken(bundle, latest)
        await bundle.until_task(5, status=40)
        assert older in node.jobs


async def test_an_earlier_attempt_that_is_known_meanwhile_is_not_touched_twice():
    async with running() as bundle:
        node = await bundle.add_node()
        node.hold("remove")
        older, latest = node.has("x [orchestrator 5.1]"), node.has("x [orchestrator 5.2]")
        seen = (await bundle.engine.adoption.look()).found
        await taken(bundle, older, latest)
        node.has("y [orchestrator 6.1]")
        [other] = [each for each in (await bundle.engine.adoption.look()).found if each.job.task == 6]
        assert [None] == await bundle.engine.turn.claim(seen)
        [task] = await bundle.engine.turn.claim([adoption.Foundling(other.job, seen[0].older)])
        assert 6 == task.id
        assert [5] == [job.task for job in await bundle.jobs()]


@pytest.mark.parametrize(
    ("state", "images"),
    [
        ({"progress": 0.0}, 0), ({"progress": 0.5}, 3), ({"progress": None, "processing_time": 9}, 0),
        ({"progress": 0.0, "processing_time": 1000}, 3), ({"status": 10}, 3), ({"status": 10, "images": -1}, 0),
    ],
)  # fmt: skip
async def test_images_count_once_the_node_has_sorted_them_out(state, images):
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("x [orchestrator 5.1]", **({"progress": 0.0} | state))
        [task] = await taken(bundle, uuid)
        assert images == task.images_count


async def test_a_job_whose_images_were_not_counted_yet_is_not_taken_for_spoiled():
    async with running() as bundle:
        node = await bundle.add_node()
        uuid = node.has("x [orchestrator 5.1]", images=4, progress=0.0)
        await taken(bundle, uuid)
        node.set(uuid, images_count=3, progress=0.5)
        await bundle.until_task(5, running_progress=0.425)
        node.set(uuid, status=40, progress=1.0)
        assert uuid == (await bundle.until_task(5, status=40))["uuid"]


async def test_a_node_that_does_not_answer_is_named_and_the_others_are_looked_through(monkeypatch):
    monkeypatch.setattr(adoption, "MOST_JOBS", 2)
    async with running() as bundle:
        gone, hung, full, well = [await bundle.add_node(number=number) for number in range(1, 5)]
        gone.will("list", NodeFault("The node answered 404: nothing"))
        hung.hold("card")
        hung.has("x [orchestrator 5.1]")
        for _ in range(3):
            full.has("somebody else's")
        uuid = well.has("x [orchestrator 6.1]")
        seen = await bundle.engine.adoption.look()
        assert [uuid] == [each.job.uuid for each in seen.found]
        assert {well.id: frozenset(well.jobs)} == seen.uuids
        assert [
            ("node-1", "The node answered 404: nothing"),
            ("node-2", "it did not answer all questions within 20 s"),
            ("node-3", "it has 3 jobs that are unknown here, more than 2"),
        ] == [(each.node.name, each.reason) for each in seen.unseen]


async def test_a_job_that_vanishes_while_it_is_looked_at_is_no_trouble():
    async with running() as bundle:
        node = await bundle.add_node()
        node.has("x [orchestrator 5.1]")
        left = node.has("y [orchestrator 6.1]")
        node.will("card", JobNotFound("not found"))
        seen = await bundle.engine.adoption.look()
        assert ([left], ()) == ([each.job.uuid for each in seen.found], seen.unseen)


async def test_a_job_whose_node_was_taken_away_meanwhile_is_not_taken():
    async with running() as bundle:
        node = await bundle.add_node()
        node.has("x [orchestrator 5.1]")
        seen = await bundle.engine.adoption.look()
        await bundle.settle(RemoveProcessingNode(processing_node=node.id))
        assert [None] == await bundle.engine.turn.claim(seen.found)
        assert 6 == await bundle.create(partial=True)
