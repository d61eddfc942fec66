"""A stranger reads the OpenAPI document and tries what it says, and what it forbids: every answer is as described."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.integration.api.site import site
from tests.integration.api.work import a_draft, ended, put

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES = 5
"""Of each operation, beside what the document's own bounds call for: those are some 1,500 requests by themselves."""
SEED = 20_261_124
"""Always the same, so that a change of the code and not chance makes it fail; others are tried by hand."""


@pytest.mark.timeout(240)
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader", "ignore::aiohttp.BadContentDispositionParam")
async def test_every_answer_is_as_the_document_describes_it(folder, tmp_path):
    async with site(folder, nodes={"probe_interval": 1000}) as daemon:
        await put(daemon, *(ended(number) for number in range(1, 11)))
        for _ in range(10):
            await a_draft(daemon)
        code, said = await schemathesis(f"{daemon.url}/api/openapi.json", tmp_path)
        assert 0 == code, said[-20_000:]
        tried = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", said)
        assert tried, said
        assert tried[1] == tried[3]
        assert int(tried[3]) >= 22


async def schemathesis(url: str, folder: Path) -> tuple[int | None, str]:
    """Run it, and give its exit code and what it said."""
    options = {
        "--checks": ",".join(CHECKS),
        "--max-examples": str(EXAMPLES),
        "--seed": str(SEED),
        "--workers": "1",
        "--request-timeout": "30",
        "--exclude-path-regex": "^(/api)?/events$",  # It has no end.
    }
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"), "run", url, "--no-color", "--generation-deterministic",
        *(word for pair in options.items() for word in pair),
        cwd=folder, env={**os.environ, "PYTHONWARNINGS": "default"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return child.returncode, said.decode()
