"""What shell blocks of the documents may do: each command is known here, and checked short of doing what it says."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from tests.acceptance.documents import ROOT

Words = list[str]


def is_known(line: str) -> bool:
    """Whether a line does something that is allowed, with words that the named program takes."""
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    sudo = words[0] == "sudo"
    words = [word for word in words[1:] if not word.startswith("--user=")] if sudo else words
    check = CHECKS.get(words[0])
    return check is not None and check(words[1:]) and (sudo or words[0] not in NEEDS_ROOT)


def _make(words: Words) -> bool:
    targets = [word for word in words if "=" not in word]
    return all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in targets)


def _orchestrator(words: Words) -> bool:
    """Let the command line read the words, without doing what they say; it raises a usage error for what it lacks."""
    from orchestrator.cli.main import cli

    command: Any = typer.main.get_command(cli)
    context = None
    while hasattr(command, "resolve_command"):
        context = command.context_class(command, context, info_name=command.name)
        _, command, words = command.resolve_command(context, words)
    command.make_context(command.name, words, context)
    return True


def _python(words: Words) -> bool:
    if words[0] == "-m":
        return words[1] == "venv"
    return (ROOT / words[0]).is_file() and Path(words[0]).parts[0] == "examples"


def _docker(words: Words) -> bool:
    files = [words[index + 1] for index, word in enumerate(words) if word == "--file"]
    if words[0] == "compose":
        return all((ROOT / name).is_file() for name in files)
    return words[0] == "run" and words[-1] == "opendronemap/nodeodm"


def _install(words: Words) -> bool:
    """Sources are ours, targets are where the unit and the pages say."""
    places = [word for word in words if not word.startswith("-") and word != "/dev/null"]
    *sources, target = places
    ours = all((ROOT / source).is_file() for source in sources)
    return ours and target.startswith(("/etc/orchestrator/", "/etc/systemd/system/orchestrator", "/etc/sysusers.d/"))


def _one_of(*allowed: str) -> Callable[[Words], bool]:
    return lambda words: words[0] in allowed


def _copy(words: Words) -> bool:
    return (ROOT / words[0]).is_file() and words[1].startswith("deploy/")


def _ours(words: Words) -> bool:
    return all(word.startswith("/etc/orchestrator/") for word in words)


def _local(words: Words) -> bool:
    return words[-1].startswith("http://127.0.0.1:8000/")


def _anything(_: Words) -> bool:
    return True


NEEDS_ROOT = {"/opt/orchestrator/bin/pip", "install", "systemd-sysusers", "usermod"}
CHECKS: dict[str, Callable[[Words], bool]] = {
    "/opt/orchestrator/bin/orchestrator": _orchestrator,
    "/opt/orchestrator/bin/pip": _one_of("install"),
    "cp": _copy,
    "curl": _local,
    "docker": _docker,
    "install": _install,
    "journalctl": lambda words: "--unit=orchestrator" in words,
    "make": _make,
    "openssl": _one_of("rand"),
    "orchestrator": _orchestrator,
    "python": _python,
    "python3": _python,
    "sudoedit": _ours,
    "systemctl": _one_of("daemon-reload", "enable", "edit", "restart", "start", "status"),
    "systemd-sysusers": _anything,
    "usermod": _anything,
}
