"""An orderly stop in the middle of an upload: with real files, and a node that keeps half of what is cut."""

from tests.integration.engine.bundle import built


async def test_an_upload_goes_on_where_an_orderly_stop_left_it(tmp_path):
    async with built(tmp_path) as bundle:
        async with bundle.engine.running():
            node = await bundle.add_node(slow_upload=8000)
            task = await bundle.create(8)
            await node.wait_for("upload-started")
        there = node.calls["upload"]
        async with bundle.engine.running():
            done = await bundle.until_task(task["id"], status=40)
        assert 0 < there < 8
        assert (1, 1, 8) == (done["attempt"], node.calls["init"], node.calls["upload"])
        assert [(done["uuid"], "completed")] == [(run.uuid, run.outcome) for run in node.runs]
