"""The daemon as a service: signals, logs and what the service manager is told."""

import asyncio
import gc
import os
import signal

import structlog

from orchestrator import __version__
from orchestrator.app import App, running
from orchestrator.settings import Settings
from orchestrator.telemetry import logging, systemd

log = structlog.get_logger()

READY_ANYWAY = 20.0
"""Seconds after which the service counts as started although the bus is away: work goes on without it."""


async def serve(settings: Settings) -> int:
    """Run until a signal asks for the end, or a loop breaks; give the exit code."""
    logging.configure(level=settings.log.level, style=settings.log.format)
    _collect_garbage_seldom()
    stop = asyncio.Event()
    _listen_for_signals(stop)
    log.info("app.starting", version=__version__, root=str(settings.files.root), pid=os.getpid())
    async with running(settings) as app:
        telling = asyncio.create_task(_tell_systemd(app), name="systemd")
        log.info("app.started", health=app.server.url)
        waits = {asyncio.create_task(stop.wait()), asyncio.create_task(app.failed.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        broken = app.failed.is_set()
        systemd.notify("STOPPING=1")
        log.info("app.stopping")
        for task in (*waits, telling):
            task.cancel()
    log.info("app.stopped")
    return 1 if broken else 0


def _collect_garbage_seldom() -> None:
    """Keep what was imported out of it; batches make thousands of short-lived objects, and looking cost a quarter."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _listen_for_signals(stop: asyncio.Event) -> None:
    """The first signal asks for an orderly stop, the second ends the process."""

    def on_signal(number: int) -> None:
        if stop.is_set():
            log.warning("app.killed_by_second_signal")
            os._exit(128 + number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)


async def _tell_systemd(app: App) -> None:
    """Say READY once commands come in; or after a while without the bus, for work goes on without it."""
    try:
        async with asyncio.timeout(READY_ANYWAY):
            await app.bus.until(lambda state: state.connected)
        log.info("app.ready")
    except TimeoutError:
        log.warning("app.started_without_bus", problem=app.bus.state.problem)
    systemd.notify("READY=1")
    await systemd.keep_alive(app.status)
