"""What every test may ask for: real servers, started at most once and only if asked for; sockets blocked for units."""

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from tests.services import PackageMissingError, PrivatePostgres, PrivateRabbitMQ
from tests.services.packages import CHROMIUM, POSTGRES, RABBITMQ, Package, provide
from tests.services.postgres import create_database, drop_database

TESTS = Path(__file__).parent
LOOPBACK = ["127.0.0.1", "::1"]
FIXTURES = {RABBITMQ: "rabbitmq", POSTGRES: "_postgres_server", CHROMIUM: "chromium"}
"""Whoever asks for one of these needs the package."""
PURE_ROOMS = {"domain", "contract"}

# A deadline per example measures the machine's load; pytest-timeout bounds the test as a whole.
settings.register_profile("orchestrator", parent=settings(), deadline=None)
settings.load_profile("orchestrator")


@dataclass(frozen=True)
class NamedRabbitMQ:
    """A broker of the user's, named in ORCHESTRATOR_TEST_AMQP_URL: to be used, never stopped."""

    url: str


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, with its fixtures torn down."""
    # Up to Python 3.13, asking for the loop makes one where none was ever set. pytest-asyncio asks and does not close
    # it, and whichever test comes next would be blamed for the leak.
    asyncio.set_event_loop(None)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Block sockets for unit tests, and keep together what shares a broker, or a machine with a browser."""
    for item in items:
        match item.path.relative_to(TESTS).parts:
            case ("unit", room, *_) if room in PURE_ROOMS:
                item.add_marker(pytest.mark.disable_socket)
            case ("unit", *_):
                item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        if "chromium" in _fixtures(item):
            item.add_marker(pytest.mark.xdist_group("browser"))
        if "private_rabbitmq" in _fixtures(item):
            item.add_marker(pytest.mark.xdist_group("private_rabbitmq"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install what the chosen tests need before the first of them runs: no test's timeout should pay for that."""
    asked = {name for item in session.items for name in _fixtures(item)}
    try:
        provide(*(package for package in (RABBITMQ, POSTGRES, CHROMIUM) if _is_missed(package, asked)))
    except PackageMissingError as error:
        # A worker of pytest-xdist cannot end the run; there the fixtures say it, in every test that asks for them.
        if "PYTEST_XDIST_WORKER" in os.environ:
            return
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="orc") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[PrivateRabbitMQ | NamedRabbitMQ]:
    """A running broker that all tests share; its `url` is all that may be counted on."""
    named = os.environ.get(RABBITMQ.variable)
    if named:
        yield NamedRabbitMQ(named)
        return
    with PrivateRabbitMQ() as server:
        yield server


@pytest.fixture(scope="session")
def amqp_url(rabbitmq: PrivateRabbitMQ | NamedRabbitMQ) -> str:
    """The address of the shared broker; use `bus_prefix` in every name declared there."""
    return rabbitmq.url


@pytest.fixture
def bus_prefix() -> str:
    """A prefix for exchanges and queues that no other test has."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def _outage_rabbitmq() -> Iterator[PrivateRabbitMQ]:
    with PrivateRabbitMQ() as server:
        yield server


@pytest.fixture
def private_rabbitmq(_outage_rabbitmq: PrivateRabbitMQ) -> PrivateRabbitMQ:
    """A running broker to stop, kill and start at will; the next test finds it running again."""
    _outage_rabbitmq.start()
    return _outage_rabbitmq


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of a browser."""
    named = os.environ.get(CHROMIUM.variable)
    if named:
        return Path(named)
    CHROMIUM.folder()
    found = CHROMIUM.on_path()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    named = os.environ.get(POSTGRES.variable)
    if named:
        yield named
        return
    with PrivatePostgres() as server:
        yield server.url


@pytest.fixture
def postgres_url(_postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL (asyncpg) of an empty database of the test's own, dropped afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    yield create_database(_postgres_server, name)
    drop_database(_postgres_server, name)


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


def _is_missed(package: Package, asked: set[str]) -> bool:
    if "_outage_rabbitmq" in asked and package is RABBITMQ:
        return True
    return FIXTURES[package] in asked and not os.environ.get(package.variable)
