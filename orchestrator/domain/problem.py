"""Why a command is rejected: a value in the shape of RFC 9457 problem details, never an exception."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its path in the command's body, and what would be right."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A rejection: ``type`` for programs, ``title`` and ``detail`` for people, ``status`` as in HTTP."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


def invalid(detail: str, *errors: FieldError) -> Problem:
    """Something in the command is wrong; ``errors`` says which fields."""
    return Problem("validation", "The command is not valid", 422, detail, errors)


def invalid_field(field: str, message: str) -> Problem:
    """One field of the command is wrong."""
    return invalid(f"{field}: {message}", FieldError(field, message))


def not_found(field: str, detail: str) -> Problem:
    """The command names something that does not exist."""
    return Problem("not-found", "No such thing", 404, detail, (FieldError(field, detail),))


def conflict(detail: str) -> Problem:
    """The command does not fit the state of what it is for."""
    return Problem("conflict", "Not possible in this state", 409, detail)


def too_large(detail: str) -> Problem:
    """The message is larger than is taken in."""
    return Problem("too-large", "The message is too large", 413, detail)


def internal(detail: str) -> Problem:
    """The daemon itself failed on the command."""
    return Problem("internal", "The command could not be settled", 500, detail)
