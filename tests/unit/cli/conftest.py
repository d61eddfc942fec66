"""The command line against the real control application, with fake rooms behind it, in a thread of its own."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from typer.testing import CliRunner

from orchestrator.api.control import control_application
from orchestrator.api.server import Server
from orchestrator.cli import daemon
from orchestrator.cli.main import cli
from orchestrator.settings import loading
from orchestrator.telemetry import logging
from tests.unit.api.rooms import FakeRooms

RUNNER = CliRunner()


@dataclass
class Side:
    """A daemon's outside, running; ``do`` runs a function on its event loop."""

    root: Path
    rooms: FakeRooms = field(default_factory=FakeRooms)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def do(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.loop.call_soon_threadsafe(function, *arguments)

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def run(self, started: "Future[None]", stop: asyncio.Event) -> None:
        async def serve() -> None:
            server = Server(
                host="127.0.0.1",
                port=0,
                control_socket=self.root / "control.sock",
                window=web.Application,
                control=lambda: control_application(self.rooms.ports()),
            )
            async with server:
                started.set_result(None)
                await stop.wait()

        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(serve())


@pytest.fixture(autouse=True)
def no_outside(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("ORCHESTRATOR") or name == "STATE_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setattr(loading, "DEFAULT_CONFIG", tmp_path / "nowhere.toml")
    monkeypatch.setattr(daemon, "SERVICE_SOCKET", tmp_path / "nowhere.sock")
    # A logger is kept for good: what a command of these tests sets up would write to a stream that is gone by then.
    monkeypatch.setattr(logging, "configure", lambda **_: None)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root(folder) -> Path:
    return folder


@pytest.fixture
def logs():
    """Keeps what the daemon logs in this process out of what the command prints."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def side(root) -> Iterator[Side]:
    side, started, stop = Side(root), Future[None](), asyncio.Event()
    thread = threading.Thread(target=side.run, args=(started, stop))
    thread.start()
    started.result(10)
    yield side
    side.do(stop.set)
    thread.join(10)


@pytest.fixture
def orchestrator(root):
    """Runs the command line; the daemon it speaks to is the one in ``root``."""

    def run(*arguments: str, root_given: bool = True, **how: Any):
        extra = ("--root", str(root)) if root_given else ()
        return RUNNER.invoke(cli, [*arguments, *extra], catch_exceptions=False, **how)

    return run
