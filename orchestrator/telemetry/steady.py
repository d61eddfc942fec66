"""A stream for the log that never fails: work goes on even while its log cannot be written."""

from typing import TextIO

from structlog.typing import EventDict, WrappedLogger


class SteadyStream:
    """Passes lines on to another stream. What that does not take is lost; the next line that it takes says how many.

    A pipe whose reader has gone, or a file on a full disk, would else raise wherever something is logged.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lost = 0

    def note_lost(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Say in an event how many lines before it were lost (a processor of structlog)."""
        if self._lost:
            event["log_lines_lost"] = self._lost
        return event

    def write(self, text: str) -> int:
        """Write at once, if that can be done."""
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # ValueError: it was closed.
            self._lost += 1
        else:
            self._lost = 0
        return len(text)

    def flush(self) -> None:
        """Do nothing: every line is written at once."""
