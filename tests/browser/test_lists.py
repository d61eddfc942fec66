"""The lists in the browser: tasks found again, projects and nodes kept in order."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

ARABIC = "بستان الزيتون"
EVIL = '<img src="x" onerror="document.title = \'caught\'">'


async def draft(daemon, name: str) -> None:
    status, made = await daemon.post("/projects/1/tasks/", json={"partial": True, "name": name})
    assert 201 == status, made


async def test_tasks_are_found_by_name_and_by_status_and_a_reload_shows_the_same(visitor, daemon):
    await draft(daemon, "Vineyard")
    await draft(daemon, "Quarry")
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.row("Vineyard")).to_be_visible()
    await visitor.page.get_by_label("Search tasks").fill("quar")
    await expect(visitor.row("Vineyard")).to_have_count(0)
    await expect(visitor.row("Quarry")).to_be_visible()
    await visitor.page.reload()
    await expect(visitor.row("Quarry")).to_be_visible()
    await visitor.button("Failed").click()
    await expect(visitor.page.get_by_role("heading", name="No task fits")).to_be_visible()
    await visitor.button("Show all tasks").click()
    await expect(visitor.row("Vineyard")).to_be_visible()


async def test_a_list_is_walked_with_the_keys(visitor, daemon):
    await draft(daemon, "Older")
    await draft(daemon, "Newer")
    await visitor.open("/tasks", heading="Tasks")
    await visitor.page.get_by_role("link", name="Newer", exact=True).focus()
    await visitor.page.keyboard.press("ArrowDown")
    await expect(visitor.page.get_by_role("link", name="Older", exact=True)).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.heading("Older")).to_be_visible()


async def test_a_name_is_shown_as_it_is_whatever_is_in_it(visitor, daemon):
    await draft(daemon, EVIL)
    await visitor.open("/tasks", heading="Tasks")
    await visitor.page.get_by_role("link", name=EVIL, exact=True).click()
    await expect(visitor.heading(EVIL)).to_be_visible()
    await expect(visitor.page).to_have_title(f"{EVIL} · Orchestrator")


async def test_names_written_from_right_to_left_leave_the_rest_in_its_order(visitor, daemon):
    _, project = await daemon.post("/projects/", json={"name": ARABIC})
    await daemon.post(f"/projects/{project['id']}/tasks/", json={"partial": True, "name": "Grove", "tags": ["a", "b"]})
    await visitor.open("/tasks", heading="Tasks")
    under = visitor.row("Grove").locator(".row-under")
    await expect(under).to_have_text(f"#1 · {ARABIC} · 0 images · a · b")
    places = await under.locator("bdi").evaluate_all("all => all.map((it) => it.getBoundingClientRect().left)")
    assert (5, sorted(places)) == (len(places), places)
    await visitor.open("/projects", heading="Projects")
    await expect(visitor.page.get_by_role("link", name=ARABIC)).to_have_css("direction", "rtl")


async def test_what_cannot_be_shown_can_be_tried_again_and_nothing_else_is_shown_in_its_place(visitor, daemon):
    await draft(daemon, "Vineyard")
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.row("Vineyard")).to_be_visible()
    await visitor.page.route("**/api/tasks/?*", lambda route: route.fulfill(status=503, json={"detail": "No store."}))
    await visitor.button("Failed").click()
    await expect(visitor.page.get_by_role("heading", name="The tasks cannot be shown")).to_be_visible()
    await expect(visitor.row("Vineyard")).to_be_hidden()
    assert [] == await visitor.wrong()
    await visitor.page.unroute("**/api/tasks/?*")
    await visitor.button("Try again").click()
    await expect(visitor.page.get_by_role("heading", name="No task fits")).to_be_visible()


async def test_a_task_made_elsewhere_comes_onto_the_list_by_itself(visitor, daemon):
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.page.get_by_text("Live", exact=True)).to_be_visible()
    await draft(daemon, "From elsewhere")
    await expect(visitor.row("From elsewhere")).to_be_visible()


async def test_a_project_is_created_renamed_and_deleted_with_its_tasks_counted(visitor, daemon):
    await visitor.open("/projects", heading="Projects")
    await expect(visitor.button("Delete Default project")).to_be_disabled()
    await visitor.button("New project").click()
    await expect(visitor.dialog().get_by_label("Name")).to_be_focused()
    await visitor.dialog().get_by_label("Name").fill("Meadows")
    await visitor.button("Create it").click()
    await expect(visitor.row("Meadows")).to_be_visible()
    _, projects = await daemon.get("/projects/")
    (made,) = [project["id"] for project in projects if project["name"] == "Meadows"]
    for name in ("One", "Two"):
        assert 201 == (await daemon.post(f"/projects/{made}/tasks/", json={"partial": True, "name": name}))[0]
    await visitor.button("Rename Meadows").click()
    await visitor.dialog().get_by_label("Name").fill("Fields")
    await visitor.button("Save").click()
    await visitor.button("Delete Fields").click()
    await expect(visitor.dialog()).to_contain_text("2 tasks will be removed with it")
    await visitor.button("Delete it and 2 tasks").click()
    await expect(visitor.row("Fields")).to_have_count(0)


async def test_a_node_is_added_and_removed(visitor, node):
    await visitor.open("/nodes", heading="Processing nodes")
    await expect(visitor.page.get_by_text("Online", exact=True)).to_be_visible()
    await visitor.button("Add a node").click()
    await visitor.dialog().get_by_label("Host").fill("127.0.0.1")
    await visitor.dialog().get_by_label("Port").fill("1")
    await visitor.dialog().get_by_label("Label").fill("Attic")
    await visitor.button("Add it").click()
    await expect(visitor.page.get_by_role("heading", name="Attic")).to_be_visible()
    await visitor.button("Remove Attic").click()
    await visitor.button("Remove the node").click()
    await expect(visitor.page.get_by_role("heading", name="Attic")).to_have_count(0)


@pytest.mark.parametrize("node", [3600], indirect=True)
async def test_a_filter_tells_how_many_there_are_and_a_node_what_it_works_on(visitor):
    await visitor.create("Quarry")
    await expect(visitor.status("Running")).to_be_visible()
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.button("Running 1")).to_be_visible()
    await expect(visitor.button("Failed")).to_be_visible()
    await visitor.open("/nodes", heading="Processing nodes")
    await visitor.page.get_by_role("link", name="Quarry", exact=True).click()
    await expect(visitor.heading("Quarry")).to_be_visible()
