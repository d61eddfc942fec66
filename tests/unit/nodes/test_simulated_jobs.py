"""Committed jobs on the simulated node: their states, words, results and the rules of the HTTP around them."""

import asyncio
import io
import json
import zipfile

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.unit.nodes.simulated_client import Client, options_json, running

SUCCESS = {"success": True}


async def status(client: Client, uuid: str) -> int:
    return (await client.info(uuid))["status"]["code"]


async def test_a_finished_job_reports_its_result():
    async with running() as (node, client):
        uuid = await client.submit(3)
        await node.wait_for("ended", uuid)
        info = await client.info(uuid)
        assert ({"code": 40}, 100, 3) == (info["status"], info["progress"], info["imagesCount"])
        assert info["processingTime"] >= 100
        assert "output" not in info
        assert [("field", "completed")] == [(run.name, run.outcome) for run in node.runs]


async def test_processing_time_is_unknown_at_first():
    async with running(seconds=5) as (node, client):
        uuid = await client.submit()
        assert -1 == (await client.info(uuid))["processingTime"]
        await node.wait_for("started", uuid)
        assert -1 == (await client.info(uuid))["processingTime"]


async def test_output_and_progress_grow_while_the_job_runs():
    async with running(seconds=0.6) as (node, client):
        uuid = await client.submit()
        seen: list[tuple[float, int]] = []
        await node.wait_for("started", uuid)
        while await status(client, uuid) != 40:
            info = await client.get(f"/task/{uuid}/info", params={"with_output": "0"})
            seen.append((info["progress"], len(info["output"])))
        assert sorted(seen) == seen
        assert len({lines for _, lines in seen}) > 5
        assert len(await client.get(f"/task/{uuid}/output")) > 60


async def test_output_is_sliced_as_javascript_does():
    async with running() as (node, client):
        uuid = await client.submit()
        await node.wait_for("ended", uuid)
        everything = await client.get(f"/task/{uuid}/output")
        cases = {"10": everything[10:], "-3": everything[-3:], "9999": [], "": everything, "x": everything}
        for line, expected in cases.items():
            assert expected == await client.get(f"/task/{uuid}/output", params={"line": line})
        assert everything == await client.get(f"/task/{uuid}/output?line=3&line=4")
        info = await client.get(f"/task/{uuid}/info", params={"with_output": "-2"})
        assert everything[-2:] == info["output"]


async def test_a_failed_job_says_why_and_is_at_100_percent():
    async with running() as (node, client):
        node.fail_next(2, "Not enough memory")
        node.fail_next()
        messages = []
        for _ in range(3):
            uuid = await client.submit()
            await node.wait_for("ended", uuid)
            info = await client.info(uuid)
            assert (30, 100) == (info["status"]["code"], info["progress"])
            messages.append(info["status"]["errorMessage"])
        assert ["Not enough memory", "Not enough memory", "Cannot process dataset"] == messages
        assert {"error": "Asset not ready"} == await client.get(f"/task/{uuid}/download/all.zip")


async def test_jobs_wait_for_their_turn_in_order():
    async with running(seconds=0.2) as (node, client):
        uuids = [await client.submit() for _ in range(3)]
        assert 3 == (await client.get("/info"))["taskQueueCount"]
        assert [{"uuid": uuid} for uuid in uuids] == await client.get("/task/list")
        for uuid in uuids:
            await node.wait_for("ended", uuid)
        assert uuids == [run.uuid for run in node.runs]
        assert all(earlier.ended <= later.started for earlier, later in zip(node.runs, node.runs[1:], strict=False))


async def test_parallel_jobs_run_together():
    async with running(seconds=30, parallel=2) as (node, client):
        uuids = [await client.submit() for _ in range(3)]
        for uuid in uuids[:2]:
            await node.wait_for("started", uuid)
        await node.wait_for("queued", uuids[2])
        assert [20, 20, 10] == [await status(client, uuid) for uuid in uuids]
        await client.post("/task/cancel", {"uuid": uuids[0]})
        await node.wait_for("started", uuids[2])


