"""What clients ask of tasks, and what they may change."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from orchestrator.api.rest.faults import broken_rule
from orchestrator.api.rest.fields import NUMBER, Key, Moment, Options, SearchText, Side, Tags, Whole
from orchestrator.api.rest.listing import Filters, ListFilters
from orchestrator.api.rest.route import Form
from orchestrator.contract.fields import MAX_TEXT
from orchestrator.domain.task import Stage, Status

MAX_PAGE: Final = 100
MAX_LIST: Final = 1_000_000
MAX_LINES: Final = 50_000
"""Lines of output in one answer; the next ones are asked for with ``line``."""

_STATUSES: Final = {str(status.value): status.value for status in Status}
StatusText = Annotated[str, WithJsonSchema({"enum": sorted(_STATUSES.values())})]


class TaskFilters(ListFilters):
    """Which tasks of a project, and in which order."""

    status: StatusText | None = None
    stage: Stage | None = None
    available_assets: SearchText | None = None
    """Assets that must be there, divided by commas."""
    id: Whole | None = None
    name: SearchText | None = None
    created_at: Moment | None = None
    search: SearchText | None = None
    """Part of the name or the reference; or the id."""
    limit: Annotated[int, Field(ge=1, le=MAX_LIST), NUMBER] | None = None
    """How many at most, where no page is asked for."""


class EveryTaskFilters(ListFilters):
    """Which tasks of all projects, and in which order."""

    project: Whole | None = None
    status: StatusText | None = None
    stage: Stage | None = None
    search: SearchText | None = None
    """Part of the name or the reference; or the id."""
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE), NUMBER] = 10


class TaskChange(Form):
    """Changes to a task; what is left out stays as it is, and what a client cannot change is ignored."""

    name: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    options: Options | None = None
    """All options of the next attempt: a list, or values by name, or JSON text of either."""
    processing_node: Key = None
    """The node to use; null: one is chosen."""
    auto_processing_node: bool | None = None
    priority: Annotated[int, Field(ge=0, le=9), NUMBER] | None = None
    tags: Tags | None = None
    project: Whole | None = None
    resize_to: Side | None = None
    """Longest side in pixels to which images are resized before they are next sent; -1: not at all."""
    uuid: Any = None
    """Empty text: start from scratch next time. All else is ignored."""

    def changes(self) -> dict[str, Any]:
        """Give the fields of the command that stands for this."""
        found = {name: value for name, value in self.model_dump(exclude={"uuid"}).items() if value is not None}
        if "processing_node" in self.model_fields_set:
            found["processing_node"] = self.processing_node
        if isinstance(self.uuid, str) and not self.uuid:
            found["uuid"] = ""
        return found


class OutputFilters(Filters):
    """Which lines of output, and in which form."""

    f: Literal["text", "json", "raw"] = "text"
    """text: JSON of one text; json: lines and how many there are in all; raw: the text itself."""
    line: Whole = 0
    """The first line; a negative one is 0."""
    limit: Whole | None = None
    """How many lines at most; if it is negative, the last ones; 0: all."""

    @property
    def bounds(self) -> tuple[int, int]:
        """Give the first line, and how many."""
        limit = max(-MAX_LINES, min(self.limit or MAX_LINES, MAX_LINES))
        return max(0, min(self.line, 2**31)), limit


class OutputView(BaseModel):
    """Lines of console output."""

    lines: list[str]
    count: int
    """Lines that there are in all."""


class DoneView(BaseModel):
    """It was accepted."""

    success: Literal[True]


def status_of(text: str | None) -> int | None:
    """Read a status code. Raises ``Fault``."""
    if text is not None and text not in _STATUSES:
        raise broken_rule("Invalid status parameter")
    return None if text is None else _STATUSES[text]


def assets_of(text: str | None) -> tuple[str, ...]:
    """Read names of assets, each once."""
    names = dict.fromkeys(name.strip() for name in (text or "").split(","))
    return tuple(name for name in names if name)
