"""Waiting for a library that does not heed cancellations."""

import asyncio

import pytest

from orchestrator.bus.cancellation import bounded


class Stubborn:
    """Work that takes a cancellation for nothing until what it waits for is dropped."""

    def __init__(self) -> None:
        self.dropped = asyncio.Event()

    async def work(self) -> str:
        while not self.dropped.is_set():
            try:
                await self.dropped.wait()
            except asyncio.CancelledError:
                continue
        raise ConnectionError("dropped")


async def test_work_in_time_gives_its_result():
    async def work() -> int:
        return 7

    assert await bounded(work(), deadline=1, drop=lambda: None) == 7


async def test_what_the_work_raises_is_raised():
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await bounded(work(), deadline=1, drop=lambda: None)


async def test_late_work_is_dropped_and_left():
    stubborn = Stubborn()
    with pytest.raises(TimeoutError):
        await bounded(stubborn.work(), deadline=0.01, drop=stubborn.dropped.set)


async def test_a_cancellation_is_never_swallowed():
    stubborn = Stubborn()
    waiting = asyncio.create_task(bounded(stubborn.work(), deadline=60, drop=stubborn.dropped.set))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=5)
    assert waiting.cancelled()
