"""The shelf of dead letters over HTTP: listed, shown, replayed as they are or edited, thrown away.

Who it was is told by the kernel (the other end of the Unix socket), not by the client.
"""

import json
import os
import pwd
import socket
import struct
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from orchestrator.api import queries
from orchestrator.api.ports import DeadLetterPort
from orchestrator.api.problems import Refusal, answered_within, shown
from orchestrator.contract.letter_views import public_letter, public_replay, whole_letter
from orchestrator.contract.views import utc_text
from orchestrator.domain.dead_letters import Change
from orchestrator.domain.problem import invalid, invalid_field, not_found

MOST_AT_ONCE: Final = 1000
"""Letters that one request replays or throws away by id."""

_PEER = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid
_REPLAY_FIELDS = {"ids", "body", "command", "new_message_id"}
_PURGE_FIELDS = {"ids", "until"}


class DeadLetterWindow:
    """Answers requests about dead letters. ``deadline`` is seconds."""

    def __init__(self, letters: DeadLetterPort, *, deadline: float) -> None:
        self._letters = letters
        self._deadline = deadline

    def add_to(self, application: web.Application) -> None:
        """Add the routes."""
        application.router.add_get("/dead-letters", self.list)
        application.router.add_get("/dead-letters/replays", self.replays)
        application.router.add_post("/dead-letters/replay", self.replay)
        application.router.add_post("/dead-letters/purge", self.purge)
        application.router.add_get("/dead-letters/{letter}", self.show)
        application.router.add_get("/dead-letters/{letter}/body", self.body)

    async def list(self, request: web.Request) -> web.Response:
        """List a page: ``{"dead_letters": […], "total", "looked_at", "at"}``."""
        limit, offset = queries.page(request.query)
        async with answered_within(self._deadline):
            found = await self._letters.page(limit=limit, offset=offset)
        page = [public_letter(letter, replayed=found.replayed.get(letter.id, 0)) for letter in found.letters]
        return shown(
            {"dead_letters": page, "total": found.total, "looked_at": found.looked_at, "at": utc_text(found.at)}
        )

    async def show(self, request: web.Request) -> web.Response:
        """Show one, secrets hidden. Of one that is off the shelf, ``{"replays": […]}`` alone."""
        async with answered_within(self._deadline):
            letter, replays = await self._letters.show(request.match_info["letter"])
        if letter is None:
            return shown({"replays": [public_replay(replay) for replay in replays]})
        return shown(whole_letter(letter, replays))

    async def body(self, request: web.Request) -> web.Response:
        """Give a body as it is, secrets and all: for whoever is about to edit it."""
        async with answered_within(self._deadline):
            letter, _ = await self._letters.show(request.match_info["letter"])
        if letter is None:
            raise Refusal(not_found("id", f"There is no dead letter {request.match_info['letter']} any more."))
        return web.Response(body=letter.body, content_type="application/octet-stream")

    async def replays(self, request: web.Request) -> web.Response:
        """List what was replayed, newest first."""
        limit, offset = queries.page(request.query)
        async with answered_within(self._deadline):
            found = await self._letters.replays(limit=limit, offset=offset)
        return shown({"replays": [public_replay(replay) for replay in found]})

    async def replay(self, request: web.Request) -> web.Response:
        """Replay ``{"ids", "body"?, "command"?, "new_message_id"?}``; says of each what became of it."""
        asked = await _object(request, known=_REPLAY_FIELDS)
        ids, body = _ids(asked), _text(asked, "body")
        if body is not None and len(ids) > 1:
            raise Refusal(invalid_field("body", "is for one letter at a time"))
        change = Change(
            body=None if body is None else body.encode("utf-8", "surrogatepass"),
            command=_text(asked, "command"),
            new_message_id=_flag(asked, "new_message_id"),
        )
        async with answered_within(self._deadline):
            found = await self._letters.replay(ids, by=_peer(request), change=change)
        return shown({"replays": [public_replay(replay) for replay in found]})

    async def purge(self, request: web.Request) -> web.Response:
        """Throw away ``{"ids"}``, or all that was put aside ``{"until"}`` then: ``{"purged": 12}``."""
        asked = await _object(request, known=_PURGE_FIELDS)
        by = _peer(request)
        async with answered_within(self._deadline):
            if "ids" in asked:
                count = await self._letters.purge(_ids(asked), by=by)
            else:
                count = await self._letters.purge_all(until=_moment(asked), by=by)
        return shown({"purged": count})


async def _object(request: web.Request, *, known: set[str]) -> dict[str, Any]:
    try:
        found = json.loads(await request.read())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(invalid("The body must be a JSON object"))
    for name in found:
        if name not in known:
            raise Refusal(invalid_field(str(name), f"is not a field here; there are {', '.join(sorted(known))}"))
    return found


def _ids(asked: dict[str, Any]) -> list[str]:
    ids = asked.get("ids")
    if not (isinstance(ids, list) and 0 < len(ids) <= MOST_AT_ONCE and all(isinstance(it, str) for it in ids)):
        raise Refusal(invalid_field("ids", f"must be a list of 1 to {MOST_AT_ONCE} ids"))
    return ids


def _text(asked: dict[str, Any], name: str) -> str | None:
    text = asked.get(name)
    if text is None or isinstance(text, str):
        return text
    raise Refusal(invalid_field(name, "must be text"))


def _flag(asked: dict[str, Any], name: str) -> bool:
    flag = asked.get(name, False)
    if isinstance(flag, bool):
        return flag
    raise Refusal(invalid_field(name, "must be true or false"))


def _moment(asked: dict[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(str(asked.get("until")))
    except ValueError:
        raise Refusal(invalid_field("until", "must be a time in ISO 8601, or give ids")) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _peer(request: web.Request) -> str:
    """Name the user at the other end of the Unix socket."""
    given = request.transport.get_extra_info("socket") if request.transport else None
    if given is None or given.family != socket.AF_UNIX:
        return request.remote or "unknown"
    # Through a socket object of our own: that of uvloop has no getsockopt.
    with socket.socket(fileno=os.dup(given.fileno())) as mine:
        _, uid, _ = _PEER.unpack(mine.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
