"""The log: nobody's work depends on whether somebody can read of it."""

import errno
import io
import json
import os
import subprocess
import sys

import pytest
import structlog

from orchestrator.telemetry import logging


class Stream(io.StringIO):
    """A file on a disk that is sometimes full."""

    error: Exception | None = None

    def flush(self) -> None:
        if self.error:
            raise self.error


@pytest.fixture
def stream():
    stream = Stream()
    logging.configure(level="info", style="json", stream=stream)
    yield stream
    structlog.reset_defaults()


def lines(stream: Stream) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), BrokenPipeError(errno.EPIPE, "nobody reads"), ValueError("closed")]
)
def test_lines_that_cannot_be_written_are_lost_and_counted(stream, error):
    log = structlog.get_logger()
    stream.error = error
    log.warning("store.away", reason="first")
    log.info("store.away", reason="second")
    stream.error = None
    stream.seek(0)
    stream.truncate()
    log.info("store.back")
    log.info("store.well")
    assert [("store.back", 2), ("store.well", None)] == [
        (line["event"], line.get("log_lines_lost")) for line in lines(stream)
    ]


def test_a_pipe_whose_reader_has_gone_ends_nobodys_work():
    program = (
        "import structlog\n"
        "from orchestrator.telemetry import logging\n"
        "logging.configure(level='info', style='console')\n"
        "for task in range(3): structlog.get_logger().info('task.removed', task=task)\n"
        "print('done')\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=writer, check=True)
    finally:
        os.close(writer)
    assert b"done\n" == ended.stdout


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_repeats_no_values(style):
    stream = Stream()
    logging.configure(level="info", style=style, stream=stream)

    def sign_in(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        raise RuntimeError(f"failed with {len(headers)} headers")

    try:
        sign_in("orc" + "_" + "5ecret")
    except RuntimeError:
        structlog.get_logger().exception("api.request_failed")
    finally:
        structlog.reset_defaults()
    told = stream.getvalue()
    assert "sign_in" in told
    assert "failed with 1 headers" in told
    assert "orc_5ecret" not in told


def test_what_strangers_send_does_not_drive_the_terminal():
    stream = Stream()
    logging.configure(level="info", style="console", stream=stream)
    structlog.get_logger().warning("api.page_refused", path="/\x1b]0;title\x07\x9b2J", method="GET")
    structlog.reset_defaults()
    assert "path=/\\x1b]0;title\\x07\\x9b2J" in stream.getvalue()
