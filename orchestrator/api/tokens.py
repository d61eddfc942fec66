"""API tokens over the control socket: made, listed, revoked, by whoever may use the socket."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.api.ports import TokenPort
from orchestrator.api.problems import Refusal, answered_within, shown
from orchestrator.contract.fields import Id
from orchestrator.contract.token_views import public_token
from orchestrator.domain.access import Role
from orchestrator.domain.problem import invalid


class NewToken(BaseModel):
    """What is asked for. ``lifetime`` is seconds; none of ``projects``: all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Literal["viewer", "operator", "admin"] = "operator"
    projects: Annotated[tuple[Id, ...], Field(max_length=1000)] | None = None
    lifetime: float | None = None


class TokenWindow:
    """Answers requests about tokens. ``deadline`` is seconds."""

    def __init__(self, tokens: TokenPort, *, deadline: float) -> None:
        self._tokens = tokens
        self._deadline = deadline

    def add_to(self, application: web.Application) -> None:
        """Add the routes."""
        application.router.add_get("/tokens", self.list)
        application.router.add_post("/tokens", self.create)
        application.router.add_post("/tokens/{name}/revoke", self.revoke)

    async def list(self, _: web.Request) -> web.Response:
        """List them, by name."""
        async with answered_within(self._deadline):
            return shown([public_token(token) for token in await self._tokens.every()])

    async def create(self, request: web.Request) -> web.Response:
        """Make one: the answer alone ever has its ``token``."""
        try:
            asked = NewToken.model_validate_json(await request.read())
        except ValidationError as error:
            where = error.errors(include_url=False, include_input=False)[0]["loc"]
            raise Refusal(invalid(f"{where[0] if where else 'The body'} is not as a new token has it")) from None
        role = Role[asked.role.upper()]
        async with answered_within(self._deadline):
            token, secret = await self._tokens.create(
                asked.name, role=role, projects=asked.projects, lifetime=asked.lifetime
            )
        return shown({**public_token(token), "token": secret})

    async def revoke(self, request: web.Request) -> web.Response:
        """Make one worth nothing."""
        async with answered_within(self._deadline):
            await self._tokens.revoke(request.match_info["name"])
        return shown({"revoked": request.match_info["name"]})
