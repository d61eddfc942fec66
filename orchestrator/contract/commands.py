"""Turns a message into a command, or into a problem that says what would be right. It never raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from orchestrator.contract.complaints import complain, excerpt, unknown_command, unreadable
from orchestrator.contract.fields import Wire
from orchestrator.contract.node_commands import (
    AddProcessingNodeBody,
    RemoveProcessingNodeBody,
    UpdateProcessingNodeBody,
)
from orchestrator.contract.project_commands import CreateProjectBody, DeleteProjectBody, UpdateProjectBody
from orchestrator.contract.repeats import may_repeat, repeated_key
from orchestrator.contract.task_commands import CommitTaskBody, CreateTaskBody, SetPendingActionBody, UpdateTaskBody
from orchestrator.domain.commands import Command
from orchestrator.domain.problem import Problem

BODIES: Mapping[str, type[Wire]] = {
    "create-task": CreateTaskBody,
    "commit-task": CommitTaskBody,
    "update-task": UpdateTaskBody,
    "set-pending-action": SetPendingActionBody,
    "create-project": CreateProjectBody,
    "update-project": UpdateProjectBody,
    "delete-project": DeleteProjectBody,
    "add-processing-node": AddProcessingNodeBody,
    "update-processing-node": UpdateProcessingNodeBody,
    "remove-processing-node": RemoveProcessingNodeBody,
}
"""The model of each command's body."""


class _Body(Protocol):
    def strings(self) -> int: ...

    def command(self) -> Command | Problem: ...


class _Validator(Protocol):
    def validate_json(self, data: bytes, /) -> _Body: ...

    def validate_python(self, data: object, /) -> _Body: ...


@dataclass(frozen=True, slots=True)
class _Form:
    validator: _Validator
    fields: tuple[str, ...]


_FORMS = {name: _Form(TypeAdapter(body).validator, tuple(body.model_fields)) for name, body in BODIES.items()}


def decode(name: str, body: bytes) -> Command | Problem:
    """Read the body of the command ``name``, as it came from the bus."""
    form = _FORMS.get(name)
    if form is None:
        return unknown_command(name)
    try:
        read = form.validator.validate_json(body)
    except ValidationError as error:
        return _not_json(body, error) or complain(name, error, known=form.fields)
    if may_repeat(body, strings=read.strings()) and (key := repeated_key(body)) is not None:
        return unreadable(f"The body holds the key {excerpt(key)} twice in one object")
    return read.command()


def decode_object(name: str, body: Mapping[str, object]) -> Command | Problem:
    """Read the body of the command ``name`` that a door has already taken out of its JSON."""
    form = _FORMS.get(name)
    if form is None:
        return unknown_command(name)
    try:
        return form.validator.validate_python(body).command()
    except ValidationError as error:
        return complain(name, error, known=form.fields)


def _not_json(body: bytes, error: ValidationError) -> Problem | None:
    """Say why the body is no JSON, if that is what is wrong with it."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "json_invalid":
        return None
    if not body.strip():
        return unreadable("The body is empty; it must be a JSON object")
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:
        return unreadable(f"The body is not UTF-8 text (byte {undecodable.start})")
    return unreadable(f"The body is not JSON: {first['ctx']['error']}")
