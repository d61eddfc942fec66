"""The receiver that docs/how-to/webhooks.md shows works as it is, and takes only what is signed with its secret."""

import asyncio
import os
import sys

import aiohttp

from tests.acceptance.documents import ROOT, blocks_of
from tests.daemon import free_port
from tests.integration.api.receiving import LOOPBACK, SECRET
from tests.integration.api.site import site
from tests.integration.api.streaming import DEADLINE
from tests.integration.api.work import draft


async def test_the_receiver_that_is_shown_verifies_and_tells(folder):
    (program,) = [block for block in blocks_of(ROOT / "docs/how-to/webhooks.md") if block.language == "python"]
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program.text, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "SECRET": SECRET, "PORT": str(port)},
    )  # fmt: skip
    try:
        webhooks = {"allow_private_addresses": LOOPBACK, "retry_delay": 0.1}
        async with site(folder, webhooks=webhooks) as daemon, asyncio.timeout(DEADLINE):
            url = f"http://127.0.0.1:{port}/hook"
            await daemon.post("/webhooks/", json={"url": url, "secret": SECRET})
            task = await draft(daemon)
            assert f"tasks/{task} 1 task.created\n" == (await process.stdout.readline()).decode()
            async with aiohttp.ClientSession() as session, session.post(url, data=b"{}") as answer:
                assert 500 == answer.status
    finally:
        process.kill()
        await process.wait()
