"""NodeMICMAC: a server that dies of a second opening, changes names, and shows a job only once its files are moved."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.domain.errors import NodeFault, NodeRefused
from orchestrator.domain.task import Source
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME

MICMAC = replace(INFO, engine="micmac")


@pytest.mark.parametrize("error", [NodeFault("timeout"), NodeRefused("ENOSPC: no space left on device, write")])
async def test_an_engine_that_dies_of_a_second_opening_is_not_asked_twice(bundle, error):
    node = await bundle.add_node(ScriptedNode(info=MICMAC))
    node.will("begin", error)
    task = await bundle.create()
    await bundle.until_task(task, status=40)
    assert 2 == len({call[1] for call in node.calls if call[0] == "begin"}) == node.count("begin")


async def test_names_that_an_engine_would_make_the_same_are_told_apart_before(bundle):
    node = await bundle.add_node(ScriptedNode(info=MICMAC))
    sources = tuple(Source(f"/photos/{name}", name, 10) for name in ("a b.jpg", "a_b.jpg", "ü.jpg", "gcp_list.txt"))
    task = await bundle.create(sources=sources)
    await bundle.until_task(task, status=40)
    assert ["_.jpg", "a_b-2.jpg", "a_b.jpg", "gcp_list.txt"] == sorted(name for _, name in node.sent)


async def test_a_job_that_shows_only_once_its_files_are_moved_is_waited_for(bundle):
    node = await bundle.add_node(ScriptedNode(info=MICMAC))
    gate = node.hold("commit")
    task = await bundle.create()
    await bundle.until(lambda: node.count("commit"))
    uuid = node.calls[-1][1]
    names = node.uploads.pop(uuid)  # They are being moved: there is no such upload any more, and no job yet.
    node.will("commit", NodeFault("The node did not answer within the deadline commit of 120 s."))
    gate.set()
    await asyncio.sleep(900)
    assert (1, 1) == (node.count("begin"), (await bundle.row(task)).attempt)
    node.take(uuid, images=len(names))
    done = await bundle.until_task(task, status=40)
    assert (uuid, 2) == (done["uuid"], node.count("commit"))
