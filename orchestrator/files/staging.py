"""Files made for sending (fetched, resized): written under a name of nobody's, then renamed, so that one is whole."""

import hashlib
import secrets
from pathlib import Path


def staged_name(*parts: object, suffix: str) -> str:
    """Give a name that says, by its hash, of what and how the file was made."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{digest}.{suffix}"


def unfinished(target: Path) -> Path:
    """Give a name beside the target that no one else has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
