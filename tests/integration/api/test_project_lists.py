"""Lists of projects over REST: a bare array or pages, filters, orders, and what a caller may see."""

from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from orchestrator.api.rest import listing
from orchestrator.domain.errors import StoreError
from orchestrator.domain.task import Project
from tests.integration.api.site import Site
from tests.integration.api.work import NOON, ended, put


@pytest.fixture
async def filled(daemon: Site) -> Site:
    """Twelve projects: the default one, and those numbered 2 to 12, each a minute younger than the one before."""
    projects = [
        Project(
            id=number,
            name=f"Field {number}",
            created_at=NOON + timedelta(minutes=number),
            description="by the river" if number == 7 else "",
            tags=("north",),
        )
        for number in range(2, 13)
    ]
    projects[6] = replace(projects[6], tags=("north", "süd"))
    await put(daemon, ended(1, project=7), ended(2), ended(3, project=7, name="Orchard"), projects=tuple(projects))
    return daemon


async def ids(site: Site, query: str) -> list[int]:
    status, body = await site.get(f"/projects/{query}")
    assert 200 == status, body
    return [project["id"] for project in (body if isinstance(body, list) else body["results"])]


async def test_without_a_page_all_projects_come_as_a_bare_array_newest_first(filled):
    status, projects = await filled.get("/projects/")
    assert (200, 12) == (status, len(projects))
    assert list(range(12, 1, -1)) == [project["id"] for project in projects if project["id"] > 1]
    seventh = next(project for project in projects if project["id"] == 7)
    assert ([1, 3], ["north"], "by the river") == (seventh["tasks"], seventh["tags"], seventh["description"])
    assert ({"id", "name", "description", "created_at", "tasks", "owned", "permissions", "tags"}) == set(seventh)


async def test_pages_have_ten_projects_and_know_their_neighbours(filled):
    _, first = await filled.get("/projects/?page=1&ordering=id")
    assert (12, None, list(range(1, 11))) == (first["count"], first["previous"], [it["id"] for it in first["results"]])
    assert f"{filled.url}/api/projects/?page=2&ordering=id" == first["next"]
    async with filled.session.get(first["next"]) as response:
        second = await response.json()
    assert ([11, 12], None) == ([it["id"] for it in second["results"]], second["next"])
    assert f"{filled.url}/api/projects/?page=1&ordering=id" == second["previous"]
    assert [11, 12] == await ids(filled, "?page=last&ordering=id")


@pytest.mark.parametrize("page", ["3", "0", "-1", "x", "1.5", "99999999999999999999"])
async def test_a_page_that_is_not_there_is_not_found(filled, page):
    assert (404, {"detail": "Invalid page."}) == await filled.get(f"/projects/?page={page}")


async def test_a_list_of_nothing_has_one_empty_page(filled):
    assert (200, {"count": 0, "next": None, "previous": None, "results": []}) == await filled.get(
        "/projects/?page=1&name=none"
    )


async def test_filters(filled):
    for query, expected in (
        ("id=7", [7]), ("name=Field%203", [3]), ("description=by%20the%20river", [7]), ("search=RIVER", [7]),
        ("search=field%201", [12, 11, 10]), ("created_at=2026-11-23T12:05:00Z", [5]),
        ("created_at=2026-11-23T13:05:00%2B01:00", [5]), ("created_at=2026-11-23T12:05:00", [5]),
        ("id=7&search=field", [7]), ("id=&name=&page=&search=river", [7]), ("search=%25", []),
        ("search=ORCH", [7]), ("search=:North%20river", [7]), ("search=:nort", []), ("search=:north%20:s%C3%BCd", [8]),
        ("search=a::b", []),
    ):  # fmt: skip
        assert (query, expected) == (query, await ids(filled, f"?{query}"))


async def test_orders_with_an_unknown_field_ignored(filled):
    assert [1, 2, 3] == (await ids(filled, "?ordering=id"))[:3]
    assert [12, 11, 10] == (await ids(filled, "?ordering=-id"))[:3]
    assert [9, 8, 7] == (await ids(filled, "?ordering=unknown,-name"))[:3]
    assert await ids(filled, "") == await ids(filled, "?ordering=owner")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("id=x", {"id": ["A valid integer is required."]}),
        ("created_at=x", {"created_at": ["Enter a valid date/time."]}),
        ("created_at=0001-01-01T00:00:00%2B23:00", {"created_at": ["Datetime value out of range."]}),
        (f"search={'x' * 256}", {"search": ["Ensure this field has no more than 255 characters."]}),
    ],
)
async def test_wrong_filters_are_told(filled, query, body):
    assert (400, body) == await filled.get(f"/projects/?{query}")


async def test_a_long_list_is_sent_as_it_is_read(filled, monkeypatch):
    whole = (await filled.get("/projects/"))[1]
    monkeypatch.setattr(listing, "AT_ONCE", 5)
    assert (200, whole) == await filled.get("/projects/")


async def test_a_list_that_breaks_off_is_never_taken_for_a_whole_one(filled, monkeypatch):
    monkeypatch.setattr(listing, "AT_ONCE", 5)
    store, asked = filled.app.store, []

    async def fails_the_second_time(ids):
        asked.append(ids)
        if len(asked) == 2:
            raise StoreError("The disk is gone.")
        return await type(store).projects_numbered(store, ids)

    monkeypatch.setattr(store, "projects_numbered", fails_the_second_time)
    with pytest.raises(aiohttp.ClientPayloadError):
        await filled.get("/projects/")
    assert [5, 5] == [len(ids) for ids in asked]


@pytest.mark.parametrize("host", ["[", "x:y", "x:99999", "a b", "[::1", "é", ""])
async def test_a_bad_host_makes_no_link_and_no_failure(filled, host):
    status, body = await filled.get("/projects/?page=1", headers={"Host": host})
    assert (True, None) == (400 <= status < 500, body.get("next")), body


async def test_put_changes_what_is_given_and_needs_the_name(filled):
    status, changed = await filled.call("PUT", "/projects/7/", json={"name": "Meadow", "tags": ["south", "wet"]})
    assert (200, "Meadow", "by the river", ["south", "wet"], [1, 3]) == (
        status, changed["name"], changed["description"], changed["tags"], changed["tasks"],
    )  # fmt: skip
    assert (400, {"name": ["This field is required."]}) == await filled.call("PUT", "/projects/7/", json={})
    _, changed = await filled.patch("/projects/7/", data={"tags": '["east"]', "description": ""})
    assert (["east"], "", "Meadow") == (changed["tags"], changed["description"], changed["name"])
    assert (400, {"tags": ["Value must be valid JSON."]}) == await filled.patch("/projects/7/", data={"tags": "["})


async def test_a_new_project_has_its_tags_and_no_tasks(daemon):
    _, made = await daemon.post("/projects/", json={"name": "Fields", "tags": ["north"]})
    assert (["north"], []) == (made["tags"], made["tasks"])


async def test_webodms_pages_edit_a_project_by_an_endpoint_of_its_own(filled):
    given = {"name": "Meadow", "tags": ["b", "c"], "permissions": [{"username": "x", "permissions": ["view"]}]}
    assert (200, {"success": True}) == await filled.post("/projects/7/edit/", json=given)
    _, project = await filled.get("/projects/7/")
    assert ("Meadow", "by the river", ["b", "c"]) == (project["name"], project["description"], project["tags"])
    assert (404, {"detail": "Not found."}) == await filled.post("/projects/99/edit/", json=given)


async def test_the_default_project_stays(daemon):
    status, body = await daemon.delete("/projects/1/")
    assert (409, "the default project") == (status, body["detail"][:19])
