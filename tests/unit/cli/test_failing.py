"""How the command line fails: a sentence and an exit code, never a traceback."""

import contextlib
import errno
import os
import subprocess
import sys

import pytest
import typer

from orchestrator.cli import control
from orchestrator.cli.errors import CliError, reported
from orchestrator.domain.errors import StoreError
from orchestrator.settings import SettingsError


def test_no_daemon_is_told_with_its_place(orchestrator, root):
    result = orchestrator("task", "list")
    told = f"no daemon answers at {root}/control.sock; is 'orchestrator serve' running?\n"
    assert (2, "", told) == (result.exit_code, result.stdout, result.stderr)


def test_a_socket_that_is_not_for_us_is_told(orchestrator, monkeypatch):
    def refuse(_):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(control._UnixConnection, "connect", refuse)
    result = orchestrator("task", "list")
    assert 2 == result.exit_code
    assert "ask to be put in its group" in result.stderr


def test_wrong_settings_are_told_each_in_a_line(orchestrator, tmp_path):
    config = tmp_path / "o.toml"
    config.write_text("[api]\nprot = 1\n[bus]\nprefetch = 0\n")
    result = orchestrator("check-config", "--config", str(config))
    assert (2, "", 2) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "did you mean api.port?" in result.stderr


def test_a_wrong_word_is_wrong_usage(orchestrator):
    result = orchestrator("task", "lits", root_given=False)
    assert 2 == result.exit_code
    assert "No such command 'lits'" in result.stderr


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (CliError("a", "  b"), 1, "a\n  b\n"),
        (CliError("a\x1b[2J", code=2), 2, "a\n"),
        (SettingsError("one.", "two."), 2, "one.\ntwo.\n"),
        (StoreError("the file is locked"), 2, "the file is locked\n"),
        (RuntimeError("x"), 1, "This should not have happened: RuntimeError: x. With --debug it says where.\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "broken"), 141, ""),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(raised, code, told, capfd, tmp_path):
    output = (tmp_path / "out").open("w")  # It may be given up, and pytest's must not be.
    with output, contextlib.redirect_stdout(output), pytest.raises(typer.Exit) as caught, reported(debug=False):
        raise raised
    assert (code, ("", told)) == (caught.value.exit_code, capfd.readouterr())
    assert "" == (tmp_path / "out").read_text()


def test_with_debug_the_error_itself_comes_out():
    with pytest.raises(RuntimeError, match="x"), reported(debug=True):
        raise RuntimeError("x")


def run(*words, **how):
    command = [sys.executable, "-m", "orchestrator", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, **how)


def test_nobody_reading_is_no_reason_to_complain():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "orchestrator", "contract"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=50, check=False)
    os.close(writer)
    assert (141, b"") == (ended.returncode, ended.stderr)


def loaded_by(*words):
    """Give the packages that a command loads. (Typer itself loads pydantic where that is installed.)"""
    code = (
        "import sys\n"
        "from orchestrator.__main__ import main\n"
        f"sys.argv = ['orchestrator', *{words!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    return set(ended.stderr.splitlines()[-1].split())


HEAVY = {"aiohttp", "aio_pika", "sqlalchemy", "alembic", "uvloop", "PIL", "prometheus_client", "structlog", "asyncio"}


def test_help_loads_nothing_heavy():
    assert not HEAVY & loaded_by("task", "create", "--help")


def test_reading_loads_no_server_no_broker_and_no_database():
    assert not HEAVY & loaded_by("task", "list", "--root", "/nowhere")


def test_the_module_is_the_command():
    ended = run("--version")
    assert (0, "0.1.0\n", "") == (ended.returncode, ended.stdout, ended.stderr)
