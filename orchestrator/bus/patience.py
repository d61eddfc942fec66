"""How long this room waits before it tries again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.domain.backoff import backoff


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds before the first repeat, and at most; ``chance`` gives numbers in 0..1 that spread them."""

    first: float = 0.1
    ceiling: float = 10.0
    chance: Callable[[], float] = random.random

    def delay(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row (1 or more)."""
        return backoff(failures, spread=self.chance(), first=self.first, ceiling=self.ceiling).total_seconds()
