"""What a story is read for: why a task failed, what its node said, and its map from near."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from orchestrator.domain.task import Status
from tests.integration.api.photos import form, photos
from tests.integration.api.work import ended, put

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

LINES = 50_123
"""More than the daemon gives at once."""

MESSAGE = "Too few images could be aligned.\nTraceback:\n  in opensfm"


async def test_a_long_message_is_told_in_one_sentence_and_whole_when_asked_for(visitor, daemon):
    await put(daemon, ended(1, name="Bog", status=Status.FAILED, last_error=MESSAGE))
    await visitor.open("/projects/1/tasks/1", heading="Bog")
    await expect(visitor.page.locator(".story-why")).to_have_text("Too few images could be aligned.")
    await expect(visitor.page.get_by_text("in opensfm")).to_be_hidden()
    await visitor.page.get_by_text("The whole message").click()
    await expect(visitor.page.get_by_role("region", name="The whole message")).to_have_text(MESSAGE)


async def test_the_console_is_searched_and_saved(visitor):
    await visitor.create("Quarry")
    await expect(visitor.status("Completed")).to_be_visible()
    lines = visitor.page.locator(".line:visible")
    await expect(lines.get_by_text("Done", exact=False).first).to_be_visible()
    every = await lines.count()
    await visitor.page.get_by_label("Show only lines with").fill("ORTHOPHOTO stage")
    await expect(lines.first).to_contain_text("orthophoto stage")
    assert 0 < await lines.count() < every
    async with visitor.page.expect_download() as downloading:
        await visitor.button("Save the whole output").click()
    assert every == len(Path(await (await downloading.value).path()).read_text().splitlines())


async def test_lines_far_from_the_end_are_found_shown_among_the_others_and_all_are_saved(visitor, daemon, folder):
    await put(daemon, ended(1, name="Long", processing_time=1))
    output = folder / "data/tasks/1/output"
    output.mkdir(parents=True)
    said = [f"[INFO]    line {number}" for number in range(1, LINES + 1)]
    said[1233], said[1240] = "[ERROR]   a Needle in the hay", "[ERROR]   another needle"
    (output / "0001.log").write_text("\n".join(said) + "\n")
    await visitor.open("/projects/1/tasks/1", heading="Long")
    lines, console = visitor.page.locator(".line:visible"), visitor.page.get_by_role("region", name="Console output")
    await expect(lines.last).to_have_text(f"[INFO]    line {LINES}")
    find, press = visitor.page.get_by_label("Show only lines with"), visitor.page.keyboard.press
    await find.fill("NEEDLE")
    await expect(visitor.page.get_by_text(f"2 of {LINES:,} lines", exact=True).first).to_be_visible()
    await expect(lines).to_have_count(2)
    assert [] == await visitor.wrong()
    await lines.first.focus()
    await press("ArrowDown")
    await expect(lines.last).to_be_focused()
    await press("Enter")
    await expect(console.locator("[data-here]")).to_have_text("[ERROR]   another needle")
    await expect(console.locator("[data-here]")).to_be_in_viewport()
    await expect(console.get_by_text("a Needle in the hay")).to_be_visible()
    await expect(console).to_be_focused()
    await press("End")
    await expect(console.locator(".line[data-line='2000']")).to_be_attached()
    async with visitor.page.expect_download() as downloading:
        await visitor.button("Save the whole output").click()
    assert said == Path(await (await downloading.value).path()).read_text().splitlines()
    await visitor.button("Jump to the end").click()
    await expect(lines.last).to_have_text(f"[INFO]    line {LINES}")


async def test_an_orthophoto_is_looked_at_from_near(visitor):
    await visitor.create("Quarry", "orthophoto-png")
    await visitor.button("Look closer").click()
    picture = visitor.dialog().get_by_role("img", name="The orthophoto of Quarry")
    await expect(picture).to_be_visible()
    await visitor.button("Real size").click()
    assert await picture.evaluate(
        "image => [image.clientWidth, image.naturalWidth].every((it, _, all) => it === all[0])"
    )
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.button("Look closer")).to_be_focused()


async def test_a_draft_that_somebody_left_is_started_with_what_is_here(visitor, daemon):
    _, made = await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Left"})
    await visitor.open(f"/projects/1/tasks/{made['id']}", heading="Left")
    await visitor.button("Start it").click()
    await visitor.dialog().get_by_role("button", name="Start it", exact=True).click()
    await expect(visitor.page.get_by_text("You need to upload at least 1 file before commit")).to_be_visible()
    await daemon.post(f"/projects/1/tasks/{made['id']}/upload/", data=form(photos(2)))
    await visitor.button("Start it").click()
    await visitor.dialog().get_by_role("button", name="Start it", exact=True).click()
    await expect(visitor.status("Completed")).to_be_visible()


async def test_what_happened_is_read_from_the_task_s_own_events_and_said_to_be_cut_where_it_is(visitor, daemon):
    await put(daemon, ended(1, name="Old", version=7))
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    await visitor.open("/projects/1/tasks/1", heading="Old")
    happened = visitor.page.get_by_role("region", name="What happened")
    await expect(happened.get_by_text("What happened earlier is not kept any more.")).to_be_visible()
    await expect(happened.get_by_role("heading", name="Completed")).to_be_visible()
    assert [url for url in asked if "/api/tasks/1/events/" in url]
    assert not [url for url in asked if "/api/events?" in url]


async def test_what_happened_tells_each_change_and_shows_the_last_few_until_more_are_asked_for(visitor, daemon):
    await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Quarry"})
    for change in [{"priority": 9}, {"tags": ["a", "b"]}, *({"name": f"Quarry {number}"} for number in range(12))]:
        await daemon.patch("/projects/1/tasks/1/", json=change)
    await visitor.open("/projects/1/tasks/1", heading="Quarry 11")
    events = visitor.page.get_by_role("region", name="What happened").get_by_role("listitem")
    await expect(events).to_have_count(12)
    await expect(events.first).to_contain_text("Changed")
    await expect(events.first).to_contain_text("Name: Quarry 11")
    await visitor.button("Show 3 more").click()
    await expect(events.nth(12)).to_be_focused()
    assert [] == await visitor.wrong()
    for place, told in ((12, "Tags: a, b"), (13, "Priority: 5 → 9"), (14, "Waiting for images")):
        await expect(events.nth(place)).to_contain_text(told)


async def test_a_sentence_that_begins_with_the_name_of_a_node_leaves_it_as_it_is(visitor, daemon):
    await put(daemon, ended(1, name="Bog", processing_node_name="north-1", reason="north-1 has the job"))
    await visitor.open("/projects/1/tasks/1", heading="Bog")
    await expect(visitor.page.locator(".story-why")).to_have_text("north-1 has the job")
    await expect(visitor.page.locator(".event p")).to_have_text("north-1 has the job")
