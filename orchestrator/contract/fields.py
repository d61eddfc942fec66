"""The kinds of values that bodies hold, each with its bounds: nothing unbounded gets past the door."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from orchestrator.domain.task import PendingAction

LARGEST_ID: Final = 2**31 - 1
"""What an SQL ``INTEGER`` holds in every database."""
LARGEST_NUMBER: Final = 2**53 - 1
"""Beyond it JSON parsers disagree (RFC 7493 §2.2). Floats have the same bound, else an integer would become one."""
MAX_IMAGES: Final = 20_000
MAX_OPTIONS: Final = 200
MAX_OPTION_TEXT: Final = 2**20
MAX_TAGS: Final = 100
MAX_TEXT: Final = 255
MAX_URI: Final = 4096
MAX_DESCRIPTION: Final = 10_000
MAX_TOKEN: Final = 1024
MAX_SIDE: Final = 1_000_000

NO_NUL: Final = r"^[^\x00]*$"
ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
FILE_NAME: Final = r"^[^\x00-\x1f\x7f/\\]*[^\x00-\x1f\x7f/\\.][^\x00-\x1f\x7f/\\]*$"
URI: Final = r"^(?:/|file:///|file://localhost/|https?://[^\x00-\x20\x7f/?#])[^\x00-\x1f\x7f]*$"

SENTENCES: Final = {
    NO_NUL: "text without the character U+0000, which databases cannot hold",
    ONE_LINE: "one line of text without control characters",
    FILE_NAME: "a plain file name, without slashes or control characters",
    URI: "an absolute path, or a file:///, http:// or https:// address",
}
"""What would be right, for each pattern; continues "must be …"."""

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Field(max_length=MAX_TEXT, pattern=ONE_LINE)]
GivenName = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=ONE_LINE)]
Reference = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=ONE_LINE)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION, pattern=NO_NUL)]
Priority = Annotated[int, Field(ge=0, le=9)]
Tags = Annotated[list[GivenName], Field(max_length=MAX_TAGS)]
Uri = Annotated[str, Field(max_length=MAX_URI, pattern=URI)]
FileName = Annotated[str, Field(max_length=MAX_TEXT, pattern=FILE_NAME)]
Token = Annotated[str, Field(max_length=MAX_TOKEN, pattern=ONE_LINE)]
Port = Annotated[int, Field(ge=1, le=65535)]
ResizeTo = Literal[-1] | Annotated[int, Field(ge=1, le=MAX_SIDE)]
"""Longest side in pixels; -1: images go as they are."""

_Integer = Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
_Float = Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
OptionText = Annotated[str, Field(max_length=MAX_OPTION_TEXT, pattern=NO_NUL)]
OptionValue = bool | _Integer | _Float | OptionText


class Wire(BaseModel):
    """A body as it stands on the wire: nothing is coerced, nothing is overlooked, and no error repeats a value."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    def strings(self) -> int:
        """Count the keys and texts that were understood, or fewer: what can't be counted quickly is looked through."""
        return 0


class Image(Wire):
    """A file to process, with the name under which the node shall know it."""

    uri: Uri
    name: FileName | None = None
    """Unique within the task, whatever the case; by default the last part of the URI."""


class OptionItem(Wire):
    """One command-line option for the processing engine, as WebODM writes it."""

    name: GivenName
    value: OptionValue


NESTED: Final = frozenset(Image.model_fields) | frozenset(OptionItem.model_fields)
"""Fields of the objects inside bodies."""

Images = Annotated[list[Uri | Image], Field(max_length=MAX_IMAGES)]
Options = (
    Annotated[list[OptionItem], Field(max_length=MAX_OPTIONS)]
    | Annotated[dict[GivenName, OptionValue], Field(max_length=MAX_OPTIONS)]
)


def _pending_action(value: object) -> PendingAction:
    # True == 1 in Python, and would cancel a task.
    if isinstance(value, int) and not isinstance(value, bool) and value in _ACTION_CODES:
        return PendingAction(value)
    if isinstance(value, str) and value.upper() in PendingAction.__members__:
        return PendingAction[value.upper()]
    raise ValueError("1 or CANCEL, 2 or REMOVE, 3 or RESTART")


_ACTION_CODES = frozenset(action.value for action in PendingAction)
_ANY_CASE = "|".join("^" + "".join(f"[{c}{c.lower()}]" for c in action.name) + "$" for action in PendingAction)

Action = Annotated[
    PendingAction,
    PlainValidator(_pending_action),
    WithJsonSchema(
        {
            "description": "1 CANCEL, 2 REMOVE, 3 RESTART; names in any case.",
            "anyOf": [{"enum": sorted(_ACTION_CODES)}, {"type": "string", "pattern": _ANY_CASE}],
        }
    ),
]
