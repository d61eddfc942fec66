"""What the daemons said that they must not say, whatever was broken around them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.daemon import Daemon

GRAVE = {"error", "critical"}
CANNOT_START = "The PostgreSQL database chaos "
"""How a daemon begins the sentence with which it ends when it is started without its database."""
LONGEST = 400


def complaints(daemons: Sequence[Daemon]) -> list[str]:
    """Give each kind of error that was logged, and of line that is no log line, with how often it came."""
    found: Counter[str] = Counter()
    for daemon in daemons:
        found.update(f"{daemon.folder.name} {what}" for what in _of(daemon))
    return [f"{what} ({count} times)" for what, count in found.items()]


def _of(daemon: Daemon) -> Iterator[str]:
    for line in daemon.log.read_text().splitlines():
        if not line.startswith("{"):
            if line and not line.startswith(CANNOT_START):
                yield f"printed {line[:LONGEST]}"
            continue
        said = json.loads(line)
        if said.get("level") in GRAVE:
            yield f"logged {said['event']}: {said.get('exception', said)!s}"[:LONGEST]
