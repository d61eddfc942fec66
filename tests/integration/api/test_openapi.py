"""The document that describes the API is valid, and has every route that runs."""

import re

from openapi_spec_validator import validate


async def test_the_document_is_valid_openapi_and_holds_every_route(daemon):
    status, described = await daemon.get("/openapi.json")
    assert (200, "3.1.0") == (status, described["openapi"])
    validate(described)
    assert {"get", "patch", "delete"} <= set(described["paths"]["/projects/{project}/"])


async def test_the_page_for_people_needs_nothing_but_the_daemon_and_no_inline_code(daemon):
    async with daemon.session.get(f"{daemon.url}/api/docs") as response:
        page = await response.text()
        assert (200, f"{daemon.url}/api/docs/") == (response.status, str(response.url))
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|<script>|\son\w+=|\sstyle=|https?://", page)
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        assert name in page
        async with daemon.session.get(f"{daemon.url}/api/docs/{name}") as response:
            assert (200, kind) == (response.status, response.content_type)
            assert not re.search(r"https?://|innerHTML|eval\(", await response.text())


async def test_parameters_bodies_and_answers_are_described(daemon):
    _, described = await daemon.get("/openapi.json")
    listed = described["paths"]["/projects/{project}/tasks/"]["get"]
    assert {"status", "available_assets", "ordering", "page", "search"} <= {it["name"] for it in listed["parameters"]}
    assert {"$ref": "#/components/schemas/TaskView"} in [
        each.get("items") for each in listed["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    ]
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert "503" in operation["responses"]
