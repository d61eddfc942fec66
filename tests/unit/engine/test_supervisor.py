"""The supervisor: nodes are looked at again and again, by nobody else's leave, and no more often than they bear."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.domain import commands
from orchestrator.domain.errors import NodeFault, StoreError
from orchestrator.domain.node import NodeOption
from orchestrator.engine.changes import Changes
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn
from tests.unit.engine.bundle import VIRTUAL_TIME, running
from tests.unit.engine.fakes import INFO, ScriptedNode

pytestmark = VIRTUAL_TIME


async def test_a_node_goes_offline_after_a_while_and_comes_back_with_an_event_for_each(bundle):
    node = await bundle.add_node()
    node.go_away()
    await asyncio.sleep(15)
    assert bundle.board_node(node).online
    await bundle.until(lambda: not bundle.board_node(node).online, within=45)
    node.come_back()
    await bundle.until(lambda: bundle.board_node(node).online)
    told = [event for event in bundle.events if event["type"] == "processing-node.status-changed"]
    assert ["online", "offline", "online"] == [
        "online" if event["data"]["processing_node"]["online"] else "offline" for event in told
    ]


async def test_a_node_that_was_never_reached_is_asked_often_at_first(bundle):
    node = ScriptedNode()
    node.will("info", ZeroDivisionError(), ZeroDivisionError())
    bundle.clients.nodes["http://node-1:3000"] = node
    await bundle.settle(commands.AddProcessingNode(url="http://node-1:3000"))
    await bundle.until(lambda: any(each.online for each in bundle.engine.board.nodes()), within=5)


async def test_many_who_ask_are_answered_by_one_look(bundle):
    node = await bundle.add_node()
    looks = node.count("info")
    for _ in range(100):
        bundle.engine.supervisor.look_now(node.id)
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    assert node.count("info") - looks <= 4
    bundle.engine.supervisor.look_now(99)


async def test_options_are_asked_for_again_when_the_engine_is_another(bundle):
    node = await bundle.add_node()
    asked = node.count("options")
    node.about = replace(INFO, engine_version="9.9.9")
    node.known_options = (NodeOption("new", "bool", "false", "", ""),)
    await bundle.until(lambda: node.count("options") > asked)
    await bundle.until(lambda: "new" == bundle.board_node(node).options[0].name)


async def test_options_are_asked_for_again_every_hour(bundle):
    node = await bundle.add_node()
    asked = node.count("options")
    await asyncio.sleep(3500)
    assert asked == node.count("options")
    await asyncio.sleep(200)
    assert asked + 1 == node.count("options")


async def test_what_is_the_same_as_before_is_written_once_a_minute(bundle):
    node = await bundle.add_node()
    commits = []
    bundle.engine.turn.listeners.append(lambda changes: commits.extend(changes.nodes))
    await asyncio.sleep(600)
    assert 8 <= len(commits) <= 12
    assert (bundle.clock.now() - bundle.board_node(node).last_refreshed).total_seconds() < 15


async def test_a_database_that_fails_delays_the_news(bundle, monkeypatch):
    observe, failing = Turn.observe_node, [StoreError("locked"), NodeFault("not of this room")]

    async def failing_observe(turn, report):
        if failing:
            raise failing.pop()
        await observe(turn, report)

    monkeypatch.setattr(Turn, "observe_node", failing_observe)
    node = await bundle.add_node()
    await bundle.until(lambda: bundle.board_node(node).online)


async def test_a_look_that_ends_after_the_node_was_taken_away_or_moved_says_nothing(bundle):
    node = await bundle.add_node()
    gate = node.hold("info")
    bundle.engine.supervisor.look_now(node.id)
    looks = node.count("info")
    await bundle.until(lambda: node.count("info") > looks)
    bundle.clients.nodes["http://node-2:3000"] = other = ScriptedNode()
    await bundle.settle(commands.UpdateProcessingNode(processing_node=node.id, url="http://node-2:3000"))
    node.will("info", NodeFault("of the old address"))
    gate.set()
    await bundle.until(lambda: bundle.board_node(node).online)
    assert other.count("info")
    await bundle.settle(commands.RemoveProcessingNode(processing_node=node.id))
    asked = other.count("info")
    await asyncio.sleep(60)
    assert ({}, asked) == (bundle.engine.supervisor._looks, other.count("info"))


async def test_a_node_that_is_not_on_the_board_is_not_looked_at():
    async with running(Timing(lease_ttl=1e9)) as bundle:
        node = await bundle.add_node()
        going = bundle.engine.supervisor._going[node.id]
        bundle.engine.board._nodes.clear()
        bundle.engine.supervisor.look_now(node.id)
        await bundle.until(going.done)


async def test_nodes_that_were_never_looked_at_may_go(bundle):
    bundle.engine.supervisor.on_commit(Changes(owner="me", gone_nodes={99}))
    assert {} == bundle.engine.supervisor._looks


async def test_a_stopped_supervisor_begins_nothing(bundle):
    node = await bundle.add_node()
    await bundle.engine.supervisor.stop()
    bundle.engine.supervisor.begin(bundle.board_node(node))
    assert {} == bundle.engine.supervisor._looks


@pytest.mark.parametrize("start", [1, 2])
async def test_starting_again_is_starting_once(bundle, start):
    await bundle.add_node()
    looks = dict(bundle.engine.supervisor._looks)
    for _ in range(start):
        bundle.engine.supervisor.start()
    assert looks == bundle.engine.supervisor._looks


async def test_an_outage_whose_end_could_not_be_stored_does_not_go_on_till_the_next(bundle, monkeypatch):
    async def refuse(turn, report):
        raise StoreError("the disk is full")

    node = await bundle.add_node()
    node.go_away()
    await bundle.until(lambda: bundle.board_node(node).unreachable_since)
    node.come_back()
    with monkeypatch.context() as full:
        full.setattr(Turn, "observe_node", refuse)
        await asyncio.sleep(1000)
        node.go_away()
    looks = node.count("info")
    await bundle.until(lambda: node.count("info") > looks)
    await asyncio.sleep(1)
    assert bundle.board_node(node).online
