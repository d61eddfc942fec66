"""The demo as a picture: its most telling frame and its end, as SVG, with nothing in it that must be fetched."""

import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.frame import frame

WIDTH: Final = 110
HEIGHT: Final = 40
TITLE: Final = "orchestrator demo"

_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Photographer:
    """Takes the frame in which most is going on: the first after a node went away."""

    def __init__(self, follower: Follower, title: str) -> None:
        self._follower = follower
        self._title = title
        self.taken: RenderableType = ""

    def look(self, said: str) -> None:
        """Take the frame if this is the moment."""
        if not self.taken and not all(node["online"] for node in self._follower.nodes.values()):
            self.taken = frame(self._follower, title=self._title, said=said, width=WIDTH, height=HEIGHT)


def save_picture(path: Path, *parts: RenderableType) -> None:
    """Write the parts, one below the other, as an SVG."""
    console = Console(record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True, highlight=False)
    for part in parts:
        console.print(part)
    # Without rich's web font: a page that shows the picture should not have to ask another site.
    picture = _FONT_FACES.sub("", console.export_svg(title=TITLE, unique_id="demo"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8")
