"""The client of the bus within the process."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any, Self

from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import Delivery, Reply, Subscription
from orchestrator.bus.stream import LIMIT
from orchestrator.domain.errors import BusError

_names = itertools.count(1)


class MemoryClient:
    """Sends commands to a ``MemoryBus`` and reads its events."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._name = f"memory.reply-to.{next(_names)}"
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        bus.listen(self._name, self._answered)

    async def send(
        self, name: str, body: bytes | Mapping[str, Any], *, message_id: str | None = None, timeout: float = 30
    ) -> dict[str, Any]:
        """Send a command and give its answer. Raises ``BusError``."""
        correlation_id = str(next(self._numbers))
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[correlation_id] = answer
        try:
            self._bus.send(self._message(name, body, message_id=message_id, correlation_id=correlation_id))
            async with asyncio.timeout(timeout):
                found: dict[str, Any] = json.loads(await answer)
                return found
        except TimeoutError:
            raise BusError(f"No answer to {name} came within {timeout:g} s.") from None
        finally:
            del self._answers[correlation_id]

    async def events(self, pattern: str = "#", *, replay: bool = False, limit: int = LIMIT) -> Subscription:
        """Subscribe to events by routing key."""
        return self._bus.subscribe(pattern, replay=replay, limit=limit)

    async def close(self) -> None:
        """Leave the bus; may be called again."""
        self._bus.unlisten(self._name)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(BusError("The client was closed."))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def _message(
        self, name: str, body: bytes | Mapping[str, Any], *, message_id: str | None, correlation_id: str
    ) -> Delivery:
        return Delivery(
            tag=0,
            session=0,
            exchange="memory.commands",
            routing_key=name,
            redelivered=False,
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            type=name,
            message_id=message_id,
            reply_to=self._name,
            correlation_id=correlation_id,
            content_type="application/json",
        )

    def _answered(self, reply: Reply) -> None:
        answer = self._answers.get(reply.correlation_id or "")
        if answer is not None and not answer.done():
            answer.set_result(reply.body)
