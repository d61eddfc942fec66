"""One server process: its output in a file, its start awaited, its end certain."""

import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30
# Below the kernel's range for outgoing connections: a port stays ours while its server is stopped for a moment.
PORTS = range(20_000, 32_000)

# Waits for the end of its input, which comes when we end, however we end (parallel test workers just vanish); then it
# ends our server and removes its folder. A server that was ended in order takes its heir along.
HEIR = """
read -r _
kill -TERM "$1"
tries=0
while kill -0 "$1" && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
kill -KILL "$1"
rm -rf "$2"
"""


class ServerError(RuntimeError):
    """A private server did not start; the message ends with the tail of its log."""


def free_ports(count: int) -> list[int]:
    """Return that many different ports of 127.0.0.1 on which nobody listens."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise ServerError(f"{count} free ports were not found between {PORTS.start} and {PORTS.stop}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether somebody accepts connections on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(**more: str) -> dict[str, str]:
    """Return a small environment: nothing of the user's servers, locale or client settings gets in."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **more}


class ServerProcess:
    """A child process in a session of its own, so that a terminal's Ctrl-C reaches us and not the server."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        env: Mapping[str, str],
        account: pwd.struct_passwd | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        self._heir = subprocess.Popen(
            ["sh", "-c", HEIR, "heir", str(self.pid), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return once the server is ready; ServerError if it ends or is not ready in time."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if not self.running:
                raise ServerError(f"{self.name} ended with code {self._child.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} was not ready within {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def join(self, seconds: float) -> int:
        """Wait for the process to end by itself and return its code; TimeoutExpired if it does not."""
        return self._child.wait(seconds)

    def log_tail(self) -> str:
        """Return the last words of the server."""
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self, request: signal.Signals = signal.SIGTERM) -> None:
        """Ask the server to end, and kill what is left of it after STOP_SECONDS."""
        if self.running:
            os.kill(self.pid, request)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the server and all its children at once and without warning; return when their ports are free."""
        family = _family(self.pid) if self.running else []
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._child.wait()
        while any(_is_alive(pid) for pid in family):
            time.sleep(0.01)
        self._heir.kill()
        self._heir.wait()
        if self._heir.stdin:
            self._heir.stdin.close()


def _family(pid: int) -> list[int]:
    """Return the process and all its descendants; they may be in sessions of their own, as PostgreSQL's are."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(place.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return family


def _is_alive(pid: int) -> bool:
    """Whether the process still holds ports and files: a dead one does, until the last of its threads has ended."""
    place = Path(f"/proc/{pid}")
    try:
        dead = (place / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        return not dead or len(list((place / "task").iterdir())) > 1
    except OSError:
        return False
