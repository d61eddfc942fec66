"""The demo: a daemon, two simulated nodes and half a dozen tasks, told live on the terminal."""

import sys
from pathlib import Path

__all__ = ["run_demo"]


async def run_demo(*, bus: str = "memory", save_svg: Path | None = None) -> int:
    """Play the demo; give 0 if all came out as promised, else 1 after a sentence. Raises ``CliError`` for a wrong bus.

    ``bus`` is ``memory`` or ``rabbitmq``; ``save_svg`` gets a picture of it. What came out is kept in a temporary
    folder, unless the demo is interrupted.
    """
    # Said before the daemon is loaded, which takes a moment.
    sys.stdout.write("A daemon, two simulated processing nodes and a dozen photos, in a folder of their own…\n")
    sys.stdout.flush()
    from orchestrator.cli.demo.run import play

    return await play(bus=bus, save_svg=save_svg)
