"""A task in the browser, from dropped photos to a map, and what can be done to it on the way."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.visitor import photo
from tests.integration.api.photos import form, photos
from tests.integration.api.work import ended, put

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]


async def test_dropped_photos_become_a_task_that_is_followed_to_its_map(visitor):
    await visitor.create("Field <b>7</b>", "orthophoto-png")
    page = visitor.page
    await expect(visitor.status("Completed")).to_be_visible()
    picture = page.get_by_role("img", name="The orthophoto of Field <b>7</b>")
    await expect(picture).to_be_visible()
    assert 0 < await picture.evaluate("image => image.naturalWidth")
    happened = page.get_by_role("region", name="What happened")
    for word in ("Draft", "Waiting", "Sending", "Collecting", "Completed"):
        await expect(happened.get_by_text(word, exact=True).first).to_be_visible()
    await expect(page.get_by_role("region", name="Console output").locator(".line").first).to_be_visible()
    await expect(page.get_by_role("link", name="Everything").locator(".asset-size")).not_to_be_empty()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Everything").click()
    archive = await (await downloading.value).path()
    assert b"PK" == Path(archive).read_bytes()[:2]


@pytest.mark.parametrize("node", [3600], indirect=True)
async def test_a_task_is_canceled_restarted_and_removed_after_a_question_each(visitor):
    await visitor.create("Quarry")
    await expect(visitor.status("Running")).to_be_visible()
    await visitor.button("Cancel").click()
    await expect(visitor.button("Let it go on")).to_be_focused()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.dialog()).to_have_count(0)
    await expect(visitor.button("Cancel")).to_be_focused()
    await visitor.button("Cancel").click()
    await visitor.button("Cancel the task").click()
    await expect(visitor.status("Canceled")).to_be_visible()
    await visitor.button("Restart").click()
    await visitor.button("Restart it").click()
    await expect(visitor.status("Running")).to_be_visible()
    await visitor.button("Remove").click()
    await visitor.button("Remove the task").click()
    await expect(visitor.page.get_by_role("heading", name="No tasks yet")).to_be_visible()


async def test_a_large_photo_goes_in_pieces_and_arrives_whole(visitor, daemon, folder):
    large, small = folder / "large.jpg", folder / "small.jpg"
    small.write_bytes(photo())
    large.write_bytes(photo() + bytes(17 * 1024 * 1024))
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.extend([request.url] if request.url.endswith("/upload/") else []))
    await visitor.open("/new", heading="New task")
    await visitor.page.locator("#photos").set_input_files([large, small])
    await visitor.page.get_by_label("Name", exact=True).fill("Large")
    await visitor.button("Start the task").click()
    await expect(visitor.heading("Large")).to_be_visible()
    assert 3 == len(sent)
    arrived = {file.stat().st_size for file in (folder / "data").rglob("*.jpg")}
    assert {large.stat().st_size, small.stat().st_size} <= arrived


async def test_an_upload_goes_on_while_other_views_are_looked_at(visitor):
    held = asyncio.Event()

    async def hold(route):
        await held.wait()
        await route.continue_()

    await visitor.page.route("**/upload/", hold)
    await visitor.open("/new", heading="New task")
    await visitor.drop(["a.jpg", "b.jpg"])
    await visitor.page.get_by_label("Name", exact=True).fill("Meadow")
    await visitor.button("Start the task").click()
    await expect(visitor.page.get_by_role("heading", name="Sending 2 files")).to_be_visible()
    await visitor.page.get_by_role("link", name="Nodes", exact=True).click()
    await expect(visitor.page.get_by_role("link", name="Sending 0 %")).to_be_visible()
    held.set()
    await expect(visitor.page.get_by_text("All photos of Meadow are here.").first).to_be_visible()
    await expect(visitor.heading("Processing nodes")).to_be_visible()


async def test_an_upload_that_is_refused_says_why_and_can_be_tried_again_or_given_up(visitor):
    await visitor.page.route("**/upload/", lambda route: route.fulfill(status=400, json=["The disk is full."]))
    await visitor.open("/new", heading="New task")
    await visitor.drop(["a.jpg", "A.JPG"])
    await visitor.button("Start the task").click()
    await expect(visitor.page.get_by_text("The disk is full.")).to_be_visible()
    await expect(visitor.page.get_by_text("A-2.JPG")).to_be_visible()
    assert [] == await visitor.wrong()
    await visitor.button("Cancel the upload").click()
    await visitor.dialog().get_by_role("button", name="Cancel the upload", exact=True).click()
    await expect(visitor.page.get_by_text("2 files chosen", exact=True).first).to_be_visible()
    await visitor.page.unroute("**/upload/")
    await visitor.create("Second try")
    await expect(visitor.status("Completed")).to_be_visible()
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.page.get_by_text("1 task", exact=True)).to_be_visible()


async def test_photos_dropped_on_any_view_begin_a_new_task(visitor):
    await visitor.open("/nodes", heading="Processing nodes")
    await expect(visitor.page.get_by_text("Online", exact=True)).to_be_visible()
    await visitor.drop(["a.jpg", "notes.doc", "b.jpg"], on="body")
    await expect(visitor.heading("New task")).to_be_visible()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("New task")
    await expect(visitor.page.get_by_text("1 file left out: it is no photo")).to_be_visible()
    await visitor.button("Start the task").click()
    await expect(visitor.status("Completed")).to_be_visible()


async def test_a_project_is_made_on_the_way_to_a_task(visitor):
    await visitor.open("/new", heading="New task")
    await visitor.drop(["a.jpg", "b.jpg"])
    await visitor.page.get_by_label("Project").select_option("New project…")
    await visitor.dialog().get_by_label("Name").fill("Meadows")
    await visitor.button("Create it").click()
    await visitor.button("Start the task").click()
    await expect(visitor.page.get_by_role("navigation", name="Where this is")).to_contain_text("Meadows")


async def test_a_task_is_restarted_with_other_options(visitor, daemon):
    await visitor.create("Quarry", "orthophoto-png")
    await expect(visitor.status("Completed")).to_be_visible()
    await visitor.button("Restart").click()
    await visitor.dialog().get_by_text("Other options (1 set)").click()
    assert [] == await visitor.wrong()
    await visitor.dialog().get_by_label("Search options").fill("pc-quality")
    await visitor.button("Set pc-quality").click()
    await visitor.dialog().get_by_label("pc-quality", exact=True).select_option("high")
    await visitor.dialog().get_by_label("orthophoto-png", exact=True).select_option("off")
    await visitor.button("Restart it").click()
    await expect(visitor.page.get_by_text("Restart was asked for.").first).to_be_visible()
    _, task = await daemon.get("/projects/1/tasks/1/")
    expected = [{"name": "orthophoto-png", "value": False}, {"name": "pc-quality", "value": "high"}]
    assert (2, expected) == (task["attempt"], task["options"])


async def test_a_task_gets_another_name_a_priority_and_tags(visitor, daemon):
    await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Quarry"})
    await visitor.open("/projects/1/tasks/1", heading="Quarry")
    await visitor.button("Change").click()
    await visitor.dialog().get_by_label("Name").fill("Quarry north")
    await visitor.dialog().get_by_label("Priority").select_option("9")
    await visitor.dialog().get_by_label("Tags").fill("survey, week 48")
    await visitor.button("Save").click()
    await expect(visitor.heading("Quarry north")).to_be_visible()
    _, task = await daemon.get("/projects/1/tasks/1/")
    assert (9, ["survey", "week 48"]) == (task["priority"], task["tags"])


async def test_a_task_that_waits_for_a_node_that_is_away_goes_to_another(visitor, daemon, node):
    _, away = await daemon.post("/processingnodes/", json={"hostname": "127.0.0.1", "port": 1, "label": "Attic"})
    given = {"processing_node": str(away["id"]), "auto_processing_node": "false", "name": "Quarry"}
    await daemon.post("/projects/1/tasks/", data=form(photos(2), **given))
    await visitor.open("/projects/1/tasks/1", heading="Quarry")
    await expect(visitor.page.get_by_text("Waiting for a processing node: Attic is offline").first).to_be_visible()
    await visitor.button("Change").click()
    await expect(visitor.dialog().get_by_label("Processing node")).to_have_value(str(away["id"]))
    await visitor.dialog().get_by_label("Processing node").select_option("Choose automatically")
    await visitor.button("Save").click()
    await expect(visitor.status("Completed")).to_be_visible()
    happened = visitor.page.get_by_role("region", name="What happened")
    await expect(happened.get_by_text("Processing node: chosen automatically")).to_be_visible()


async def test_a_task_of_a_node_that_is_no_more_keeps_it_until_another_is_chosen(visitor, daemon):
    await put(daemon, ended(1, name="Bog", processing_node=99, auto_processing_node=False))
    await visitor.open("/projects/1/tasks/1", heading="Bog")
    await visitor.button("Change").click()
    await expect(visitor.dialog().get_by_label("Processing node")).to_have_value("99")
    await visitor.dialog().get_by_label("Name").fill("Moor")
    await visitor.button("Save").click()
    await expect(visitor.heading("Moor")).to_be_visible()
    _, task = await daemon.get("/projects/1/tasks/1/")
    assert (99, False) == (task["processing_node"], task["auto_processing_node"])
