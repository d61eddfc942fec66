"""Secrets that lie in files of their own, as systemd credentials and Docker secrets do: ``<key>_file = PATH``."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

SUFFIX: Final = "_file"
MAX_BYTES: Final = 65_536


def with_secrets_read(given: Mapping[str, Any], *, secrets: Collection[str]) -> dict[str, Any]:
    """Put the contents of the file in place of each ``<key>_file``. Raises ``ValueError`` with what is wrong."""
    read = dict(given)
    for key in secrets:
        path = read.pop(key + SUFFIX, None)
        if path is None:
            continue
        if key in read:
            raise ValueError(f"{key} and {key}{SUFFIX} must not both be given")
        read[key] = _read(path, name=key + SUFFIX)
    return read


def without_files(given: Mapping[str, Any], *, secrets: Collection[str]) -> dict[str, Any]:
    """Leave out what was to be read from files."""
    return {key: value for key, value in given.items() if key.removesuffix(SUFFIX) not in secrets or key in secrets}


def _read(path: object, *, name: str) -> str:
    if not isinstance(path, str | Path) or not str(path):
        raise ValueError(f"{name} must be the path of a file")
    # ${CREDENTIALS_DIRECTORY} is how a unit's credentials are found: systemd.exec(5).
    place = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111  (as expandvars, which pathlib lacks)
    if "$" in place:
        raise ValueError(f"{name} names an environment variable that is not set: {place}")
    try:
        with Path(place).open(encoding="utf-8") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{name}: {place} cannot be read: {os.strerror(error.errno or 0).lower()}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: {place} is not UTF-8 text") from None
    if len(text) > MAX_BYTES or not text.strip():
        raise ValueError(f"{name}: {place} is empty, or too large for a secret")
    return text.strip()
