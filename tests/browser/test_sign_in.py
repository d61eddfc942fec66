"""Signing in with the browser: nothing is shown before and after, and nothing is offered that a token may not do."""

import aiohttp
import pytest
from playwright.async_api import expect

from tests.integration.api.site import Site

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]


async def made_token(daemon: Site, folder, **given) -> str:
    """Make a token as the command line does."""
    connector = aiohttp.UnixConnector(str(folder / "c.sock"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post("http://control/tokens", json=given) as answer,
    ):
        assert 200 == answer.status, await answer.text()
        return (await answer.json())["token"]


async def test_nothing_is_shown_before_the_sign_in_nor_after_the_sign_out(visitor, daemon, folder):
    token = await made_token(daemon, folder, name="anna", role="admin")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    await visitor.open("/nodes", heading="Sign in")
    await expect(visitor.page.get_by_role("link", name="Nodes")).to_have_count(0)
    await visitor.page.get_by_label("Token name").fill("anna")
    await visitor.page.get_by_label("Token", exact=True).fill("wrong")
    await visitor.button("Sign in").click()
    await expect(visitor.page.get_by_text("Unable to login with provided credentials.")).to_be_visible()
    assert [] == await visitor.wrong()
    await visitor.page.get_by_label("Token", exact=True).fill(token)
    await visitor.button("Sign in").click()
    await expect(visitor.heading("Processing nodes")).to_be_visible()
    await expect(visitor.page.get_by_text("Live", exact=True)).to_be_visible()
    await visitor.page.reload()
    await expect(visitor.heading("Processing nodes")).to_be_visible()
    await visitor.create("Signed", "orthophoto-png")
    await expect(visitor.page.get_by_role("img", name="The orthophoto of Signed")).to_be_visible()
    async with visitor.page.expect_download() as downloading:
        await visitor.page.get_by_role("link", name="Everything").click()
    download = await downloading.value
    assert await download.path()
    assert "/download/all.zip?ticket=" in download.url
    assert not [url for url in asked if "jwt=" in url]
    await visitor.button("Sign out anna").click()
    await expect(visitor.heading("Sign in")).to_be_visible()
    assert "Signed" not in await visitor.page.content()


async def test_who_may_only_look_is_offered_nothing_else(visitor, daemon, folder):
    await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Seen"})
    token = await made_token(daemon, folder, name="guest", role="viewer")
    await visitor.open("/tasks", heading="Sign in")
    await visitor.page.get_by_label("Token name").fill("guest")
    await visitor.page.get_by_label("Token", exact=True).fill(token)
    await visitor.button("Sign in").click()
    await visitor.page.get_by_role("link", name="Seen", exact=True).click()
    await expect(visitor.heading("Seen")).to_be_visible()
    await expect(visitor.page.get_by_role("heading", name="Details")).to_be_visible()
    await expect(visitor.button("Remove")).to_have_count(0)
    await expect(visitor.page.get_by_role("link", name="New task")).to_have_count(0)
