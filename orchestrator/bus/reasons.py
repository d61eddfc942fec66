"""Why a message is dead, as headers on its copy."""

import json
from dataclasses import asdict
from typing import Any

from orchestrator.bus.port import DeadLetter
from orchestrator.contract import headers

LONGEST = 4000
"""Characters of a reason that are kept: headers must fit in one frame, with room for the sender's own."""
MOST_FIELDS = 50


def reasons(letter: DeadLetter) -> dict[str, Any]:
    """Give the headers of a dead letter: the sender's own, and ours."""
    problem, delivery = letter.problem, letter.delivery
    found = dict(delivery.headers)
    found |= {
        headers.ERROR_TYPE: problem.type,
        headers.ERROR: _clip(problem.detail),
        headers.ORIGINAL_EXCHANGE: _clip(delivery.exchange),
        headers.ORIGINAL_ROUTING_KEY: _clip(delivery.routing_key),
        headers.FAILED_AT: letter.at.isoformat(),
    }
    if problem.errors:
        fields = [{name: _clip(text) for name, text in asdict(error).items()} for error in problem.errors[:MOST_FIELDS]]
        found[headers.ERROR_FIELDS] = _fitting(fields)
    return found


def _fitting(fields: list[dict[str, str]]) -> str:
    while len(text := json.dumps(fields)) > LONGEST and len(fields) > 1:
        fields = fields[: len(fields) // 2]
    return text


def _clip(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:LONGEST]
