"""Finds the programs that tests need, and installs their packages where they are missing and that is allowed."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INSTALL_SECONDS = 600

# A server installed for tests must start neither now nor at the next boot. The guard is Debian's own switch for the
# first; one that exists already is the machine's own policy and stays as it is.
INSTALL_SCRIPT = """
set -e
export DEBIAN_FRONTEND=noninteractive
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >"$guard"
    chmod 755 "$guard"
fi
get() { apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
get "$@" || { apt-get update && get "$@"; }
if [ -d /run/systemd/system ]; then
    systemctl disable --now "$@" || true
fi
"""


class PackageMissingError(RuntimeError):
    """Programs are not here and could not be installed; the message says what to do about it."""


@dataclass(frozen=True)
class Package:
    """A package: its name at Debian, and where its programs may lie."""

    title: str
    name: str
    program: str
    folders: tuple[str, ...]
    variable: str
    instead: str = "a running server"
    """What the variable names."""
    aliases: tuple[str, ...] = ()
    """What else the program may be called."""

    def find(self) -> Path | None:
        """Return the folder of the programs, the newest version's if there are several, or None."""
        for pattern in self.folders:
            found = [place for place in Path("/").glob(pattern) if (place / self.program).exists()]
            if found:
                return max(found, key=_version)
        on_path = self.on_path()
        return on_path.resolve().parent if on_path else None

    def on_path(self) -> Path | None:
        """Return the program as the shell finds it, or None."""
        found = filter(None, map(shutil.which, (self.program, *self.aliases)))
        return next(map(Path, found), None)

    def folder(self) -> Path:
        """Return the folder of the programs, after installing them if need be; PackageMissingError if that fails."""
        provide(self)
        found = self.find()
        if found is None:
            raise PackageMissingError(self.advice())
        return found

    def advice(self) -> str:
        """Say in one sentence how to get it."""
        return (
            f"{self.title} is needed and not installed: install it (Debian and Ubuntu: apt-get install {self.name}) "
            f"or name {self.instead} in {self.variable}."
        )


# The programs on PATH come last: Debian's rabbitmq-server in /usr/sbin insists on being the rabbitmq user.
RABBITMQ = Package(
    title="RabbitMQ",
    name="rabbitmq-server",
    program="rabbitmq-server",
    folders=("usr/lib/rabbitmq/bin", "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"),
    variable="ORCHESTRATOR_TEST_AMQP_URL",
)
POSTGRES = Package(
    title="PostgreSQL",
    name="postgresql",
    program="initdb",
    folders=("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin"),
    variable="ORCHESTRATOR_TEST_POSTGRES_URL",
)

CHROMIUM = Package(
    title="Chromium",
    name="chromium",
    program="chromium",
    folders=(),
    variable="ORCHESTRATOR_TEST_CHROMIUM",
    instead="the program of a browser like it",
    aliases=("google-chrome-stable", "google-chrome", "chromium-browser"),
)


def provide(*packages: Package) -> None:
    """Install those of the packages that are missing; PackageMissingError if one cannot be had."""
    if all(package.find() for package in packages):
        return
    # Parallel test workers arrive here together; the first installs, the others wait and find it done.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [package for package in packages if not package.find()]
        if missing:
            _install(missing)


def _install(missing: list[Package]) -> None:
    advice = " ".join(package.advice() for package in missing)
    names = [package.name for package in missing]
    become_root = _become_root()
    if become_root is None or not shutil.which("apt-get"):
        raise PackageMissingError(advice)
    print(f"Installing {' and '.join(names)} with apt-get ...", file=sys.stderr, flush=True)
    done = subprocess.run(
        [*become_root, "sh", "-c", INSTALL_SCRIPT, "install", *names],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise PackageMissingError(f"{done.stdout[-2000:]}\n{advice}")


def _become_root() -> list[str] | None:
    """Return the words that make a command run as root, or None if that would need a password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _version(folder: Path) -> list[int]:
    return [int(digits) for digits in "".join(c if c.isdigit() else " " for c in str(folder)).split()]
