"""What a client says about a job when it creates it, read from the form fields as a real node reads them."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from orchestrator.nodes.simulated.filtering import OptionValues, kept_options, parse_json

__all__ = ["Submission", "now_ms", "read_submission"]

_LEADING_DIGITS = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True)
class Submission:
    """The words of one job. No name at all is not the same as an empty one: the key is missing from its info."""

    name: str | None
    options: OptionValues
    skip_post_processing: bool
    outputs: list[object]
    webhook: str | None
    date_created: int

    def to_json(self) -> str:
        """For the upload's `body.json`, where it waits for the commit."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Submission":
        """The submission `to_json` wrote."""
        return cls(**json.loads(text))


def read_submission(fields: Mapping[str, str]) -> Submission:
    """The submission in these form fields.

    Raises:
        BadOptions: options or outputs cannot be read, or an option's value is bad.
    """
    outputs = parse_json(fields["outputs"]) if fields.get("outputs") else []
    return Submission(
        name=_name(fields.get("name")),
        options=kept_options(fields.get("options") or None),
        # Only this very text counts on a real node: `True` and `1` do not.
        skip_post_processing=fields.get("skipPostProcessing") == "true",
        outputs=outputs if isinstance(outputs, list) else [],
        webhook=fields.get("webhook") or None,
        date_created=_date_created(fields.get("dateCreated")),
    )


def now_ms() -> int:
    """Wall-clock time as the wire has it: milliseconds since 1970."""
    return int(time.time() * 1000)


def _name(given: str | None) -> str | None:
    if given == "":
        return f"Task of {datetime.now(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
    return given


def _date_created(given: str | None) -> int:
    # As far as there are digits: a date like 2026-01-01 becomes 2026, a trap worth keeping.
    found = _LEADING_DIGITS.match(given or "")
    return int(found[1]) if found else now_ms()
