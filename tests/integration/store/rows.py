"""Rows to store: plain ones by hand, and wild ones from hypothesis."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from orchestrator.domain.node import Health, NodeInfo, NodeOption, ProcessingNode
from orchestrator.domain.task import NodeJob, Option, PendingAction, Project, Source, Stage, Status, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import TaskFilter
from orchestrator.store import SqlStore

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BIG = 99_999_999_999


def a_task(id: int, **changed: Any) -> Task:
    plain: dict[str, Any] = {"id": id, "project": 1, "created_at": NOON, "updated_at": NOON, "stage": Stage.WAITING}
    return Task(**plain | changed)


def a_job(uuid: str, **changed: Any) -> NodeJob:
    plain: dict[str, Any] = {"uuid": uuid, "node": 1, "task": 1, "attempt": 1, "created_at": NOON}
    return NodeJob(**plain | changed)


def a_node(id: int, **changed: Any) -> ProcessingNode:
    plain: dict[str, Any] = {"id": id, "url": f"http://node-{id}:3000", "hostname": f"node-{id}", "port": 3000}
    return ProcessingNode(**plain | {"created_at": NOON} | changed)


def a_project(id: int, **changed: Any) -> Project:
    plain: dict[str, Any] = {"id": id, "name": f"Project {id}", "created_at": NOON}
    return Project(**plain | changed)


async def write(store: SqlStore, *tasks: Task, owner: str = "me", **changed: Any) -> None:
    """Write new tasks, and whatever else Changes takes."""
    async with store.begin() as transaction:
        await transaction.write(Changes(owner=owner, created={task.id: task for task in tasks}, **changed))


async def stored_tasks(store: SqlStore) -> tuple[Task, ...]:
    """Whatever tasks there are, oldest first."""
    return tuple(reversed(await store.tasks(TaskFilter(limit=1000))))


# What a column of text holds on both databases; JSON and bytes hold anything.
column_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
times = st.datetimes(timezones=st.just(UTC))
int64 = st.integers(-(2**63), 2**63 - 1)
int16 = st.integers(-(2**15), 2**15 - 1)
finite = st.floats(allow_nan=False)
names = st.lists(st.text()).map(tuple)

options = st.builds(Option, name=st.text(), value=st.one_of(st.text(), st.booleans(), st.integers(), finite))
sources = st.builds(Source, uri=st.text(), name=st.text(), size=int64, side=st.booleans())

tasks = st.builds(
    Task,
    id=st.integers(1, 2**63 - 1),
    project=st.just(1),
    created_at=times,
    updated_at=times,
    stage=st.sampled_from(Stage),
    status=st.none() | st.sampled_from(Status),
    pending_action=st.none() | st.sampled_from(PendingAction),
    version=int64,
    name=column_text,
    reference=st.none() | column_text,
    priority=int16,
    attempt=int64,
    options=st.lists(options).map(tuple),
    processing_node=st.none() | int64,
    processing_node_name=st.none() | st.text(),
    auto_processing_node=st.booleans(),
    can_rerun_from=names,
    images_count=int64,
    ground_control_points=st.none() | st.text(),
    resize_to=int64,
    tags=names,
    partial=st.booleans(),
    import_url=st.text(),
    uuid=st.text(),
    processing_time=int64,
    last_error=st.none() | st.text(),
    upload_progress=finite,
    resize_progress=finite,
    running_progress=finite,
    available_assets=names,
    size=finite,
    reason=st.text(),
    fence=int64,
    job_uuid=column_text,
    job_node=st.none() | int64,
    committed=st.booleans(),
    failures=int64,
    tries=int64,
    not_before=st.none() | times,
    files_count=int64,
    avoid_node=st.none() | int64,
)

jobs = st.builds(
    NodeJob,
    uuid=column_text,
    node=int64,
    task=int64,
    attempt=st.integers(0, 2**31 - 1),
    created_at=times,
    committed=st.booleans(),
    abandoned_at=st.none() | times,
    stopped=st.booleans(),
    reason=column_text,
)

projects = st.builds(
    Project,
    id=st.integers(2, 2**63 - 1),
    name=column_text,
    created_at=times,
    description=column_text,
    deleting=st.booleans(),
    version=int64,
    tags=names,
)

infos = st.builds(
    NodeInfo,
    api_version=st.text(),
    queue_count=st.integers(),
    max_images=st.none() | st.just(BIG) | st.integers(),
    max_parallel=st.just(BIG) | st.integers(),
    engine=st.text(),
    engine_version=st.text(),
    is_cluster=st.booleans(),
)
node_options = st.builds(
    NodeOption, name=st.text(), type=st.text(), value=st.text(), domain=st.text() | names, help=st.text()
)
nodes = st.builds(
    ProcessingNode,
    id=st.integers(1, 2**63 - 1),
    url=column_text,
    hostname=column_text,
    port=st.integers(0, 65_535),
    created_at=times,
    token=column_text,
    label=column_text,
    static=st.booleans(),
    health=st.sampled_from(Health),
    problem=column_text,
    unreachable_since=st.none() | times,
    last_refreshed=st.none() | times,
    info=st.none() | infos,
    options=st.lists(node_options).map(tuple),
    version=int64,
)


def typed(value: Any) -> Any:
    """The value with the type of each part beside it: 1, 1.0 and True are equal, and must not be taken for another."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: typed(getattr(value, field.name)) for field in fields(value)}
    return (type(value), value)
