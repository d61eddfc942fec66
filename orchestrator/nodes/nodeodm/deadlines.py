"""How long a node may take for what. An error that a deadline causes repeats its name and value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. Those ending in ``_idle`` count from the last byte that moved, the others from the start of the call."""

    connect: float = 5.0
    """A connection, TLS included."""
    info: float = 10.0
    """``GET /info``: what health is judged by."""
    answer: float = 30.0
    """Any other short call."""
    commit: float = 120.0
    """Committing a job: NodeMICMAC moves every file before it answers."""
    upload_idle: float = 60.0
    """A file on its way out, its answer included."""
    download_idle: float = 60.0
    """An archive on its way in, the first byte included."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One of them, by name."""

    name: str
    seconds: float

    def __str__(self) -> str:
        """As errors repeat it: ``the deadline answer of 30 s``."""
        return f"the deadline {self.name} of {self.seconds:g} s"
