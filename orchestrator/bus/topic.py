"""Routing keys and patterns, as an AMQP topic exchange matches them."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def matches(pattern: str, key: str) -> bool:
    """Say whether the key fits: ``*`` is one word, ``#`` any number of them."""
    return _fits(tuple(pattern.split(".")), tuple(key.split(".")) if key else ())


def _fits(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_fits(pattern[1:], words[start:]) for start in range(len(words) + 1))
    if not words or pattern[0] not in {"*", words[0]}:
        return False
    return _fits(pattern[1:], words[1:])
