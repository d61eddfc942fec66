"""``orchestrator simulate-node`` and ``demo``: to try it all out without a processing node."""

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.command import command
from orchestrator.cli.errors import UNUSABLE, CliError
from orchestrator.cli.printing import say


def add_to(cli: typer.Typer) -> None:
    """Add the commands."""
    command(cli, "simulate-node")(simulate_node)
    command(cli, "demo")(demo)


def simulate_node(
    *,
    name: Annotated[str, typer.Option(help="Shown in its console output and results.")] = "simulated",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any that is free.")] = 3001,
    token: Annotated[str | None, typer.Option(help="Ask clients for this token.")] = None,
    seconds: Annotated[float, typer.Option(help="How long a job is processed.")] = 5.0,
    parallel: Annotated[int, typer.Option(help="Jobs processed at once.")] = 1,
    max_images: Annotated[int | None, typer.Option(help="Files that a job may have.")] = None,
    fail_rate: Annotated[float, typer.Option(help="Share of the jobs that fail, 0 to 1.")] = 0.0,
    offline_after: Annotated[float | None, typer.Option(help="Go away that many seconds after the start.")] = None,
    offline_for: Annotated[float | None, typer.Option(help="Be back after that many seconds.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Going away is a crash: jobs are gone afterwards.")] = False,
    forget_after: Annotated[
        float | None, typer.Option(help="Crash, and be back at once, that many seconds after the start.")
    ] = None,
    slow_upload: Annotated[float | None, typer.Option(help="Bytes per second taken in.")] = None,
    slow_download: Annotated[float | None, typer.Option(help="Bytes per second given out.")] = None,
    drop_uploads: Annotated[float, typer.Option(help="Share of uploads answered 500, nothing stored.")] = 0.0,
    cut_uploads: Annotated[float, typer.Option(help="Share of uploads cut in the middle of a file.")] = 0.0,
    lose_answers: Annotated[float, typer.Option(help="Share of requests that take effect but are not answered.")] = 0.0,
    corrupt_results: Annotated[int, typer.Option(help="So many first downloads of each job are damaged.")] = 0,
    data: Annotated[Path | None, typer.Option(help="Folder for uploads and jobs; by default a temporary one.")] = None,
    seed: Annotated[int | None, typer.Option(help="Make every random decision repeatable.")] = None,
    result_bytes: Annotated[int, typer.Option(help="Make results heavier by that many bytes.")] = 0,
) -> None:
    """Run a simulated processing node that speaks NodeODM's protocol and fails on cue."""
    given = dict(locals())
    import asyncio

    from orchestrator.nodes.simulated import SimulatedNodeOptions

    try:
        options = SimulatedNodeOptions(**given)
    except ValueError as error:
        raise CliError(f"{error}.", code=UNUSABLE) from None
    try:
        asyncio.run(_run(options))
    except OSError as error:
        raise CliError(f"{host} port {port} cannot be used: {error.strerror or error}.", code=UNUSABLE) from None


def demo(
    *,
    bus: Annotated[str, typer.Option(help="memory, or rabbitmq for the broker of ORCHESTRATOR__BUS__URL.")] = "memory",
    save_svg: Annotated[Path | None, typer.Option(help="Save a picture of the end there.")] = None,
) -> None:
    """Show it at work without any set-up: a daemon, simulated nodes, and tasks that end as maps."""
    from orchestrator.cli.demo import run_demo
    from orchestrator.cli.serving import run_on_fast_loop

    code = run_on_fast_loop(run_demo(bus=bus, save_svg=save_svg))
    if code:
        raise typer.Exit(code)


async def _run(options: Any) -> None:
    import asyncio

    from orchestrator.nodes.simulated import serve_simulated_node

    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    serving = asyncio.ensure_future(serve_simulated_node(options, on_ready=_ready))
    stopping = asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


def _ready(url: str) -> None:
    say(f"A simulated processing node listens on {url}")
