"""Signing in over REST, /api/token-auth/, and who one is then, /api/whoami/."""

from typing import Annotated, Literal, Protocol

from aiohttp import web
from pydantic import BaseModel, Field, SecretStr

from orchestrator.api.access.credentials import credentials_of
from orchestrator.api.problems import shown
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.domain.access import Caller

LONGEST = 1024


class Gate(Protocol):
    """Says who is asking. Raises ``Fault``."""

    async def is_open(self) -> bool:
        """Whether everybody may come in."""
        ...

    async def authenticate(self, request: web.Request) -> Caller:
        """Say who is asking."""
        ...

    async def sign_in(self, request: web.Request, name: str, secret: str) -> str:
        """Give a session for a token and its name."""
        ...

    async def ticket(self, request: web.Request, *, path: str) -> str:
        """Give whoever asks what opens this path for a short while."""
        ...


class SignIn(Form):
    """A token's name, and the token."""

    username: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]


class Session(BaseModel):
    """A session: ``Authorization: JWT <token>`` for six hours."""

    token: str


class Person(BaseModel):
    """Who is asking; all of it null for nobody."""

    name: str | None = None
    role: Literal["viewer", "operator", "admin"] | None = None
    projects: list[int] | None = None
    """The only projects that exist for them; null: all."""
    sign_in_needed: bool
    """Whether anything can be done only with a token."""


class SigningIn:
    """The endpoints."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def routes(self) -> list[Route]:
        """Give them."""
        return [
            Route(
                method="POST", path="/token-auth/", name="signIn", summary="Get a session for a token and its name.",
                handler=self.sign_in, body=SignIn, answers={200: Session}, faults=(429,), public=True,
            ),
            Route(
                method="GET", path="/whoami/", name="whoami", summary="Say who is asking, and whether that is needed.",
                handler=self.whoami, answers={200: Person}, faults=(429,), public=True,
            ),
        ]  # fmt: skip

    async def sign_in(self, call: Call) -> web.Response:
        """Give a session."""
        asked: SignIn = call.body
        token = await self._gate.sign_in(call.request, asked.username, asked.password.get_secret_value())
        return kept_nowhere(shown({"token": token}))

    async def whoami(self, call: Call) -> web.Response:
        """Say who is asking. Wrong credentials are told as everywhere; none at all are an answer."""
        needed = not await self._gate.is_open()
        if needed and credentials_of(call.request) is None:
            return kept_nowhere(shown(Person(sign_in_needed=needed).model_dump()))
        caller = await self._gate.authenticate(call.request)
        projects = None if caller.projects is None else sorted(caller.projects)
        role = caller.role.name.lower()
        return kept_nowhere(shown({"name": caller.name, "role": role, "projects": projects, "sign_in_needed": needed}))


def kept_nowhere(answer: web.Response) -> web.Response:
    """Mark an answer so that no browser and no proxy keeps it."""
    answer.headers["Cache-Control"] = "no-store"
    return answer
