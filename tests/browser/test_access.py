"""The page for everyone: by keyboard, on a phone, in both themes, with nothing that axe-core objects to."""

import re

import pytest
from playwright.async_api import Locator, expect

from orchestrator.domain.task import Status
from tests.browser.visitor import TOO_WIDE, Visitor, visiting
from tests.integration.api.work import ended, put

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
LONG = "A-name-without-any-space-" * 9
MESSAGE = "Too few images could be aligned.\n" + "  File odm_app.py, in a line that goes on and on\n" * 30

OVERLAPS = """() => [".top-inner", ".view-head"].flatMap((row) => [...document.querySelectorAll(`${row} > *`)])
  .filter((part) => part.offsetParent && part.scrollWidth > part.clientWidth + 1)
  .map((part) => part.className)[0]"""


async def test_no_view_has_anything_wrong_in_any_theme_on_a_desk_or_on_a_phone(visitor):
    found = {"empty list": await _at(visitor, "/tasks", "Tasks", "No tasks yet")}
    found["new task"] = await _at(visitor, "/new", "New task", "orthophoto-resolution")
    await visitor.drop(["a.jpg", "b.jpg"])
    await visitor.page.get_by_text("Show them").click()
    await visitor.button("Set pc-quality").click()
    found["new task with photos"] = await visitor.wrong()
    await visitor.create("Field 7", "orthophoto-png")
    await expect(visitor.page.get_by_role("img", name="The orthophoto of Field 7")).to_be_visible()
    await expect(visitor.page.locator(".notice")).to_have_count(0)
    found["story"] = await visitor.wrong()
    for name in ("Remove", "Restart", "Look closer"):
        await visitor.button(name).click()
        found[name] = await visitor.wrong()
        await visitor.page.keyboard.press("Escape")
    found["tasks"] = await _at(visitor, "/tasks", "Tasks", "Completed")
    await visitor.page.keyboard.press("?")
    found["keys"] = await visitor.wrong()
    await visitor.page.keyboard.press("Escape")
    found["nothing fits"] = await _at(visitor, "/tasks?search=zzz", "Tasks", "No task fits")
    found["projects"] = await _at(visitor, "/projects", "Projects", "1 task")
    found["no such task"] = await _at(visitor, "/projects/1/tasks/99", "The task cannot be shown", "All tasks")
    assert {} == {view: wrong for view, wrong in found.items() if wrong}


async def test_nothing_is_wrong_where_something_is_wrong_either(visitor, daemon):
    await put(daemon, ended(1, name=LONG, status=Status.FAILED, last_error=MESSAGE))
    await daemon.post("/processingnodes/", json={"hostname": "127.0.0.1", "port": 1, "label": LONG})
    found = {"nodes": await _at(visitor, "/nodes", "Processing nodes", "Offline")}
    await visitor.button("Add a node").click()
    found["add a node"] = await visitor.wrong()
    await visitor.page.keyboard.press("Escape")
    found["failed"] = await _at(visitor, "/projects/1/tasks/1", LONG, "Failed")
    await visitor.page.get_by_text("The whole message").click()
    found["message"] = await visitor.wrong()
    await visitor.page.route(
        "**/health/ready", lambda route: route.fulfill(status=503, json={"problems": {"bus": LONG}})
    )
    await visitor.page.reload()
    await expect(visitor.page.locator(".banner").get_by_text(LONG)).to_be_visible()
    found["banner"] = await visitor.wrong()
    assert {} == {view: wrong for view, wrong in found.items() if wrong}


async def _at(visitor: Visitor, place: str, heading: str, text: str) -> list[str]:
    await visitor.open(place, heading=heading)
    await expect(visitor.page.locator("main").get_by_text(text, exact=True).last).to_be_visible()
    return await visitor.wrong()


async def test_the_theme_is_the_systems_until_one_is_chosen_and_then_kept(browser, daemon):
    async with visiting(browser, daemon.url, color_scheme="dark") as visitor:
        await visitor.open("/tasks", heading="Tasks")
        dark = await _ground(visitor)
        await visitor.button("Theme: as the system").click()
        await expect(visitor.button("Theme: light")).to_be_visible()
        light = await _ground(visitor)
        assert dark != light
        await visitor.page.reload()
        await expect(visitor.button("Theme: light")).to_be_visible()
        assert light == await _ground(visitor)


async def _ground(visitor: Visitor) -> str:
    found: str = await visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return found


async def test_the_content_is_one_key_away_and_every_time_says_utc(visitor):
    await visitor.create("Field 7")
    await visitor.page.reload()
    await expect(visitor.heading("Field 7")).to_be_visible()
    await visitor.page.keyboard.press("Tab")
    await expect(visitor.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("main")).to_be_focused()
    await expect(visitor.page.locator(".event time").first).to_have_attribute("title", UTC_TIME)
    await expect(visitor.heading("Field 7")).to_be_visible()


async def test_the_colours_of_the_system_take_away_nothing_that_only_a_colour_tells(browser, daemon):
    await put(daemon, ended(1, name="Field 7"))
    async with visiting(browser, daemon.url, forced_colors="active") as visitor:
        await visitor.open("/tasks", heading="Tasks")
        chosen, other = visitor.button("All"), visitor.button("Drafts")
        assert await _background(chosen) != await _background(other)
        await visitor.open("/projects/1/tasks/1", heading="Field 7")
        bar = visitor.page.locator(".step .bar").first
        assert await _background(bar) != await _background(bar.locator(".bar-fill"))


async def _background(place: Locator) -> str:
    found: str = await place.evaluate("element => getComputedStyle(element).backgroundColor")
    return found


async def test_nothing_is_cut_off_between_a_phone_and_a_desk(visitor, daemon):
    await put(daemon, ended(1, name=LONG))
    for place, heading in (("/tasks", "Tasks"), ("/webhooks", "Webhooks"), ("/projects/1/tasks/1", LONG)):
        await visitor.open(place, heading=heading)
        for width in (320, 768, 900):
            await visitor.page.set_viewport_size({"width": width, "height": 800})
            assert 0 == await visitor.page.evaluate(TOO_WIDE)
            assert not await visitor.page.evaluate(OVERLAPS), f"{place} at {width} px"
