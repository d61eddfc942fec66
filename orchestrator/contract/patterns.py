"""Patterns of routing keys, as an AMQP topic exchange understands them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERN = 255
"""Characters; a routing key cannot be longer either (AMQP 0-9-1 short string)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A pattern taken apart: ``*`` stands for one word, ``#`` for any number of them."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> "Topic":
        """Take a pattern such as ``task.#``. Raises ``ValueError``."""
        if not pattern or len(pattern.encode()) > MAX_PATTERN:
            raise ValueError(f"The pattern must be 1 to {MAX_PATTERN} bytes long, such as task.#")
        return cls(tuple(pattern.split(".")))

    def matches(self, key: str) -> bool:
        """Say whether a routing key fits. Takes time in proportion to both lengths, whatever the pattern."""
        places = self._past_hashes({0})
        for word in key.split(".") if key else ():
            stay = {place for place in places if self._at(place) == "#"}
            places = self._past_hashes(stay | {place + 1 for place in places if self._at(place) in {"*", word}})
        return len(self.words) in places

    def _at(self, place: int) -> str | None:
        return self.words[place] if place < len(self.words) else None

    def _past_hashes(self, places: Iterable[int]) -> set[int]:
        reached = set(places)
        for place in sorted(reached):
            following = place
            while self._at(following) == "#":
                following += 1
                reached.add(following)
        return reached


@lru_cache(maxsize=4096)
def matches(pattern: str, key: str) -> bool:
    """Say whether a routing key fits a pattern. Raises ``ValueError`` for a wrong pattern."""
    return Topic.of(pattern).matches(key)
