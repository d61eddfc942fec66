"""Settles commands from REST: the turn decides, and a rejection becomes a fault in WebODM's words."""

import json
from typing import Any

from orchestrator.api.rest.faults import of_problem
from orchestrator.contract.commands import decode_object
from orchestrator.domain.commands import COMMAND_NAMES, Command
from orchestrator.domain.problem import FieldError, Problem
from orchestrator.engine.ports import Desk, Order


async def settle(desk: Desk, command: Command, *, own: bool = False) -> dict[str, Any]:
    """Settle a command, and give what it was about as it now stands. Raises ``Fault``, ``StoreError``.

    ``own``: its images came in over HTTP.
    """
    (settled,) = await desk.settle([Order(command, own=own)])
    answer = json.loads(settled.answer)
    if settled.accepted:
        subject: dict[str, Any] = answer[_SUBJECTS[COMMAND_NAMES[type(command)].rpartition("-")[2]]]
        return subject
    error = answer["error"]
    errors = tuple(FieldError(each["field"], each["message"]) for each in error["errors"])
    raise of_problem(Problem(error["type"], error["title"], error["status"], error["detail"], errors))


async def settle_named(desk: Desk, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Read a command of the bus's own contract, and settle it. Raises ``Fault``, ``StoreError``."""
    command = decode_object(name, fields)
    if isinstance(command, Problem):
        raise of_problem(command)
    return await settle(desk, command)


_SUBJECTS = {"task": "task", "action": "task", "project": "project", "node": "processing_node"}
"""Where the answer holds what the command was about, by the last word of the command's name."""
