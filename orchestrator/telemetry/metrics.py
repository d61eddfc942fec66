"""Metrics for Prometheus: what was settled, what is going on, and what waits."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from orchestrator.domain.task import Stage
from orchestrator.engine.changes import Changes


class Metrics:
    """Counts the turn's commits (``on_commit`` is a listener of it) and reads gauges when asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commits = Counter("orchestrator_commits", "Transactions of the turn", registry=self.registry)
        self._events = Counter("orchestrator_events", "Events written to the outbox", registry=self.registry)
        self._answers = Counter("orchestrator_answers", "Commands answered", ["command"], registry=self.registry)
        self._ended = Counter("orchestrator_tasks_ended", "Tasks that ended", ["status"], registry=self.registry)

    def on_commit(self, changes: Changes) -> None:
        """Count what was written."""
        self._commits.inc()
        if changes.outbox:
            self._events.inc(len(changes.outbox))
        for answer in changes.answers.values():
            self._answers.labels(answer.command).inc()
        for task in changes.updated.values():
            if task.stage is Stage.ENDED and task.status is not None:
                self._ended.labels(task.status.name).inc()

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Publish a figure that is read when it is asked for."""
        Gauge(f"orchestrator_{name}", help_text, registry=self.registry).set_function(read)
