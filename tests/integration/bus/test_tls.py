"""The bus over TLS, through a proxy that ends it."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.bus.fakes import QUICK, WAIT, RabbitBus, Topology, rabbit_bundle, remove, running

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*request.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "certificate.pem"


@asynccontextmanager
async def tls_before(url: str, certificate: Path) -> AsyncIterator[str]:
    """Give an amqps address before the broker of the url."""
    parts = urlsplit(url)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(pump(reader, ours), pump(theirs, writer), return_exceptions=True)
        for one in (ours, writer):
            one.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=context, family=2)
    port = server.sockets[0].getsockname()[1]
    try:
        yield parts._replace(scheme="amqps", netloc=f"{parts.username}:{parts.password}@localhost:{port}").geturl()
    finally:
        server.close()


async def test_a_command_is_answered_over_tls(amqp_url: str, bus_prefix: str, certificate: Path):
    async with tls_before(amqp_url, certificate) as url:
        bundle = rabbit_bundle(f"{url}?cafile={certificate}", bus_prefix)
        async with bundle.running("intake"), await bundle.connect() as client:
            assert (await client.send("create-project", {"name": "Hillside"}))["ok"]
    await remove(amqp_url, bus_prefix)


async def test_a_certificate_nobody_vouches_for_is_refused(amqp_url: str, bus_prefix: str, certificate: Path):
    async with tls_before(amqp_url, certificate) as url:
        bus = RabbitBus(url, topology=Topology(prefix=bus_prefix), patience=QUICK)
        async with running(bus.run()), asyncio.timeout(WAIT):
            state = await bus.until(lambda state: bool(state.problem))

    assert "CERTIFICATE_VERIFY_FAILED" in state.problem
