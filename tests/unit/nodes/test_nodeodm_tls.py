"""Nodes behind https: a certificate is checked, by the system's authorities or by those of the house."""

import asyncio
import shutil
import ssl
from pathlib import Path

import pytest

from orchestrator.domain.errors import NodeUnreachable
from orchestrator.nodes.registry import NodeRegistry
from tests.unit.nodes.nodeodm_bundle import UUID, generated, ignore, node_at
from tests.unit.nodes.scripted_node import ScriptedNode, says

ANSWERS = [says({"version": "2.2.4"}), says({"success": True})]


@pytest.fixture
async def certificate(tmp_path: Path) -> Path:
    """Certificate and key of 127.0.0.1, signed by nobody else."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    arguments = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=node -keyout pair -out crt"
    )
    process = await asyncio.create_subprocess_exec(
        openssl,
        *arguments.split(),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        cwd=tmp_path,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert 0 == await process.wait()
    pair = tmp_path / "pair"
    pair.write_text(pair.read_text() + (tmp_path / "crt").read_text())
    return pair


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_certificate_of_the_house_is_trusted_when_told_so(certificate: Path):
    house = ssl.create_default_context(cafile=certificate)
    async with ScriptedNode(ANSWERS, tls=server_side(certificate)) as node, NodeRegistry(tls=house) as registry:
        client = registry.client(node_at(node.url))
        assert "2.2.4" == (await client.info()).api_version
        await client.upload(UUID, generated(3_000_000), sent=ignore)
    assert node.requests[1].length > 3_000_000


async def test_an_unknown_certificate_makes_a_node_unreachable(certificate: Path):
    async with ScriptedNode(ANSWERS, tls=server_side(certificate)) as node, NodeRegistry() as registry:
        client = registry.client(node_at(node.url))
        with pytest.raises(NodeUnreachable, match=r"No secure connection: .*certificate"):
            await client.info()
        with pytest.raises(NodeUnreachable, match=r"No secure connection: .*certificate"):
            await client.upload(UUID, generated(5), sent=ignore)
    assert [] == node.requests
