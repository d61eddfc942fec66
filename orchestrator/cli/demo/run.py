"""Runs the demo: builds the stage, has the story told, shows it, and judges what came out."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.photos import take_photos
from orchestrator.cli.demo.picture import Photographer, save_picture
from orchestrator.cli.demo.report import LOG, report
from orchestrator.cli.demo.stage import Stage, bus_settings, settings_of, staged
from orchestrator.cli.demo.story import CommandRefused, Story
from orchestrator.cli.demo.verdict import shortcomings
from orchestrator.cli.demo.views import LiveView, PlainView, console
from orchestrator.cli.errors import CliError
from orchestrator.domain.errors import OrchestratorError
from orchestrator.telemetry import logging

if TYPE_CHECKING:
    from rich.console import Console

DEADLINE: Final = 55.0
"""Seconds for the whole story."""

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)

ANYWHERE: Final = "/tmp/orchestrator-demo"  # noqa: S108 - only shown, in pictures
"""Stands in pictures for the folder, whose true name is this machine's business."""


class BrokenOff(Exception):
    """The story could not be told to its end."""


async def play(*, bus: str, save_svg: Path | None) -> int:
    """Do what ``run_demo`` promises; when a signal ends it, everything is stopped and the folder removed."""
    given = bus_settings(bus)
    folder = Path(tempfile.mkdtemp(prefix="orchestrator-demo-"))
    signals: list[int] = []
    try:
        with _ended_by(signals):
            return await _Demo(bus, given, folder, save_svg).run()
    except (asyncio.CancelledError, KeyboardInterrupt, BrokenPipeError):
        shutil.rmtree(folder, ignore_errors=True)
        if signals:
            raise SystemExit(128 + signals[0]) from None
        raise


@contextmanager
def _ended_by(signals: list[int]) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this task as Ctrl-C does, and note them: a broker must not be left littered."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(number: int) -> None:
        signals.append(number)
        if task:
            task.cancel()

    for number in ENDING:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in ENDING:
            loop.remove_signal_handler(number)


@dataclass(frozen=True, slots=True)
class _Demo:
    bus: str
    given: dict[str, Any]
    folder: Path
    save_svg: Path | None

    async def run(self) -> int:
        # Never closed: whatever still has something to say until the process ends, says it there.
        log = (self.folder / LOG).open("w", encoding="utf-8", buffering=1)
        logging.configure(level="info", style="json", stream=log)
        out = console()
        try:
            wrong = await self._show(out)
        except (BrokenOff, CommandRefused, CliError, OrchestratorError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            wrong = [str(error)]
            out.print(str(error), style="red", soft_wrap=True)
        if wrong:
            out.print(f"The demo did not end as promised; the daemon's log is {self.folder / LOG}", soft_wrap=True)
        return 1 if wrong else 0

    async def _show(self, out: "Console") -> list[str]:
        # In this thread, although it takes a moment: another would go on after Ctrl-C, into the folder being removed.
        photos = take_photos(self.folder / "photos")
        title = f"Orchestrator demo · bus: {self.bus}"
        if prefix := self.given.get("prefix"):
            title += f", prefix {prefix}"
        live = LiveView(out, title)
        view = live if out.is_terminal else PlainView(out, title)
        follower = Follower(view.told)
        photographer = Photographer(follower, title)

        def say(sentence: str) -> None:
            view.say(sentence)
            photographer.look(sentence)

        async with staged(settings_of(self.folder, photos[0].parent, self.given)) as stage:
            story = Story(stage, follower, photos=photos, say=say)
            shown = live.shown(follower) if view is live else nullcontext()
            async with shown, _following(stage, follower) as following:
                await _played(story, follower, stage, following)
        wrong = shortcomings(story, follower, self.folder)
        out.print(report(follower, folder=self.folder, shown=str(self.folder), wrong=wrong))
        if self.save_svg:
            end = report(follower, folder=self.folder, shown=ANYWHERE, wrong=wrong)
            save_picture(self.save_svg, photographer.taken, end)
        return wrong


@asynccontextmanager
async def _following(stage: Stage, follower: Follower) -> "AsyncIterator[asyncio.Task[None]]":
    async with await stage.client.events() as events:
        following = asyncio.create_task(follower.follow(events), name="follow")
        try:
            yield following
        finally:
            following.cancel()
            await asyncio.wait({following})


async def _played(story: Story, follower: Follower, stage: Stage, following: "asyncio.Task[None]") -> None:
    """Let the story be told. Raises ``BrokenOff`` when it takes too long or the daemon breaks, and what befell it."""
    playing = asyncio.create_task(story.play(), name="story")
    broken = asyncio.create_task(stage.failed.wait(), name="broken")
    try:
        await asyncio.wait({playing, broken, following}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        for done in (playing, following):
            if done.done():
                return done.result()
        waited = f" It was waiting for {follower.waiting_for}." if follower.waiting_for else ""
        raise BrokenOff("The daemon broke." if broken.done() else f"The story took longer than {DEADLINE:g} s.{waited}")
    finally:
        playing.cancel()
        broken.cancel()
        await asyncio.wait({playing, broken})
