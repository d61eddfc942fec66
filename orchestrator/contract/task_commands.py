"""Bodies of the commands about tasks, and what each means."""

from typing import Literal, TypeVar

from pydantic import Field

from orchestrator.contract.complaints import refuse
from orchestrator.contract.fields import (
    Action,
    Id,
    Images,
    Name,
    Options,
    Priority,
    Reference,
    ResizeTo,
    Tags,
    Uri,
    Wire,
)
from orchestrator.domain.commands import UNSET, CommitTask, CreateTask, SetPendingAction, TaskKey, Unset, UpdateTask
from orchestrator.domain.problem import FieldError, Problem
from orchestrator.domain.task import DEFAULT_PRIORITY, Option, Source

T = TypeVar("T")

_EITHER_KEY = {"anyOf": [{"required": ["task"]}, {"required": ["reference"]}]}


class CreateTaskBody(Wire):
    """Create a task."""

    images: Images = Field(default_factory=list)
    """Files, folders and patterns (absolute paths or file://), or http(s) addresses; may be empty with partial only."""
    project: Id | None = None
    """By default the default project."""
    name: Name = ""
    options: Options = Field(default_factory=list)
    """Command-line options for the processing engine: WebODM's list, or simply an object of names and values."""
    processing_node: Id | None = None
    auto_processing_node: bool | None = None
    """Whether the task is placed automatically; by default it is, unless a processing_node is given."""
    priority: Priority = DEFAULT_PRIORITY
    """9 goes first."""
    reference: Reference | None = None
    """The producer's own unique key, usable in place of the id in every command."""
    ground_control_points: Uri | None = None
    """A GCP file, sent along with the images."""
    resize_to: ResizeTo = -1
    """Longest side in pixels to which images are resized before upload; -1: not at all."""
    tags: Tags = Field(default_factory=list)
    partial: bool = False
    """Further images, and then commit-task, are to follow."""

    def strings(self) -> int:
        """Count the keys and texts that were understood; too few at worst (images with names are left out)."""
        given = self.model_fields_set
        texts = ("name" in given) + (self.reference is not None) + (self.ground_control_points is not None)
        return len(given) + texts + len(self.images) + len(self.tags) + _option_strings(self.options)

    def command(self) -> CreateTask | Problem:
        """Give what is meant, or what is missing."""
        options = _options(self.options)
        wrong = _repeated_options(options)
        if not self.images and not self.partial:
            wrong.append(FieldError("images", "must hold at least one image, unless the task is partial"))
        if wrong:
            return refuse(wrong)
        return CreateTask(
            sources=_sources(self.images),
            project=self.project,
            name=self.name,
            options=options,
            processing_node=self.processing_node,
            auto_processing_node=self.auto_processing_node,
            priority=self.priority,
            reference=self.reference,
            ground_control_points=self.ground_control_points,
            resize_to=self.resize_to,
            tags=tuple(self.tags),
            partial=self.partial,
        )


class ForTask(Wire):
    """A body that names a task, by its id or by its producer's reference."""

    task: Id | Reference | None = None
    """The task's id (a number) or its reference (text)."""
    reference: Reference | None = None
    """The task's reference, in place of task."""

    def key(self) -> TaskKey | Problem:
        """Give the one task that is named."""
        if (self.task is None) == (self.reference is None):
            return refuse([FieldError("task", "must be given, as the task's id or its reference, and only once")])
        if isinstance(self.task, int):
            return TaskKey(id=self.task)
        return TaskKey(reference=self.reference or self.task)


class CommitTaskBody(ForTask, json_schema_extra=_EITHER_KEY):
    """A draft's images are complete."""

    images: Images = Field(default_factory=list)
    """The last of them."""

    def strings(self) -> int:
        """Count the keys and texts that were understood; too few at worst (images with names are left out)."""
        return len(self.model_fields_set) + isinstance(self.task, str) + (self.reference is not None) + len(self.images)

    def command(self) -> CommitTask | Problem:
        """Give what is meant, or what is missing."""
        key = self.key()
        return key if isinstance(key, Problem) else CommitTask(task=key, sources=_sources(self.images))


class UpdateTaskBody(ForTask, json_schema_extra=_EITHER_KEY):
    """Change a task; fields that are left out stay as they are."""

    name: Name = ""
    options: Options = Field(default_factory=list)
    """All options of the next attempt: they replace the present ones."""
    processing_node: Id | None = None
    auto_processing_node: bool = True
    priority: Priority = DEFAULT_PRIORITY
    tags: Tags = Field(default_factory=list)
    project: Id = 1
    resize_to: ResizeTo = -1
    """Longest side in pixels to which images are resized before they are next sent; -1: not at all."""
    uuid: Literal[""] | None = None
    """Empty: the job that the node may still have is given up, so that the next run starts from scratch."""

    def command(self) -> UpdateTask | Problem:
        """Give what is meant, or what is missing."""
        key = self.key()
        if isinstance(key, Problem):
            return key
        options = _options(self.options)
        if wrong := _repeated_options(options):
            return refuse(wrong)
        return UpdateTask(
            task=key,
            name=self._given("name", self.name),
            options=self._given("options", options),
            processing_node=self._given("processing_node", self.processing_node),
            auto_processing_node=self._given("auto_processing_node", self.auto_processing_node),
            priority=self._given("priority", self.priority),
            tags=self._given("tags", tuple(self.tags)),
            project=self._given("project", self.project),
            resize_to=self._given("resize_to", self.resize_to),
            from_scratch=self.uuid is not None,
        )

    def _given(self, field: str, value: T) -> T | Unset:
        return value if field in self.model_fields_set else UNSET


class SetPendingActionBody(ForTask, json_schema_extra=_EITHER_KEY):
    """Have a task canceled, removed or restarted."""

    pending_action: Action

    def command(self) -> SetPendingAction | Problem:
        """Give what is meant, or what is missing."""
        key = self.key()
        return key if isinstance(key, Problem) else SetPendingAction(task=key, pending_action=self.pending_action)


def _sources(images: Images) -> tuple[Source, ...]:
    return tuple([Source(it, "") if isinstance(it, str) else Source(it.uri, it.name or "") for it in images])


def _options(options: Options) -> tuple[Option, ...]:
    if isinstance(options, dict):
        return tuple([Option(name, value) for name, value in options.items()])
    return tuple([Option(it.name, it.value) for it in options])


def _repeated_options(options: tuple[Option, ...]) -> list[FieldError]:
    seen: set[str] = set()
    wrong: list[FieldError] = []
    if len({option.name for option in options}) == len(options):
        return wrong
    for index, option in enumerate(options):
        if option.name in seen:
            wrong.append(FieldError(f"options[{index}].name", "must not be given twice"))
        seen.add(option.name)
    return wrong


def _option_strings(options: Options) -> int:
    if isinstance(options, dict):
        return len(options) + len([value for value in options.values() if isinstance(value, str)])
    return 3 * len(options) + len([it for it in options if isinstance(it.value, str)])
