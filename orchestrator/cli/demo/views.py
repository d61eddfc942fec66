"""Shows the story while it goes on: a live display on a terminal, plain lines everywhere else."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.frame import frame
from orchestrator.cli.demo.reading import Entry

FRAME: Final = 0.1
"""Seconds between two frames."""


PLAIN_WIDTH: Final = 120
"""Columns where there is no terminal."""


class OurConsole(Console):
    """A console that leaves it to the command to end when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Tell the command."""
        raise BrokenPipeError


def console() -> Console:
    """Make the console that everything is shown on."""
    return OurConsole(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, markup=False)


class View(Protocol):
    """Is told what happens."""

    def say(self, sentence: str) -> None:
        """Show a turn of the story."""
        ...

    def told(self, entry: Entry) -> None:
        """Show an event."""
        ...


class PlainView:
    """Prints a line for each turn and each event but mere progress."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        console.print(Text(title))

    def say(self, sentence: str) -> None:
        """Print it."""
        self._console.print(Text(f"== {sentence}"), soft_wrap=True)

    def told(self, entry: Entry) -> None:
        """Print it."""
        if not entry.is_progress:
            self._console.print(Text(f"{entry.time}  {entry.key:<41}  {entry.what}"), soft_wrap=True)


class LiveView:
    """Draws everything anew ten times a second, in place."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._said = ""
        self._begun = time.monotonic()

    def say(self, sentence: str) -> None:
        """Keep it over the display until the next."""
        self._said = sentence

    def told(self, _: Entry) -> None:
        """Leave it to the next frame."""

    @asynccontextmanager
    async def shown(self, follower: Follower) -> AsyncIterator[None]:
        """Display it for the length of the block, on the terminal's other screen; the last frame stays on this one."""

        def now() -> RenderableType:
            width, height = self._console.size
            title = f"{self._title}  {time.monotonic() - self._begun:.0f} s"
            return frame(follower, title=title, said=self._said, width=width, height=height)

        # The other screen is drawn over, line by line; in place rich would clear each line first, which flickers.
        with Live(now(), console=self._console, auto_refresh=False, screen=True) as live:
            drawing = asyncio.create_task(_draw(live, now), name="draw")
            try:
                yield
            finally:
                drawing.cancel()
                await asyncio.wait({drawing})
        self._console.print(now())


async def _draw(live: Live, now: Callable[[], RenderableType]) -> None:
    while True:
        live.update(now(), refresh=True)
        await asyncio.sleep(FRAME)