async def test_cancel_stops_a_running_job():
    async with running(seconds=30) as (node, client):
        uuid = await client.submit()
        await node.wait_for("started", uuid)
        assert SUCCESS == await client.post("/task/cancel", {"uuid": uuid})
        info = await client.info(uuid)
        assert ({"code": 50}, -1) == (info["status"], info["processingTime"])
        await node.wait_for("ended", uuid)
        assert ["canceled"] == [run.outcome for run in node.runs]


async def test_cancel_turns_even_a_completed_job_into_a_canceled_one():
    async with running() as (node, client):
        uuid = await client.submit()
        await node.wait_for("ended", uuid)
        assert SUCCESS == await client.post("/task/cancel", json={"uuid": uuid})
        assert 50 == await status(client, uuid)
        async with client.session.get(f"/task/{uuid}/download/all.zip") as response:
            assert "application/zip" == response.content_type


async def test_a_cancel_while_packing_does_not_last():
    async with running(seconds=2) as (node, client):
        uuid = await client.submit()
        await node.wait_for("packing", uuid)
        await client.post("/task/cancel", {"uuid": uuid})
        assert 50 == await status(client, uuid)
        await node.wait_for("ended", uuid, times=2)
        assert 40 == await status(client, uuid)


async def test_remove_forgets_the_job():
    async with running(seconds=30) as (node, client):
        uuid = await client.submit()
        await node.wait_for("started", uuid)
        assert SUCCESS == await client.post("/task/remove", {"uuid": uuid})
        missing = {"success": False, "error": f"{uuid} not found"}
        for call in ("cancel", "remove", "restart"):
            assert missing == await client.post(f"/task/{call}", {"uuid": uuid})
        assert {"error": f"{uuid} not found"} == await client.get(f"/task/{uuid}/output")


async def test_restart_runs_an_ended_job_with_replaced_options():
    async with running() as (node, client):
        uuid = await client.submit(options=options_json(dsm=True, crop=1))
        await node.wait_for("ended", uuid)
        again = {"uuid": uuid, "options": options_json(dtm=True, rerun_from="odm_dem")}
        assert SUCCESS == await client.post("/task/restart", again)
        await node.wait_for("ended", uuid, times=2)
        kept = [{"name": "dtm", "value": True}, {"name": "rerun-from", "value": "odm_dem"}]
        assert kept == (await client.info(uuid))["options"]
        assert 2 == len(node.runs)
        # The archive is updated in place: what only the first run made is still there.
        async with client.session.get(f"/task/{uuid}/download/all.zip") as response:
            names = zipfile.ZipFile(io.BytesIO(await response.read())).namelist()
        assert {"odm_dem/dsm.tif", "odm_dem/dtm.tif"} <= set(names)


async def test_restart_is_refused_while_the_job_lives_or_the_options_are_bad():
    async with running() as (node, client):
        uuid = await client.submit()
        refusal = {"success": False, "error": "Task cannot be restarted"}
        assert refusal == await client.post("/task/restart", {"uuid": uuid})
        await node.wait_for("ended", uuid)
        bad = {"uuid": uuid, "options": json.loads(options_json(dsm="maybe"))}
        assert ["error"] == list(await client.post("/task/restart", json=bad))
        assert 40 == await status(client, uuid)


async def test_calls_about_jobs_take_urlencoded_or_json_bodies_up_to_100_kb():
    async with running() as (_, client):
        uuid = await client.submit()
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("uuid", uuid)
        assert {"error": "uuid param missing."} == await client.post("/task/cancel", form)
        large = {"uuid": uuid, "options": "x" * 110_000}
        assert {"error": "request entity too large"} == await client.post("/task/restart", large)


