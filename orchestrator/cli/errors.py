"""How the command line fails: one plain sentence on standard error and an exit code, never a traceback.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, settings, or no daemon, 130 interrupted (SIGINT), 141 nobody
reads what is printed (SIGPIPE).
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer

from orchestrator.cli.printing import printable

FAILED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130
UNREAD: Final = 141


class CliError(Exception):
    """Something went wrong; ``lines`` tell it to a person."""

    def __init__(self, *lines: str, code: int = FAILED) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.exit_code = code


class Unreachable(CliError):
    """No daemon, or no broker, answers."""

    def __init__(self, line: str) -> None:
        super().__init__(line, code=UNUSABLE)


class NoDaemon(Unreachable):
    """No daemon runs where one was looked for."""


class StreamEnded(Unreachable):
    """The daemon, or the broker, ended a stream of events or cut it off."""


def refusal(error: Mapping[str, Any]) -> CliError:
    """Make an error of a problem that a daemon answered with: its detail, then each wrong field."""
    told = str(error.get("detail") or error.get("title"))
    fields = [f"  {it['field']}: {it['message']}" for it in error.get("errors", ()) if it["message"] != told]
    return CliError(told, *fields)


@contextlib.contextmanager
def reported(*, debug: bool) -> Iterator[None]:
    """Turn what a command raises into a sentence and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
        raise typer.Exit(UNREAD) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        told = _told(error)
        if told is None or debug:
            raise
        _tell(told)
        raise typer.Exit(told.exit_code) from None


def _told(error: Exception) -> CliError | None:
    if isinstance(error, typer.Exit | typer.Abort | typer.BadParameter):
        return None
    if isinstance(error, CliError):
        return error
    # Whoever raised one of these has imported them already; --help and usage errors never do.
    from orchestrator.domain.errors import OrchestratorError
    from orchestrator.settings.complaints import SettingsError

    if isinstance(error, SettingsError):
        return CliError(*error.problems, code=UNUSABLE)
    if isinstance(error, OrchestratorError):
        return CliError(str(error), code=UNUSABLE)
    return CliError(f"This should not have happened: {type(error).__name__}: {error}. With --debug it says where.")


def _tell(error: CliError) -> None:
    with contextlib.suppress(OSError):
        print("\n".join(map(printable, error.lines)), file=sys.stderr)  # noqa: T201


def _give_up_output() -> None:
    # Python would complain once more when it flushes at exit.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
