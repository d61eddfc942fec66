"""Webhooks in the browser: added with a secret that is shown once, and what was not taken is seen and tried again."""

import pytest
from playwright.async_api import expect

from tests.browser.visitor import visiting
from tests.integration.api.receiving import LOOPBACK, endpoint
from tests.integration.api.site import site

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

QUICK = {"allow_private_addresses": LOOPBACK, "retry_delay": 0.05, "answer_timeout": 5.0, "max_attempts": 2}


async def test_what_a_webhook_did_not_take_is_seen_and_tried_again(browser, folder):
    async with (
        endpoint(answer=lambda _: 500) as receiver,
        site(folder, webhooks=QUICK) as daemon,
        visiting(browser, daemon.url) as visitor,
    ):
        await visitor.open("/webhooks", heading="Webhooks")
        await expect(visitor.page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
        await visitor.button("Add a webhook").click()
        await visitor.dialog().get_by_label("Address").fill(receiver.url)
        await visitor.dialog().get_by_label("Tell it of").select_option("Everything")
        await visitor.button("Add it").click()
        receiver.secret = await visitor.dialog().get_by_role("region", name="Secret").inner_text()
        await visitor.page.keyboard.press("Escape")
        await expect(visitor.page.get_by_text("Taking", exact=True)).to_be_visible()
        await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Field"})
        await expect(visitor.page.get_by_text("1 event it never took")).to_be_visible()
        assert [] == await visitor.wrong()
        receiver.answer = lambda _: 204
        await visitor.button("Switch off").click()
        await expect(visitor.page.get_by_text("Switched off", exact=True)).to_be_visible()
        await visitor.button("Switch on").click()
        await visitor.button("Try them again").click()
        await expect(visitor.page.get_by_text("1 event will be tried again.").first).to_be_visible()
        await expect(visitor.page.get_by_text("it never took")).to_be_hidden()
        await visitor.button("Remove").click()
        await visitor.button("Remove it").click()
        await expect(visitor.page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
