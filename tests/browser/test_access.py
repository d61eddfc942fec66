"""The page for everyone: by keyboard, on a phone, in both themes, with nothing that axe-core objects to."""

import re
from typing import Literal

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.visitor import Visitor, visiting

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
LOOKS: list[tuple[str, ViewportSize, Literal["light", "dark"]]] = [
    ("phone", {"width": 390, "height": 844}, "light"),
    ("desk", {"width": 1440, "height": 900}, "dark"),
]
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def test_no_view_has_anything_wrong_in_any_theme_on_a_desk_or_on_a_phone(visitor):
    found = {"empty list": await _at(visitor, "/tasks", "Tasks", "No tasks yet")}
    found["new task"] = await _at(visitor, "/new", "New task", "orthophoto-resolution")
    await visitor.create("Field 7", "orthophoto-png")
    await expect(visitor.page.get_by_role("img", name="The orthophoto of Field 7")).to_be_visible()
    await expect(visitor.page.locator(".notice")).to_have_count(0)
    found["story"] = await _wrong(visitor)
    await visitor.button("Remove").click()
    found["dialog"] = await _wrong(visitor)
    await visitor.page.keyboard.press("Escape")
    found["tasks"] = await _at(visitor, "/tasks", "Tasks", "Completed")
    found["nodes"] = await _at(visitor, "/nodes", "Processing nodes", "Online")
    found["projects"] = await _at(visitor, "/projects", "Projects", "1 task")
    assert {} == {view: wrong for view, wrong in found.items() if wrong}


async def _at(visitor: Visitor, place: str, heading: str, text: str) -> list[str]:
    await visitor.open(place, heading=heading)
    await expect(visitor.page.locator("main").get_by_text(text, exact=True).last).to_be_visible()
    return await _wrong(visitor)


async def _wrong(visitor: Visitor) -> list[str]:
    """Look at what is shown in both themes and sizes: axe-core objects to nothing, and nothing scrolls sideways."""
    found = []
    for name, size, theme in LOOKS:
        await visitor.page.set_viewport_size(size)
        await visitor.page.emulate_media(color_scheme=theme)
        width = await visitor.page.evaluate(TOO_WIDE)
        found += [f"{name}: {width} px too wide"] if width > 0 else []
        found += [f"{name}, {theme}: {wrong}" for wrong in await visitor.violations()]
    return found


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
