"""Makes tokens and their digests."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "orc_"
"""So that people, and programs that look for leaked secrets, see what it is."""

BYTES: Final = 32


def new_token() -> str:
    """Give 256 random bits that fit into a header, a form and a URL as they are."""
    return PREFIX + secrets.token_urlsafe(BYTES)


def new_key() -> bytes:
    """Give a key for HMAC with SHA-256."""
    return secrets.token_bytes(BYTES)


def digest_of(token: str) -> bytes:
    """Give what is kept of a token. It is random, so that one round of SHA-256 cannot be turned back by guessing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
