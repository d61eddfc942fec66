"""The tally: how often in a row, and since when, a job has met trouble, so that what is bounded ends."""

from collections import Counter
from dataclasses import dataclass, field

from orchestrator.engine.changes import Changes


@dataclass(slots=True)
class Tally:
    """Counts by job and kind, in memory: after a restart of the daemon each count begins anew."""

    _counts: dict[str, Counter[str]] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def add(self, job: str, trouble: str) -> int:
        """Count one more, and give how many there are now."""
        counts = self._counts.setdefault(job, Counter())
        counts[trouble] += 1
        return counts[trouble]

    def has(self, job: str, trouble: str) -> bool:
        """Whether the job has met that kind of trouble."""
        return job in self._counts and self._counts[job][trouble] > 0

    def lasts(self, job: str, now: float) -> float:
        """Give for how many seconds, on a clock that is read as ``now``, the job has been in trouble; 0 at first."""
        return now - self._since.setdefault(job, now)

    def interrupt(self, job: str) -> None:
        """Let the time begin anew with the next trouble: nobody could tell whether this one went on."""
        self._since.pop(job, None)

    def clear(self, job: str) -> None:
        """Begin anew: the job has made progress, or is done with."""
        self._counts.pop(job, None)
        self._since.pop(job, None)

    def on_commit(self, changes: Changes) -> None:
        """Forget jobs that were given up (a listener of the turn)."""
        for job in changes.jobs.values():
            if job.abandoned_at:
                self.clear(job.uuid)
