"""The doctor over HTTP: one check-up at a time, for it reads every row and looks at every folder."""

import asyncio
from typing import Final

from aiohttp import web

from orchestrator.api.ports import DoctorPort
from orchestrator.api.problems import Refusal, shown, unavailable
from orchestrator.contract.doctor_views import public_checkup

CHECKING: Final = 280.0
"""Seconds for a whole check-up; the command line waits a little longer."""


class DoctorWindow:
    """Answers requests for a check-up. ``deadline`` is seconds."""

    def __init__(self, doctor: DoctorPort, *, deadline: float = CHECKING) -> None:
        self._doctor = doctor
        self._deadline = deadline
        self._turn = asyncio.Lock()

    def add_to(self, application: web.Application) -> None:
        """Add the routes."""
        application.router.add_get("/doctor", self.look)
        application.router.add_post("/doctor", self.mend)

    async def look(self, _: web.Request) -> web.Response:
        """Say what is wrong: ``{"well", "findings": […], "notes": […]}``."""
        return await self._examine(fix=False)

    async def mend(self, _: web.Request) -> web.Response:
        """Do so, and mend what can be mended safely."""
        return await self._examine(fix=True)

    async def _examine(self, *, fix: bool) -> web.Response:
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                return shown(public_checkup(await self._doctor.examine(fix=fix)))
        except TimeoutError:
            raise Refusal(unavailable(f"The check-up was not done within {self._deadline:g} s.")) from None
