"""Every answer that says no, in WebODM's shapes: what its clients parse (docs/reference/rest.md lists them)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.domain.errors import FileError, FileRefused, FileTooLarge, SourceFailed, StoreError
from orchestrator.domain.problem import Problem

Body = Mapping[str, object] | Sequence[str]

NON_FIELD: Final = "non_field_errors"

_TOP = re.compile(r"[^.\[]*")
"""The field of the body in which a wrong part lies: WebODM tells of whole fields."""


class Fault(Exception):
    """A request that is answered with no: the HTTP status, the JSON body, and headers if it needs any."""

    def __init__(self, status: int, body: Body, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers: dict[str, str] = dict(headers or {})


def detail(status: int, sentence: str) -> Fault:
    """Say it in one sentence."""
    return Fault(status, {"detail": sentence})


def not_found() -> Fault:
    """What is asked for does not exist, or not for this caller, or its id is no number."""
    return detail(404, "Not found.")


def forbidden() -> Fault:
    """The caller is known, and may not."""
    return detail(403, "You do not have permission to perform this action.")


def broken_rule(*sentences: str) -> Fault:
    """The request as a whole is wrong."""
    return Fault(400, list(sentences))


def wrong_fields(errors: Mapping[str, Sequence[str]]) -> Fault:
    """Fields are wrong: sentences by the field's name."""
    return Fault(400, {name: list(sentences) for name, sentences in errors.items()})


def wrong_field(name: str, sentence: str) -> Fault:
    """One field is wrong."""
    return wrong_fields({name: [sentence]})


def wrong_pk(name: str, id_: object) -> Fault:
    """A field names something that there is not."""
    return wrong_field(name, f'Invalid pk "{id_}" - object does not exist.')


def of_error(error: Exception) -> Fault:
    """Say what went wrong in a room, or on the way to one."""
    match error:
        case ConnectionError():
            return detail(400, "The connection broke.")  # Nobody is left to read it.
        case TimeoutError():
            return detail(503, "There was no answer in time; try again.")
        case StoreError():
            return detail(503, f"The store is not usable just now: {error}")
        case FileRefused() | SourceFailed():
            return broken_rule(str(error))
        case FileTooLarge():
            return detail(413, str(error))
        case FileError():
            return detail(507, str(error))
    return detail(500, str(error))


def of_problem(problem: Problem) -> Fault:
    """Say what a command was rejected for: a wrong field by its name, all else in a sentence."""
    if problem.status == 404:  # noqa: PLR2004  (HTTP's own number)
        return not_found()
    if problem.type == "validation" and problem.errors:
        errors: dict[str, list[str]] = {}
        for error in problem.errors:
            errors.setdefault(_TOP.match(error.field)[0], []).append(error.message)  # type: ignore[index]
        return wrong_fields(errors)
    return detail(400 if problem.type == "validation" else problem.status, problem.detail)
