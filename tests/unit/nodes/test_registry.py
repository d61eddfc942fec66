"""The registry of clients: one for each address and token, and all closed with it."""

import asyncio

from orchestrator.nodes.registry import NodeRegistry
from tests.unit.nodes.nodeodm_bundle import UUID, node_at
from tests.unit.nodes.scripted_node import Act, ScriptedNode, says


async def test_one_registry_gives_one_client_per_address_and_token():
    async with NodeRegistry() as registry:
        first = registry.client(node_at("http://node:3000"))
        assert first is registry.client(node_at("http://node:3000"))
        assert first is not registry.client(node_at("http://node:3000", number=2))
        assert first is not registry.client(node_at("http://node:3000", "changed"))
        assert first is not registry.client(node_at("http://node:3001"))
        assert "s3cret" not in repr(first)


async def test_a_registry_closes_twice_and_unused():
    registry = NodeRegistry()
    await registry.close()
    registry.client(node_at("http://node:3000"))
    await registry.close()
    await registry.close()


async def test_a_nodes_health_is_asked_for_while_its_calls_wait_for_each_other():
    heard = asyncio.Event()

    async def hears():
        heard.set()

    acts = [Act(hang=True, then=hears), says({"version": "2.2.4"}), says([])]
    async with ScriptedNode(acts) as node, NodeRegistry(connections_per_node=1) as registry:
        client = registry.client(node_at(node.url))
        calls = [asyncio.create_task(client.remove(UUID)) for _ in range(3)]
        await heard.wait()
        assert "2.2.4" == (await client.info()).api_version
        assert () == await client.options()
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
