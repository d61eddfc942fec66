"""The page by single keys: they find, walk, open and go back, keep out of what is written, and can be switched off."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]


async def three_drafts(daemon) -> None:
    for name in ("Oak", "Ash", "Elm"):
        assert 201 == (await daemon.post("/projects/1/tasks/", json={"partial": True, "name": name}))[0]


def link(visitor, name: str):
    return visitor.page.get_by_role("link", name=name, exact=True)


async def test_a_list_is_searched_walked_and_opened_and_escape_comes_back_to_it(visitor, daemon):
    await three_drafts(daemon)
    await visitor.open("/tasks", heading="Tasks")
    await expect(link(visitor, "Oak")).to_be_visible()
    press = visitor.page.keyboard.press
    await press("j")
    await press("j")
    await expect(link(visitor, "Ash")).to_be_focused()
    await press("k")
    await expect(link(visitor, "Elm")).to_be_focused()
    await press("/")
    await expect(visitor.page.get_by_label("Search tasks")).to_be_focused()
    await visitor.page.keyboard.type("oak")
    await expect(link(visitor, "Ash")).to_have_count(0)
    await visitor.page.locator("main").focus()
    await press("j")
    await press("Enter")
    await expect(visitor.heading("Oak")).to_be_visible()
    await press("Escape")
    await expect(visitor.page.get_by_label("Search tasks")).to_have_value("oak")


async def test_keys_can_be_switched_off_and_stay_so(visitor):
    await visitor.open("/tasks", heading="Tasks")
    await visitor.page.keyboard.press("?")
    await visitor.dialog().get_by_label("Single letters and / do this").uncheck()
    await visitor.page.keyboard.press("Escape")
    await visitor.page.reload()
    await expect(visitor.heading("Tasks")).to_be_visible()
    await visitor.page.keyboard.press("n")
    await visitor.page.keyboard.press("?")
    await expect(visitor.dialog()).to_be_visible()
    await expect(visitor.heading("New task")).to_have_count(0)
    await visitor.dialog().get_by_label("Single letters and / do this").check()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.dialog()).to_have_count(0)
    await visitor.page.keyboard.press("n")
    await expect(visitor.heading("New task")).to_be_visible()


async def test_a_letter_that_is_written_is_no_key(visitor):
    await visitor.open("/new", heading="New task")
    await visitor.page.get_by_label("Name", exact=True).press_sequentially("jnk/?")
    await expect(visitor.page.get_by_label("Name", exact=True)).to_have_value("jnk/?")
    await expect(visitor.dialog()).to_have_count(0)
