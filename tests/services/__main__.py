"""Runs a command with the servers it needs: `python -m tests.services run [--only NAME] [--durable] -- COMMAND`.

A server named in ORCHESTRATOR_TEST_AMQP_URL or ORCHESTRATOR_TEST_POSTGRES_URL is used as it is. Else a private one is
started, the command finds its address in that variable, and it is ended with the command, whatever ends the command.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from types import FrameType

from tests.services import PackageMissingError, PrivatePostgres, PrivateRabbitMQ, ServerError
from tests.services.packages import POSTGRES, RABBITMQ, provide

# On Ctrl-C the terminal interrupts the command as well; this is its time to end by itself.
INTERRUPT_SECONDS = 30
PACKAGES = {"rabbitmq": RABBITMQ, "postgres": POSTGRES}


def main() -> int:
    """Run the command and return its exit code, or 1 with a sentence if a server cannot be had."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    wanted = [arguments.only] if arguments.only else list(PACKAGES)
    absent = [name for name in wanted if not os.environ.get(PACKAGES[name].variable)]
    try:
        provide(*(PACKAGES[name] for name in absent))
        with ExitStack() as servers:
            addresses = _start(absent, servers, durable=arguments.durable)
            return _run(arguments.command, {**os.environ, **addresses})
    except (PackageMissingError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    run = parser.add_subparsers(required=True).add_parser("run", help="run a command with RabbitMQ and PostgreSQL")
    run.add_argument("--only", choices=list(PACKAGES), help="start just this one")
    run.add_argument("--durable", action="store_true", help="let PostgreSQL flush to disk, as in production")
    run.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args()


def _start(names: list[str], servers: ExitStack, *, durable: bool) -> dict[str, str]:
    """Start the named servers side by side and return the variables that hold their addresses."""
    began = time.monotonic()
    made: dict[str, PrivateRabbitMQ | PrivatePostgres] = {}
    for name in names:
        made[name] = PrivateRabbitMQ() if name == "rabbitmq" else PrivatePostgres(durable=durable)
        servers.callback(made[name].close)
        made[name].launch()
    for name, server in made.items():
        server.wait()
        print(f"{PACKAGES[name].title} is up on port {server.port}", end=", ", file=sys.stderr)
        print(f"{time.monotonic() - began:.1f} s after the start", file=sys.stderr, flush=True)
    return {PACKAGES[name].variable: server.url for name, server in made.items()}


def _run(command: list[str], environment: dict[str, str]) -> int:
    child = subprocess.Popen(command, env=environment)
    try:
        return _code(child.wait())
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            child.wait(INTERRUPT_SECONDS)
        raise
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(INTERRUPT_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _code(code: int) -> int:
    """Translate death by a signal as shells do."""
    return 128 - code if code < 0 else code


def _leave(number: int, _frame: FrameType | None) -> None:
    # Once is enough: whatever asks twice shall not interrupt the tidying up.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
