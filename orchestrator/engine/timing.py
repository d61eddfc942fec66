"""How often, how long and how many: the engine's figures, in seconds where they are times."""

from dataclasses import dataclass
from datetime import timedelta

from orchestrator.domain.node import NodeInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Defaults are those of the settings reference."""

    probe_interval: float = 10.0
    poll_interval: float = 5.0
    first_poll: float = 1.0
    offline_after: float = 30.0
    node_lost_after: float = 600.0
    progress_interval: float = 2.0
    draft_ttl: float = 86_400.0
    remove_collected_after: float = 0.0
    """How long a job stays on its node after its results were collected; 0: the node decides."""
    answers_kept: float = 7 * 86_400.0
    events_kept: float = 86_400.0
    most_events: int = 500_000
    """Events that are kept, young ones too."""
    most_behind: int = 1_000_000
    """Events that are kept for a webhook beyond that."""
    lease_ttl: float = 10.0
    idle_flush: float = 0.05
    commit_lookup: float = 20.0
    """How long a lost answer to commit is looked for: a cluster shows a job only after up to 20 s."""
    commit_moving: float = 1200.0
    """The same where files are moved before the job shows: NodeMICMAC gives itself that long."""
    parallel_uploads: int = 4
    parallel_downloads: int = 2
    upload_connections: int = 4
    stop_grace: float = 20.0
    """How long a stop waits for files in flight."""

    def shown_within(self, about: NodeInfo | None) -> float:
        """Seconds after which a committed job that a node does not show was never taken."""
        moves = about is not None and about.is_micmac and not about.is_cluster
        return self.commit_moving if moves else self.commit_lookup

    @property
    def offline_after_delta(self) -> timedelta:
        """``offline_after`` as a duration."""
        return timedelta(seconds=self.offline_after)
