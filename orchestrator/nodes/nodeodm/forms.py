"""Request bodies as these servers take them.

``/task/new/init`` and uploads must be multipart: NodeODM takes an urlencoded ``init`` and silently loses every field.
Cancel, remove and restart must be urlencoded: ClusterODM understands nothing else there.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import urlencode

from orchestrator.domain.errors import NodeRefused
from orchestrator.domain.task import Option

FIELD_LIMIT = 1_000_000
"""Bytes of a multipart text field: NodeODM refuses more than 1 MiB, ClusterODM cuts it off without a word."""
BODY_LIMIT = 100 * 1024
"""Bytes of an urlencoded body, as Express counts 100 kB."""
FORBIDDEN_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class Form:
    """A body and the headers that describe it."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes before and after a file in a multipart body."""

    head: bytes
    tail: bytes
    content_type: str


def options_json(options: Sequence[Option]) -> str:
    """Write options as the servers want them; booleans stay booleans, for they refuse the number 1."""
    try:
        return json.dumps([{"name": option.name, "value": option.value} for option in options], allow_nan=False)
    except ValueError:
        raise NodeRefused("An option's value is no finite number, so the node was not asked.") from None


def opening(name: str, options: Sequence[Option]) -> Form:
    """Write the form that opens a job. Without a name the job's info would lack the field."""
    text = options_json(options)
    if len(text) > FIELD_LIMIT:
        raise NodeRefused(f"The options come to {len(text):,} bytes; nodes take {FIELD_LIMIT:,}.")
    boundary = token_hex(16)
    fields = (("name", name if name.strip() else "task"), ("options", text))
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode("utf-8", "replace")
    return Form(body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def about(uuid: str, *, options: Sequence[Option] | None = None) -> Form:
    """Write the form that tells a server to do something with a job."""
    fields = {"uuid": uuid} if options is None else {"uuid": uuid, "options": options_json(options)}
    body = urlencode(fields).encode("ascii")
    if len(body) > BODY_LIMIT:
        raise NodeRefused(
            f"The options come to {len(body):,} bytes; nodes take {BODY_LIMIT:,} when they restart a job. "
            "Submit the task anew instead."
        )
    return Form(body, {"Content-Type": "application/x-www-form-urlencoded"})


def envelope(name: str) -> Envelope:
    """Write what surrounds an image; the field must be called ``images``."""
    boundary = token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="images"; filename="{file_name(name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Envelope(
        head.encode("utf-8", "replace"),
        f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


def file_name(name: str) -> str:
    """Write a file name as a quoted string: raw UTF-8, for percent signs would be stored as they stand.

    A quote is escaped with a backslash, which the servers' parser (busboy) takes off again. Folders would be cut off
    by it, so their separators become underscores, as do control characters.
    """
    return FORBIDDEN_IN_NAMES.sub("_", name).replace('"', '\\"') or "_"
