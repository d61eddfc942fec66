"""Lets a person correct a text in their editor; what they wrote is not lost when it is refused."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.cli.errors import UNUSABLE, CliError
from orchestrator.cli.printing import printable

FALLBACK = "vi"


@contextmanager
def edited(read: Callable[[], bytes], *, given: Path | None) -> Iterator[str]:
    """Give the text as the person wants it: from ``given`` (``-``: standard input), or what they made of ``read()``.

    If the block fails, an edited text stays where it is, and the person is told where. Raises ``CliError``.
    """
    if given is not None:
        yield _text(_contents(given))
        return
    before = read()
    # Made readable by its owner alone: a body may hold the token of a node.
    descriptor, name = tempfile.mkstemp(prefix="dead-letter-", suffix=".json")
    path = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(before)
    try:
        after = _after_editor(path, before=before)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    try:
        yield _text(after)
    except BaseException:
        print(printable(f"What you wrote is kept in {path}."), file=sys.stderr)  # noqa: T201
        raise
    path.unlink(missing_ok=True)


def _contents(given: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(given) == "-" else given.read_bytes()
    except OSError as error:
        raise CliError(f"{given} cannot be read: {os.strerror(error.errno or 0).lower()}.", code=UNUSABLE) from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise CliError(f"The body is not UTF-8 text (byte {error.start}).", code=UNUSABLE) from None


def _after_editor(path: Path, *, before: bytes) -> bytes:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or FALLBACK
    try:
        code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode  # noqa: S603  (their own)
    except (OSError, ValueError):
        raise CliError(
            f"The editor {editor} cannot be started; set EDITOR, or give --body FILE.", code=UNUSABLE
        ) from None
    if code:
        raise CliError(f"The editor ended with code {code}, so nothing was replayed.")
    after = path.read_bytes()
    if after == before:
        raise CliError("Nothing was changed, so nothing was replayed; 'dead-letters replay' sends it as it is.")
    return after
