"""A daemon that asks who is there, and the way that the command line takes to it."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.integration.api.site import Site


@dataclass
class Guarded:
    """A daemon, and the way that the command line takes to it."""

    site: Site
    folder: Any

    async def control(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        connector = aiohttp.UnixConnector(str(self.folder / "c.sock"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://c{path}", **given) as answer,
        ):
            return answer.status, await answer.json()

    async def token(self, name: str, **given: Any) -> str:
        status, made = await self.control("POST", "/tokens", json={"name": name, **given})
        assert 200 == status, made
        return made["token"]

    async def sign_in(self, name: str, token: str) -> tuple[int, Any]:
        return await self.site.post("/token-auth/", data={"username": name, "password": token})

    async def session(self, name: str, token: str) -> str:
        status, answer = await self.sign_in(name, token)
        assert 200 == status, answer
        return answer["token"]

    async def whoami(self, header: str | None = None, **given: Any) -> tuple[int, Any]:
        headers = {"Authorization": header} if header else {}
        return await self.site.get("/whoami/", headers=headers, **given)
