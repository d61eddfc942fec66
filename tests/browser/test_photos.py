"""The photos of a task in the browser: a draft gets more of them, and all are seen, small and large."""

import io

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.browser.visitor import photo

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

DRAFT = "/projects/1/tasks/1"
HERE = "image => image.complete && image.naturalWidth > 0"


def other_photo() -> bytes:
    """Make one that no other is like."""
    written = io.BytesIO()
    Image.effect_noise((64, 48), 90).save(written, "JPEG")
    return written.getvalue()


def file(name: str, content: bytes):
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


async def a_draft(visitor, daemon) -> None:
    assert 201 == (await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Quarry"}))[0]
    await visitor.open(DRAFT, heading="Quarry")
    await expect(visitor.page.get_by_text("Drop the photos here")).to_be_visible()


async def names_of(daemon) -> list[str]:
    _, images = await daemon.get(f"{DRAFT}/images/")
    return [image["name"] for image in images]


async def test_a_draft_gets_photos_that_are_dropped_on_it_shows_them_and_is_started(visitor, daemon):
    await a_draft(visitor, daemon)
    page = visitor.page
    await visitor.drop(["a.jpg", "notes.doc", "b.jpg"], on="body")
    await expect(page.get_by_text("2 files were added to Quarry.").first).to_be_visible()
    await expect(page.get_by_text("1 file left out: it is no photo").first).to_be_visible()
    await expect(page.locator(".photo img")).to_have_count(2)
    for picture in await page.locator(".photo img").all():
        await expect(picture).to_be_visible()
        assert await picture.evaluate(HERE)
    await expect(page.locator(".notice")).to_have_count(0)
    assert [] == await visitor.wrong()
    await expect(visitor.status("Draft")).to_be_visible()
    await visitor.button("Start it").click()
    await expect(visitor.dialog()).to_contain_text("the 2 photos that are here")
    await visitor.dialog().get_by_role("button", name="Start it").click()
    await expect(visitor.status("Completed")).to_be_visible()
    await expect(page.locator(".photo img")).to_have_count(2)
    await expect(page.get_by_text("Drop more photos here")).to_be_hidden()


async def test_what_a_draft_has_already_is_not_sent_again_and_nothing_takes_its_place(visitor, daemon):
    await a_draft(visitor, daemon)
    choose = visitor.page.locator("#photos").set_input_files
    await choose([file("a.jpg", photo()), file("b.jpg", photo())])
    await expect(visitor.page.get_by_text("2 files were added to Quarry.").first).to_be_visible()
    await choose([file("A.JPG", photo()), file("b.jpg", other_photo()), file("geo.txt", b"EPSG:4326\n")])
    await expect(visitor.page.get_by_text("1 file is here already.").first).to_be_visible()
    await expect(visitor.page.get_by_text("Beside them: geo.txt")).to_be_visible()
    assert ["a.jpg", "b-2.jpg", "b.jpg", "geo.txt"] == await names_of(daemon)


async def test_giving_up_what_is_added_leaves_the_draft_with_what_it_had(visitor, daemon):
    await a_draft(visitor, daemon)
    await visitor.page.route("**/upload/", lambda route: route.fulfill(status=400, json=["The disk is full."]))
    await visitor.drop(["a.jpg"], on="body")
    await expect(visitor.page.get_by_text("The disk is full.")).to_be_visible()
    await expect(visitor.button("Start it")).to_have_count(0)
    await visitor.page.get_by_role("link", name="Nodes", exact=True).click()
    await visitor.page.get_by_role("link", name="Upload stuck").click()
    await visitor.button("Cancel the upload").click()
    await expect(visitor.dialog()).to_contain_text("stay in the draft")
    await visitor.dialog().get_by_role("button", name="Cancel the upload", exact=True).click()
    await expect(visitor.button("Start it")).to_be_visible()
    await expect(visitor.page.get_by_text("Drop the photos here")).to_be_visible()
    assert [] == await names_of(daemon)


async def test_a_photo_is_looked_at_large_and_the_focus_comes_back(visitor, daemon):
    await a_draft(visitor, daemon)
    await visitor.page.locator("#photos").set_input_files([file("a.jpg", photo()), file("no.jpg", b"no picture")])
    tile = visitor.button("Look closer at a.jpg")
    await tile.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.dialog().get_by_role("img", name="a.jpg")).to_be_visible()
    await expect(visitor.dialog()).to_contain_text("a.jpg · 1 of 2")
    assert [] == await visitor.wrong()
    await visitor.page.keyboard.press("ArrowRight")
    await expect(visitor.dialog()).to_contain_text("no.jpg cannot be shown")
    await visitor.button("The next photo").click()
    await expect(visitor.dialog().get_by_role("img", name="a.jpg")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(tile).to_be_focused()


async def test_of_many_photos_a_few_are_shown_and_more_when_asked(visitor, daemon):
    await a_draft(visitor, daemon)
    await visitor.page.locator("#photos").set_input_files([file(f"{n:02}.jpg", photo()) for n in range(14)])
    await expect(visitor.button("Look closer at 11.jpg")).to_be_visible()
    await expect(visitor.button("Look closer at 12.jpg")).to_have_count(0)
    await visitor.button("Show 2 more").click()
    await expect(visitor.button("Look closer at 12.jpg")).to_be_focused()
    await expect(visitor.button("Look closer at 13.jpg")).to_be_visible()
