"""Starts daemons as forks of a process that has loaded their code, so that a start takes a tenth of a second.

Each is a process of its own that runs ``orchestrator serve``, to be killed like any other; only loading is shared.
``python -m tests.crashes.nursery`` is the process that forks; it is told what to start, and tells what ended, in JSON.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, Self

from orchestrator import crashing
from orchestrator.crashing.trigger import Trigger

LOADED = (
    "orchestrator.bus.memory", "orchestrator.bus.rabbitmq", "orchestrator.cli.main", "orchestrator.cli.serving",
    "orchestrator.service", "orchestrator.store.migrations", "orchestrator.telemetry.systemd", "uvloop",
)  # fmt: skip
"""All that a daemon loads, at its start or later; what the environment says of its death it is told once it is born."""

LOOK = 0.02
"""Seconds between two looks at who has ended."""


class Child:
    """A daemon, as ``asyncio.subprocess.Process`` would show it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def send_signal(self, signal: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # It has ended, and we were not told yet.
                os.kill(self.pid, signal)

    async def wait(self) -> int:
        """Wait for its end, and give its exit code."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def end(self, code: int) -> None:
        """Note its end."""
        self.returncode = code
        self._ended.set()


def _end_at_birth(birth: "asyncio.Task[Child]") -> None:
    if not birth.cancelled():
        birth.result().send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, as seen by tests."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._born: asyncio.Queue[Child] = asyncio.Queue()
        self._bearing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crashes.nursery", cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def spawn(self, *, env: dict[str, str], cwd: Path, log: Path) -> Child:
        """Start a daemon; one that nobody waits for any more is ended, and is never taken for the next."""
        birth = asyncio.create_task(self._bear({"env": env, "cwd": str(cwd), "log": str(log)}))
        try:
            return await asyncio.shield(birth)
        except asyncio.CancelledError:
            birth.add_done_callback(_end_at_birth)
            raise

    async def _bear(self, order: dict[str, Any]) -> Child:
        assert self._process.stdin is not None
        async with self._bearing:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            return await self._born.get()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "code" in told:
                self._children.pop(told["pid"]).end(told["code"])
            else:
                child = self._children[told["pid"]] = Child(told["pid"])
                self._born.put_nowait(child)


def main() -> None:
    """Fork on demand until nobody demands any more; what still lives then is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who demands: with it the demand ends.
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # So that no child looks through all of it, and makes it its own.
    children: set[int] = set()
    try:
        _serve(children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def _serve(children: set[int]) -> None:
    orders = b""
    while True:
        if select.select([0], [], [], LOOK)[0]:
            piece = os.read(0, 65536)
            if not piece:
                return
            *lines, orders = (orders + piece).split(b"\n")
            for line in lines:
                children.add(_bear(json.loads(line)))
        for child in list(children):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                children.discard(pid)
                _tell({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _bear(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _tell({"pid": pid})
        return pid
    try:
        _live(order)
    finally:
        os._exit(1)


def _live(order: dict[str, Any]) -> None:
    """Be the daemon."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(here, there)
    crashing.TRIGGER = Trigger.of(os.environ)
    sys.argv = ["orchestrator", "serve"]
    code: Any = 0
    try:
        importlib.import_module("orchestrator.__main__").main()
    except SystemExit as end:
        code = end.code
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _tell(what: dict[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
