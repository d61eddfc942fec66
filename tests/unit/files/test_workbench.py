"""Work in threads ends with its caller."""

import asyncio
import threading

import pytest

from orchestrator.files.workbench import Stop, Stopped, Workbench


@pytest.fixture
async def bench():
    made = Workbench(name="test", threads=1)
    yield made
    await made.close()


async def test_results_and_errors_come_back(bench):
    def fail(stop: Stop) -> None:
        raise ValueError("as it was")

    assert 42 == await bench.run(lambda stop: 42)
    assert 42 == await bench.ask(lambda stop: 42)
    with pytest.raises(ValueError, match="as it was"):
        await bench.run(fail)


async def test_a_cancelled_caller_waits_for_the_work_to_stop(bench):
    begun, cleaned = threading.Event(), []

    def work(stop: Stop) -> None:
        begun.set()
        try:
            while True:
                stop.check()
        except Stopped:
            cleaned.append(True)
            raise

    running = asyncio.create_task(bench.run(work))
    await asyncio.to_thread(begun.wait)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert [True] == cleaned


async def test_a_cancelled_question_is_not_waited_for(bench):
    begun, away, stops = threading.Event(), threading.Event(), []

    def hang(stop: Stop) -> None:
        stops.append(stop)
        begun.set()
        away.wait(10)

    running = asyncio.create_task(bench.ask(hang))
    await asyncio.to_thread(begun.wait)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert stops[0].is_set
    away.set()


async def test_work_that_is_done_when_it_is_cancelled_is_done(bench):
    begun, proceed = threading.Event(), threading.Event()

    def work(stop: Stop) -> str:
        begun.set()
        proceed.wait(10)
        return "done"

    running = asyncio.create_task(bench.run(work))
    await asyncio.to_thread(begun.wait)
    running.cancel()
    proceed.set()

    with pytest.raises(asyncio.CancelledError):
        await running
