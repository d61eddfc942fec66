"""The store is lost while nodes work: another engine takes the jobs back, and they end as if nothing had been."""

from tests.integration.engine.bundle import running


async def test_jobs_of_a_lost_store_are_taken_back_and_end_with_their_assets(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    async with running(tmp_path / "first") as lost, running(tmp_path / "second") as bundle:
        nodes = [await lost.add_node(seconds=2) for _ in range(2)]
        tasks = [
            await lost.create(2, name=f"Field {number}", options=[{"name": "dsm", "value": True}]) for number in (1, 2)
        ]
        started = [await lost.until_task(task["id"], status=20) for task in tasks]
        for node in nodes:
            await bundle.send("add-processing-node", url=node.url)
        seen = await bundle.engine.adoption.look()
        assert [task["uuid"] for task in started] == [each.job.uuid for each in seen.found]
        taken = await bundle.engine.adoption.take([each.job.uuid for each in seen.found])
        assert [(1, "Field 1"), (2, "Field 2")] == [(task.id, task.name) for _, task in taken]
        for task in started:
            done = await bundle.until_task(task["id"], status=40)
            assert (task["uuid"], 2, 1) == (done["uuid"], done["images_count"], done["attempt"])
            assert {"name": "dsm", "value": True} in done["options"]
            assert {"all.zip", "dsm.tif"} <= set(done["available_assets"])
            assert [*range(1, done["version"] + 1)] == [event["sequence"] for event in bundle.of_task(task["id"])]
        assert [1, 1] == [len(node.runs) for node in nodes]
        assert () == (await bundle.engine.adoption.look()).found
