"""A person with a browser: opens views, does what people do, and has seen no error when leaving."""

import base64
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, ViewportSize, expect

PATIENCE: Final = 40_000
"""Milliseconds that a browser on a busy machine may take for anything."""

THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
SIZES: Final[dict[str, ViewportSize]] = {
    "phone": {"width": 390, "height": 844},
    "desk": {"width": 1440, "height": 900},
}
TOO_WIDE: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

DROP: Final = """(zone, photos) => {
  const transfer = new DataTransfer();
  for (const [name, text] of photos) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@dataclass
class Visitor:
    """Looks at one page. ``complaints``: what the browser found wrong with it, refused requests aside."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, place: str = "/tasks", *, heading: str | None = None) -> None:
        """Open a view, and wait until it is there."""
        await self.page.goto(f"{self.url}/#{place}")
        if heading is not None:
            await expect(self.heading(heading)).to_be_visible()

    def heading(self, text: str) -> Locator:
        return self.page.get_by_role("heading", name=text, exact=True, level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, name: str) -> Locator:
        return self.page.get_by_role("listitem").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def status(self, word: str) -> Locator:
        """The badge beside the name of a task."""
        return self.page.locator(".story-title .badge").get_by_text(word, exact=True)

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    async def drop(self, names: Sequence[str], *, on: str = ".drop") -> None:
        """Drop photos of these names somewhere."""
        await self.page.locator(on).evaluate(DROP, [[name, base64.b64encode(photo()).decode()] for name in names])

    async def create(self, name: str, *options: str) -> None:
        """Create a task of two photos, and wait until its story is shown."""
        await self.open("/new", heading="New task")
        await self.drop(["DJI_0001.JPG", "DJI_0002.JPG"])
        await self.page.get_by_label("Name", exact=True).fill(name)
        for option in options:
            await self.page.get_by_label("Search options").fill(option)
            await self.button(f"Set {option}").click()
        await self.button("Start the task").click()
        await expect(self.heading(name)).to_be_visible()

    async def wrong(self) -> list[str]:
        """Look at what is shown, on a phone and on a desk, in both themes: give what is wrong with it.

        That is whatever axe-core objects to, and what scrolls sideways.
        """
        before, found = self.page.viewport_size, []
        for name, size in SIZES.items():
            await self.page.set_viewport_size(size)
            width = await self.page.evaluate(TOO_WIDE)
            found += [f"{name}: {width} px too wide"] if width > 0 else []
            for theme in THEMES:
                await self.page.emulate_media(color_scheme=theme)
                found += [f"{name}, {theme}: {wrong}" for wrong in await self.violations()]
        await self.page.set_viewport_size(before or SIZES["desk"])
        return found

    async def violations(self) -> list[str]:
        """Give what axe-core finds wrong with what is shown."""
        found: dict[str, Any] = (await Axe().run(self.page)).response
        assert found["passes"], "axe has looked at nothing"
        return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


def photo() -> bytes:
    """Make a small one."""
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "olive").save(written, "JPEG")
    return written.getvalue()


@asynccontextmanager
async def visiting(browser: Browser, url: str, **given: Any) -> AsyncIterator[Visitor]:
    """Give a person with a window; afterwards nothing was wrong on the page."""
    context = await browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **given}
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    visitor = Visitor(page, url)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("console", lambda message: visitor.complaints.extend(_complaint(message)))
    try:
        yield visitor
    finally:
        await context.close()
    assert [] == visitor.complaints


def _complaint(message: ConsoleMessage) -> list[str]:
    # Requests that get no, or no answer, are told by the page in its own words.
    told = message.type == "error" and "Failed to load resource" not in message.text
    return [message.text] if told and "net::ERR" not in message.text else []
