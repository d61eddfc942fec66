"""The registry of clients: one for each address and token, and all closed with it."""

from orchestrator.nodes.registry import NodeRegistry
from tests.unit.nodes.nodeodm_bundle import node_at


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
