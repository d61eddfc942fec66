"""A session of the broker that only keeps what is written."""

import asyncio

from pamqp import commands, frame


class FakeSession:
    """A session that keeps what is written."""

    frame_max = 4096
    number = 1

    def __init__(self) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.blocked = ""
        self.written: list[bytes] = []
        self.held: list[bool] = []

    def hold(self) -> None:
        self.held.append(True)

    def release(self) -> None:
        self.held.append(False)

    @property
    def alive(self) -> bool:
        return not self.lost.done()

    def fail(self, why: str) -> None:
        if self.alive:
            self.lost.set_result(why)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def acks(self) -> list[tuple[int, bool]]:
        found, data = [], b"".join(self.written)
        while data:
            used, _, value = frame.unmarshal(data)
            assert isinstance(value, commands.Basic.Ack)
            found.append((value.delivery_tag, value.multiple))
            data = data[used:]
        self.written.clear()
        return found
