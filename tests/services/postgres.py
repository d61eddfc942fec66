"""A PostgreSQL server of one's own, and databases by the dozen on it or on a named one."""

import asyncio
import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.services.packages import POSTGRES
from tests.services.process import ServerError, ServerProcess, environment, free_ports

INIT_SECONDS = 60
INIT_OPTIONS = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
# Nothing here outlives the run, so only a crash of the whole machine may cost it; a killed server loses nothing, for
# a commit waits until the kernel has it (which synchronous_commit=off would not).
FAST = ("fsync=off", "full_page_writes=off")


class PrivatePostgres:
    """One server on 127.0.0.1. `durable` keeps the flushing to disk, which benchmarks need for honest figures."""

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = POSTGRES.folder()
        self._account = _account()
        (self.port,) = free_ports(1)
        self._password = secrets.token_hex(16)
        self._settings = () if durable else FAST
        # As root, the folder must lie where the postgres user gets in; a root's own TMPDIR may not.
        self._folder = Path(tempfile.mkdtemp(prefix="orchestrator-postgres-", dir="/tmp" if self._account else None))
        self._data = str(self._folder / "data")
        self._server: ServerProcess | None = None
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """The address of the server's default database; it holds the password."""
        return f"postgresql+asyncpg://orchestrator:{self._password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and return when it accepts queries; does nothing if it runs."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the server without waiting for it."""
        if self._server and self._server.running:
            return
        if not Path(self._data).exists():
            self._initialise()
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", *self._settings)
        self._server = ServerProcess(
            "postgres",
            [self._program("postgres"), "-D", self._data, "-p", str(self.port), *(f"--{word}" for word in settings)],
            folder=self._folder,
            env=environment(),
            account=self._account,
        )

    def wait(self) -> None:
        """Return when the launched server accepts queries; ServerError if it does not in time."""
        if self._server:
            self._server.wait_until(self._answers)

    def stop(self) -> None:
        """Shut the server down in order; clients are cut off (PostgreSQL's fast shutdown)."""
        if self._server:
            self._server.stop(signal.SIGINT)

    def kill(self) -> None:
        """End the server without warning (SIGKILL)."""
        if self._server:
            self._server.kill()

    def close(self) -> None:
        """End the server and remove its data; may be called again."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        return create_database(self.url, name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._account:
            for place in (self._folder, secret):
                os.chown(place, self._account.pw_uid, self._account.pw_gid)
        initialiser = ServerProcess(
            "initdb",
            [self._program("initdb"), "-D", self._data, "-U", "orchestrator", f"--pwfile={secret}", *INIT_OPTIONS],
            folder=self._folder,
            env=environment(),
            account=self._account,
        )
        try:
            code = initialiser.join(INIT_SECONDS)
        finally:
            initialiser.kill()
        if code != 0:
            raise ServerError(f"initdb ended with code {code}:\n{initialiser.log_tail()}")

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _answers(self) -> bool:
        question = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(question, env=environment(), check=False).returncode == 0


def create_database(url: str, name: str) -> str:
    """Create an empty database on the server of `url` and return its own URL."""
    _settle(_execute(url, f'CREATE DATABASE "{name}"'))
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+asyncpg", path=f"/{name}"))


def drop_database(url: str, name: str) -> None:
    """Remove a database from the server of `url`, cutting off whoever still uses it."""
    _settle(_execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(urlunsplit(urlsplit(url)._replace(scheme="postgresql")), timeout=30)
    try:
        await connection.execute(statement, timeout=30)
    finally:
        await connection.close()


def _settle(work: Coroutine[None, None, None]) -> None:
    # A loop made here and now leaves the caller's own (pytest-asyncio's) untouched.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(work)


def _account() -> pwd.struct_passwd | None:
    """Return the user to run as: PostgreSQL refuses root, everybody else may be themselves."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None
