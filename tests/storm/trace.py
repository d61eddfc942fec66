"""All that happened in one storm, in order: a replay must give the same hash, and a person reads the end."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable

KEPT = 400
"""Lines that are kept for people."""


class Trace:
    """Lines with virtual times. ``echo`` gets each as it comes."""

    def __init__(self, time: Callable[[], float], *, echo: Callable[[str], None] | None = None) -> None:
        self.faults: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=KEPT)
        self._time = time
        self._echo = echo
        self._hash = hashlib.sha256()

    def note(self, *words: object) -> None:
        """Add a line."""
        line = f"{self._time():.6f} " + " ".join(map(str, words))
        self._hash.update(line.encode() + b"\n")
        self.lines.append(line)
        if self._echo:
            self._echo(line)

    def fault(self, kind: str, *about: object) -> None:
        """Add a line about a fault, and count it."""
        self.faults[kind] += 1
        self.note("FAULT", kind, *about)

    @property
    def digest(self) -> str:
        """The hash of every line so far."""
        return self._hash.hexdigest()
