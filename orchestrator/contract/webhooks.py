"""What address, secret and filter of a webhook must be. What is wrong is a ``ValueError`` that does not repeat it."""

import base64
import binascii
import secrets
from typing import Final
from urllib.parse import urlsplit

from orchestrator.contract.events import EVENT_TYPES

PREFIX: Final = "whsec_"
MAX_URL: Final = 2048
_LEAST, _MOST = 24, 64


def check_url(text: str) -> str:
    """Take an http or https address without user and password."""
    wrong = ValueError("Enter an address such as https://example.org/hooks/maps, without user, password or fragment.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= MAX_URL
    if not plain or parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise wrong
    if "@" in parts.netloc or "#" in text:
        raise wrong
    return text


def check_secret(text: str) -> str:
    """Take a secret as Standard Webhooks has them."""
    wrong = ValueError(f"Enter {PREFIX} and {_LEAST} to {_MOST} bytes in base64.")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    if not text.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise wrong
    return text


def new_secret() -> str:
    """Make a secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_type(text: str) -> str:
    """Take the type of an event."""
    if text not in EVENT_TYPES:
        raise ValueError(f"Enter types of events: {', '.join(EVENT_TYPES)}.")
    return text
