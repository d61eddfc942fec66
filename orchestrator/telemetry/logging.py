"""Logs: one line for each thing that happened; readable on a terminal, JSON everywhere else."""

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from orchestrator.telemetry.steady import SteadyStream

_SECRET_WORDS = ("token", "password", "secret", "authorization")

MASK = "***"


def mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank every value whose key names a secret: the last line of defence, not the first."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = MASK
    return event


_CONTROLS = str.maketrans({sign: f"\\x{sign:02x}" for sign in (*range(32), *range(127, 160))})


def escape_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep what strangers send, such as a path, from driving the terminal, and from looking like a line of ours."""
    return {key: value.translate(_CONTROLS) if isinstance(value, str) else value for key, value in event.items()}


def configure(*, level: str, style: str, stream: TextIO | None = None) -> None:
    """Set up logging for the process. ``level`` as in the settings; ``style``: ``json``, ``console`` or ``auto``."""
    out = stream or sys.stderr
    steady = SteadyStream(out)
    as_json = style == "json" or (style == "auto" and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
        steady.note_lost,
    ]
    # Tracebacks without the values of variables: tokens and passwords are among them.
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    console = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    rendering: list[Processor] = (
        [tracebacks, structlog.processors.JSONRenderer()] if as_json else [escape_controls, console]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", steady)),
        cache_logger_on_first_use=True,
    )
    _route_others(threshold, out)


def _route_others(threshold: int, out: TextIO) -> None:
    """Libraries that log by the standard way: only what is worth a person's time, on the same stream."""
    logging.basicConfig(stream=out, level=max(threshold, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # The bus room says the same, once and plainly.
    logging.getLogger("aio_pika").setLevel(logging.CRITICAL)
    # The window logs its own failures. What is left are requests that are no HTTP: strangers would fill the log with
    # tracebacks that repeat what they sent, credentials among it.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
