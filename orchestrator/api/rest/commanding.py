"""Settles commands from REST: the turn decides, and a rejection becomes a fault in WebODM's words."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from orchestrator.api.rest.faults import Fault, of_problem, wrong_pk
from orchestrator.contract.commands import decode_object
from orchestrator.contract.fields import LARGEST_ID
from orchestrator.domain.commands import COMMAND_NAMES, Command
from orchestrator.domain.problem import FieldError, Problem
from orchestrator.engine.ports import Desk, Order

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


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
    raise Rejected(Problem(error["type"], error["title"], error["status"], error["detail"], errors))


async def settle_named(
    desk: Desk,
    name: str,
    fields: dict[str, Any],
    *,
    related: Collection[str] = (),
    known: Mapping[str, Any] = NOTHING,
) -> dict[str, Any]:
    """Read a command of the bus's own contract, and settle it. Raises ``Fault``, ``StoreError``.

    ``related`` are fields that name other things: that there is none such makes the field wrong. ``known``: what no
    client can say of it.
    """
    for field in related:
        id_ = fields.get(field)
        if isinstance(id_, int) and not 0 < id_ <= LARGEST_ID:
            raise wrong_pk(field, id_)
    command = decode_object(name, fields)
    if isinstance(command, Problem):
        raise of_problem(command)
    try:
        return await settle(desk, replace(command, **known))
    except Rejected as rejected:
        absent = rejected.problem.errors[0].field if rejected.status == NOT_FOUND else ""
        raise wrong_pk(absent, fields[absent]) if absent in related else rejected from None


NOT_FOUND: Final = 404


class Rejected(Fault):
    """What the turn did not take, and why."""

    def __init__(self, problem: Problem) -> None:
        said = of_problem(problem)
        super().__init__(said.status, said.body)
        self.problem = problem


_SUBJECTS = {"task": "task", "action": "task", "project": "project", "node": "processing_node"}
"""Where the answer holds what the command was about, by the last word of the command's name."""
