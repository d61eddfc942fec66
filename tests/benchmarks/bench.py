"""What every measurement is given."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the servers are, where files may be written, and how much is wanted."""

    amqp_url: str
    postgres_url: str
    folder: Path
    count: int
    repeats: int
    seconds: float
    """Of a steady load, and of idling."""
    upload_mb: int

    async def in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do blocking work, such as the services' own functions, which bring a loop of their own."""
        return await asyncio.to_thread(work, *arguments)
