"""Whoever sends commands: patiently, under the same message id, until the broker has them, or until an answer came."""

import json
from dataclasses import dataclass
from typing import Any

from orchestrator.bus.port import Delivery, Reply

ASK_AGAIN = (20.0, 60.0)
"""Seconds without an answer after which the same message is sent again."""

QUEUE = "storm.answers"


@dataclass
class Message:
    """One command. ``asks``: an answer is wanted; otherwise it is sent and forgotten once the broker has it."""

    id: str
    name: str
    body: bytes
    asks: bool
    junk: bool = False
    queued: bool = False
    answer: bytes | None = None


class Producer:
    """Sends; ``messages`` are all that were ever to be sent."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.messages: dict[str, Message] = {}
        world.broker.memory.listen(QUEUE, self._answered)

    def send(self, name: str, body: dict[str, Any] | bytes, *, asks: bool = True, junk: bool = False) -> Message:
        """Send a command."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = Message(f"m{len(self.messages) + 1}", name, text, asks, junk)
        self.messages[message.id] = message
        self.world.trace.note("send", message.id, name, text.decode("utf-8", "replace"))
        self._post(message)
        return message

    @property
    def idle(self) -> bool:
        """Whether everything was queued, and answered where that was wanted."""
        return all(each.queued and (each.answer or not each.asks) for each in self.messages.values())

    def _post(self, message: Message) -> None:
        weather = self.world.weather
        if message.answer is not None or (message.queued and not message.asks):
            return
        later = weather.seconds(*ASK_AGAIN)
        self.world.loop.call_later(later, self._post, message)
        if not self.world.broker.up or weather.strikes("message lost", about=message.id):
            return
        message.queued = True
        for _ in range(2 if weather.strikes("message sent twice", about=message.id) else 1):
            self.world.broker.memory.send(self._delivery(message))
        if weather.strikes("confirm lost", about=message.id) and not message.asks:
            message.queued = False  # The producer was not told that it is there, and will send it again.

    def _delivery(self, message: Message) -> Delivery:
        return Delivery(
            tag=0, session=0, exchange="storm.commands", routing_key=message.name, redelivered=False,
            body=message.body, type=message.name, message_id=message.id, reply_to=QUEUE if message.asks else None,
            correlation_id=message.id, content_type="application/json",
        )  # fmt: skip

    def _answered(self, reply: Reply) -> None:
        message = self.messages[reply.correlation_id or ""]
        self.world.trace.note("answer", message.id, reply.body[:80])
        if message.answer is not None and message.answer != reply.body:
            self.world.watch.violated(f"message {message.id} got a second, different answer")
        message.answer = message.answer or reply.body
