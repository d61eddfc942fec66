"""Binding where others reach it, and tokens, with the installed command; and curl as WebODM's documentation has it."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.acceptance.command_line import Shell, finish
from tests.daemon import Daemon

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what the story is told with"),
]


@pytest.fixture
async def shell():
    with tempfile.TemporaryDirectory(prefix="orc") as place:
        folder = Path(place)
        shell = Shell(Daemon(folder, bus_url="memory://", api__host="0.0.0.0"), folder)
        try:
            yield shell
        finally:
            await shell.close()
            await shell.daemon.kill()


async def curl(shell: Shell, path: str, *words: str):
    pipe = asyncio.subprocess.PIPE
    url = shell.daemon.health.removesuffix("/health") + path
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", *words, url, stdin=pipe, stdout=pipe, stderr=pipe
    )
    return json.loads((await finish(process)).stdout)


async def test_a_daemon_that_others_reach_starts_with_a_token_and_is_used_with_it(shell):
    refused = await shell("serve")
    assert 2 == refused.code
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("api.host is 0.0.0.0, where others reach the daemon, and there is no API token: make one")

    # To be reached by others is enough to need a token; the test itself listens to this machine only.
    shell.daemon.env |= {
        "ORCHESTRATOR__API__HOST": "127.0.0.1",
        "ORCHESTRATOR__API__PUBLIC_URL": "https://maps.example",
    }
    refused = await shell("serve")
    assert (2, True) == (
        refused.code,
        refused.stderr.splitlines()[-1].startswith("api.public_url is https://maps.exam"),
    )
    made = await shell("token", "create", "anna", "--role", "admin")
    token = made.stdout.strip()
    assert (0, "orc_") == (made.code, token[:4])
    await shell.daemon.start()

    answer = await curl(shell, "/api/token-auth/", "--form", "username=anna", "--form", f"password={token}")
    authorized = ("--header", f"Authorization: JWT {answer['token']}")
    project = await curl(shell, "/api/projects/", *authorized, "--form", "name=Fields")
    assert "Fields" == project["name"]
    nobody = await curl(shell, "/api/projects/", "--form", "name=Fields")
    assert {"detail": "Authentication credentials were not provided."} == nobody
    basic = await curl(shell, "/api/whoami/", "--user", f"anna:{token}")
    assert ("anna", "admin") == (basic["name"], basic["role"])
    listed = (await shell("token", "list", "--json")).json
    assert listed[0]["last_used_at"] is not None

    assert 0 == (await shell("token", "revoke", "anna")).code
    assert {"detail": "Error decoding signature."} == await curl(shell, "/api/whoami/", *authorized)
    assert token not in shell.daemon.log.read_text()
