"""What a browser that somebody has open can do to a daemon: nothing that its own pages do not ask for."""

import json

import pytest

from orchestrator.api.access.origins import ANOTHER_SITE, NOT_ITS_NAME
from orchestrator.app import running
from orchestrator.domain.errors import NotGuarded
from tests.integration.api.site import settings_for, site

PORTAL = "https://portal.example.org"
STATIC = ({"name": "portal", "role": "operator", "token": "f2b4c7d90a1e4b6c8d3f5a7e9b1c2d4e6f8a"},)


async def answer(running, method, path, **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with running.session.request(
        method, f"{running.url}{path}", headers=given, allow_redirects=False
    ) as response:
        return response.status, response.headers, await response.read()


async def test_a_name_that_somebody_pointed_here_leads_nowhere(daemon):
    status, _, body = await answer(daemon, "GET", "/api/openapi.json", Host="evil.example:8000")
    assert (403, {"detail": NOT_ITS_NAME}) == (status, json.loads(body))
    assert 200 == (await answer(daemon, "GET", "/health/live", Host="10.42.0.7:8000"))[0]
    assert 200 == (await answer(daemon, "GET", "/api/openapi.json", Host="localhost:8000"))[0]


async def test_a_page_of_another_site_creates_nothing(daemon):
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        status, _, body = await answer(daemon, "POST", "/api/projects/", **headers)
        assert (403, True) == (status, ANOTHER_SITE.encode() in body)
    assert 400 == (await answer(daemon, "POST", "/api/projects/", Origin=daemon.url))[0]
    status, headers, _ = await answer(
        daemon, "OPTIONS", "/api/projects/", Origin="https://evil.example", Access_Control_Request_Method="POST"
    )
    assert (204, False) == (status, any(name.startswith("Access-Control") for name in headers))


async def test_a_guest_s_page_is_let_through_by_browsers(folder):
    api = {"cors_origins": [PORTAL], "allowed_hosts": ["maps.lan"], "static_tokens": STATIC}
    async with site(folder, api=api) as running:
        status, headers, _ = await answer(
            running, "OPTIONS", "/api/projects/", Origin=PORTAL, Access_Control_Request_Method="POST"
        )
        assert (204, PORTAL) == (status, headers["Access-Control-Allow-Origin"])
        assert "Authorization" in headers["Access-Control-Allow-Headers"]
        token = {"Authorization": f"Bearer {STATIC[0]['token']}"}
        status, headers, _ = await answer(running, "POST", "/api/projects/", Origin=PORTAL, Host="maps.lan", **token)
        assert (400, PORTAL, "Origin") == (status, headers["Access-Control-Allow-Origin"], headers["Vary"])
        assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize("path", ["/api/whoami/", "/api/nothing/", "/api/whoami", "/health/live", "/metrics", "/x"])
async def test_every_answer_tells_browsers_to_be_careful(daemon, path):
    _, headers, _ = await answer(daemon, "GET", path)
    assert ("nosniff", "DENY", "no-referrer", "orchestrator") == tuple(
        headers[name] for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Server")
    )
    policy = "default-src 'none'" if path.startswith("/api/") else "default-src 'self'"
    assert headers["Content-Security-Policy"].startswith(policy)
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("api", "told"),
    [
        ({"host": "0.0.0.0"}, r"api\.host is 0\.0\.0\.0, where others reach the daemon, and there is no API token"),
        ({"host": "::"}, r"api\.host is ::, "),
        ({"public_url": "https://maps.example.org"}, r"api\.public_url is https://maps\.example\.org, "),
        ({"allowed_hosts": ["a.localhost", "maps.example.org"]}, r"api\.allowed_hosts has maps\.example\.org, "),
    ],
)
async def test_without_a_token_no_daemon_starts_where_others_reach_it(folder, api, told):
    with pytest.raises(NotGuarded, match=told):
        async with running(settings_for(folder, api=api)):
            pass


async def test_with_a_token_it_starts_there(folder):
    async with site(folder, api={"public_url": "https://maps.example.org", "static_tokens": STATIC}) as running:
        assert 403 == (await running.get("/projects/1/"))[0]
        status, headers, _ = await answer(running, "GET", "/api/whoami/", Host="maps.example.org")
        assert (200, "no-store") == (status, headers["Cache-Control"])
