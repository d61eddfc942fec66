"""A task from its first click to its end, in the calls that WebODM's own pages make, Dropzone's among them."""

import math

import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.integration.api.photos import form
from tests.integration.api.site import site
from tests.integration.api.work import until

CHUNK = 1000
PLAIN_POST = {"headers": {"Content-Type": "application/json"}}
"""jQuery announces JSON and sends none."""


@pytest.fixture
async def daemon(folder):
    async with (
        SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.2)) as node,
        site(folder, node=node) as running,
    ):
        await until(running, "/processingnodes/options/", bool)
        yield running


async def drop(daemon, task, name, content, *, again=()):
    """Send a file as Dropzone does, some chunks twice, and give the last answer."""
    total = math.ceil(len(content) / CHUNK)
    answer = {}
    for index in (index for number in range(total) for index in [number] * (2 if number in again else 1)):
        offset = index * CHUNK
        fields = {
            "dzuuid": f"uuid-of-{name}", "dzchunkindex": index, "dztotalfilesize": len(content), "dzchunksize": CHUNK,
            "dztotalchunkcount": total, "dzchunkbyteoffset": offset,
        }  # fmt: skip
        body = form([(name, content[offset : offset + CHUNK])], **{key: str(value) for key, value in fields.items()})
        status, answer = await daemon.post(f"{task}upload/", data=body)
        assert (200, True) == (status, answer["success"])
    return answer["uploaded"]


async def a_task(daemon):
    """Create a task, send its files and commit it."""
    _, (node,) = await daemon.get("/processingnodes/?has_available_options=true")
    wanted = {
        "name": "North", "options": [{"name": "dsm", "value": True}], "processing_node": node["id"],
        "auto_processing_node": True, "partial": True, "align_to": "auto",
    }  # fmt: skip
    status, made = await daemon.post("/projects/1/tasks/", json=wanted)
    assert (201, True, node["label"]) == (status, made["partial"], made["processing_node_name"])
    task = f"/projects/1/tasks/{made['id']}/"
    files = {"DJI & 1.JPG": b"1" * 2500, "DJI_2.JPG": b"2" * 300, "gcp.txt": b"EPSG:4326\n"}
    for name, content in files.items():
        assert {name: len(content)} == await drop(daemon, task, name, content, again={0, 2})
    status, committed = await daemon.post(f"{task}commit/", **PLAIN_POST)
    assert (200, 2, False) == (status, committed["images_count"], committed["partial"])
    return task


async def test_a_task_is_made_run_edited_run_from_a_stage_and_removed(daemon):
    task = await a_task(daemon)
    done = await until(daemon, task, lambda it: it["status"] == 40)
    assert "odm_meshing" in done["can_rerun_from"]
    wanted = {"name": "South", "options": [*done["options"], {"name": "rerun-from", "value": "odm_meshing"}]}
    status, edited = await daemon.patch(task, json=done | wanted)
    assert (200, "South", "odm_meshing") == (status, edited["name"], edited["options"][-1]["value"])
    assert (200, {"success": True}) == await daemon.post(f"{task}restart/", **PLAIN_POST)
    again = await until(daemon, task, lambda it: it["attempt"] == 2 and it["status"] == 40)
    assert done["uuid"] == again["uuid"]
    assert (200, {"success": True}) == await daemon.post(f"{task}remove/", **PLAIN_POST)
    await until(daemon, task, lambda _: True, status=404)


async def test_a_task_is_given_up_while_its_files_are_sent(daemon):
    _, made = await daemon.post("/projects/1/tasks/", json={"partial": True})
    task = f"/projects/1/tasks/{made['id']}/"
    body = form([("a.JPG", b"1" * CHUNK)], dzuuid="u", dzchunkindex="0", dztotalchunkcount="2", dzchunkbyteoffset="0")
    assert {} == (await daemon.post(f"{task}upload/", data=body))[1]["uploaded"]
    assert (200, {"success": True}) == await daemon.post(f"{task}remove/", **PLAIN_POST)
    await until(daemon, task, lambda _: True, status=404)
