"""HEAD wherever there is GET, and OPTIONS everywhere, as WebODM answers them."""

import pytest

from tests.integration.api.work import ended, put


async def ask(daemon, method, path):
    async with daemon.session.request(method, f"{daemon.url}/api{path}") as response:
        return response.status, dict(response.headers), await response.read()


@pytest.mark.parametrize(
    "path", ["/projects/", "/projects/?page=1", "/projects/1/", "/projects/1/tasks/1/", "/processingnodes/",
             "/projects/1/tasks/1/output/?f=json", "/openapi.json"]
)  # fmt: skip
async def test_head_gives_what_get_gives_but_the_body(daemon, path):
    await put(daemon, ended(1))
    got, asked = await ask(daemon, "GET", path), await ask(daemon, "HEAD", path)
    assert (200, 200, b"") == (got[0], asked[0], asked[2])
    assert str(len(got[2])) == got[1]["Content-Length"]
    assert got[1] | {"Date": ""} == asked[1] | {"Date": ""}


async def test_head_of_a_long_list_sends_none_of_it(daemon):
    await put(daemon, *(ended(number) for number in range(1, 502)))
    assert (200, b"") == (await ask(daemon, "HEAD", "/projects/1/tasks/"))[::2]


async def test_head_of_what_is_not_there_is_404(daemon):
    assert (404, b"") == (await ask(daemon, "HEAD", "/projects/99/"))[::2]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/projects/", "GET, HEAD, OPTIONS, POST"),
        ("/projects/1/", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/projects/1/tasks/1/cancel/", "OPTIONS, POST"),
        ("/events", "GET, OPTIONS"),
    ],
)
async def test_options_tells_the_methods(daemon, path, methods):
    status, headers, body = await ask(daemon, "OPTIONS", path)
    assert (200, methods) == (status, headers["Allow"])
    assert b'"renders": ["application/json"]' in body
    status, headers, _ = await ask(daemon, "TRACE", path)
    assert (405, methods) == (status, headers["Allow"])
