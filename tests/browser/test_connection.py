"""The connection in the browser: lost and regained, and done without."""

import pytest
from playwright.async_api import expect

from tests.browser.visitor import visiting
from tests.daemon import free_port
from tests.integration.api.site import site

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]


async def test_a_lost_connection_is_told_and_regained_with_all_that_happened(browser, folder):
    async with (
        site(folder, api={"port": free_port()}) as daemon,
        visiting(browser, daemon.url) as visitor,
    ):
        seen: list[str] = []
        visitor.page.on("request", lambda request: seen.append(request.headers.get("last-event-id", "")))
        await visitor.open("/tasks", heading="Tasks")
        await expect(visitor.page.get_by_text("Live", exact=True)).to_be_visible()
        await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Before"})
        await expect(visitor.row("Before")).to_be_visible()
        await daemon.app.server.stop()
        await expect(visitor.page.get_by_text("Reconnecting…")).to_be_visible()
        await expect(visitor.page.get_by_text("The daemon cannot be reached.")).to_be_visible()
        assert [] == await visitor.wrong()
        await daemon.app.server.start()
        await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Meanwhile"})
        await expect(visitor.row("Meanwhile")).to_be_visible()
        await expect(visitor.page.get_by_text("Live", exact=True)).to_be_visible()
        await expect(visitor.page.locator(".banner")).to_be_hidden()
        assert any(seen), "the stream began anew instead of going on after the last event"


async def test_without_the_stream_the_page_asks_again_by_itself(visitor, daemon):
    await visitor.page.route("**/api/events*", lambda route: route.fulfill(status=404, json={"detail": "Not found."}))
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.page.get_by_text("Refreshing", exact=True)).to_be_visible()
    await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Asked for"})
    await expect(visitor.row("Asked for")).to_be_visible()


async def test_what_is_wrong_with_the_daemon_is_told_over_every_view(visitor):
    problems = {"bus": "nobody listens at 127.0.0.1:5672 (connection refused)"}
    await visitor.page.route("**/health/ready", lambda route: route.fulfill(status=503, json={"problems": problems}))
    await visitor.open("/nodes", heading="Processing nodes")
    await expect(visitor.page.locator(".banner").get_by_text(problems["bus"])).to_be_visible()
    await visitor.page.get_by_role("link", name="Projects", exact=True).click()
    await expect(visitor.page.locator(".banner").get_by_text(problems["bus"])).to_be_visible()


async def test_who_does_not_want_to_wait_tries_at_once(visitor):
    await visitor.page.route("**/api/events*", lambda route: route.abort())
    await visitor.open("/tasks", heading="Tasks")
    await expect(visitor.button("Try now")).to_be_visible()
    await visitor.page.unroute("**/api/events*")
    await visitor.button("Try now").click()
    await expect(visitor.page.get_by_text("Live", exact=True)).to_be_visible()
