"""How long to wait before the next try: doubling, bounded, and spread so that many do not come at once."""

from datetime import timedelta

FIRST = 1.0
"""Seconds before the second try."""

CEILING = 60.0
"""Seconds that no wait exceeds."""


def backoff(failures: int, *, spread: float, first: float = FIRST, ceiling: float = CEILING) -> timedelta:
    """Give the wait after that many failures in a row (1 or more); ``spread`` is a random number in 0..1.

    The wait lies between half and the whole of ``first * 2**(failures - 1)``, at most ``ceiling`` seconds.
    """
    whole = min(ceiling, first * 2.0 ** min(max(failures, 1) - 1, 30))
    return timedelta(seconds=whole * (0.5 + 0.5 * spread))