async def test_download_has_no_ranges_and_stored_entries():
    async with running(result_bytes=100_000) as (node, client):
        uuid = await client.submit()
        await node.wait_for("ended", uuid)
        path = f"/task/{uuid}/download/all.zip"
        async with client.session.get(path, headers={"Range": "bytes=10-"}) as response:
            body = await response.read()
            assert (200, len(body)) == (response.status, response.content_length)
            assert "attachment; filename=all.zip" == response.headers["Content-Disposition"]
            assert not {"Accept-Ranges", "ETag", "Last-Modified"} & set(response.headers)
        entries = zipfile.ZipFile(io.BytesIO(body)).infolist()
        assert {zipfile.ZIP_STORED} == {entry.compress_type for entry in entries}
        assert 100_000 == max(entry.file_size for entry in entries)
        async with client.session.head(path) as response:
            assert len(body) == response.content_length
        assert {"error": "Invalid asset"} == await client.get(f"/task/{uuid}/download/orthophoto.tif")


async def test_outputs_limit_the_archive_to_paths_that_exist():
    async with running() as (node, client):
        uuid = await client.submit(outputs='["odm_report", "*.json", "nowhere"]')
        await node.wait_for("ended", uuid)
        async with client.session.get(f"/task/{uuid}/download/all.zip") as response:
            names = zipfile.ZipFile(io.BytesIO(await response.read())).namelist()
        assert ["odm_report/report.pdf", "odm_report/shots.geojson"] == names


async def test_the_node_describes_itself_and_its_options():
    async with running(max_images=9, parallel=3) as (_, client):
        info = await client.get("/info")
        assert (
            "odm",
            9,
            3,
            0,
        ) == tuple(info[key] for key in ("engine", "maxImages", "maxParallelTasks", "taskQueueCount"))
        options = {option["name"]: option for option in await client.get("/options")}
        assert len(options) >= 35
        assert {str} == {type(option["value"]) for option in options.values()}
        assert isinstance(options["rerun-from"]["domain"], list)
        assert {"int", "float", "string", "bool", "enum"} == {option["type"] for option in options.values()}
        assert (await client.get("/auth/info"))["loginUrl"] is None


async def test_paths_are_lenient_and_unknown_ones_are_html():
    async with running() as (_, client):
        assert "version" in await client.get("/INFO/")
        async with client.session.get("/task/nowhere") as response:
            assert (404, "text/html") == (response.status, response.content_type)
            assert "<pre>Cannot GET /task/nowhere</pre>" in await response.text()


async def test_json_has_a_weak_etag():
    async with running() as (_, client):
        async with client.session.get("/options") as response:
            etag = response.headers["ETag"]
            assert "application/json; charset=utf-8" == response.headers["Content-Type"]
        async with client.session.get("/options", headers={"If-None-Match": etag}) as response:
            assert (304, b"") == (response.status, await response.read())


async def test_the_token_counts_in_the_query_string_only_and_only_once():
    refusal = {"error": "Invalid authentication token: token does not match."}
    async with running(token="secret") as (node, client):
        assert refusal == await client.get("/info")
        assert refusal == await client.get("/info?token=secret&token=secret")
        assert refusal == await client.post("/task/cancel", {"uuid": "x", "token": "secret"})
        assert "version" in await client.get("/info?token=secret")
        assert "message" in await client.get("/auth/info")
        node.set_token("other")
        assert refusal == await client.get("/info?token=secret")
        node.set_token(None)
        assert "version" in await client.get("/info?token=any")


async def test_the_webhook_hears_of_the_end():
    heard: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    answers = [204, 200]

    async def hook(request: web.Request) -> web.Response:
        await heard.put(await request.json())
        return web.Response(status=answers.pop(0))

    application = web.Application()
    application.router.add_post("/hook", hook)
    async with TestServer(application) as listener, running() as (_, client):
        uuid = await client.submit(webhook=str(listener.make_url("/hook")))
        for _ in range(2):
            body = await heard.get()
            assert (uuid, {"code": 40}, ["00.jpg", "01.jpg"]) == (body["uuid"], body["status"], body["images"])
        assert [] == answers
