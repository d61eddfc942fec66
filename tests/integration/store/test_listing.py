"""Lists as clients ask for them: each filter, order and page, on every database."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.domain.task import Stage, Status, Task
from orchestrator.engine.ports import PROJECT_ORDERS, TASK_ORDERS, Ordering, ProjectQuery, TaskQuery
from orchestrator.store import SqlStore, task_listing
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON, a_project, a_task, write
from tests.integration.store.test_plans import explained

BY_ID = Ordering(field="id", descending=False)
MAPS = ("all.zip", "orthophoto.tif")


TASK_FILTERS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({}, [1, 2, 3, 4, 5]),
    ({"project": 2}, [2, 3]),
    ({"project": 3}, []),
    ({"visible": frozenset({2, 3})}, [2, 3]),
    ({"visible": frozenset()}, []),
    ({"visible": frozenset({1}), "project": 2}, []),
    ({"id": 4}, [4]),
    ({"id": 2**70}, []),
    ({"name": "Field 7"}, [1]),
    ({"name": "field 7\0"}, []),
    ({"created_at": NOON - MINUTE}, [3]),
    ({"status": 40}, [1, 2]),
    ({"status": 40, "project": 2}, [2]),
    ({"stage": "ended"}, [1, 2]),
    ({"stage": "draft"}, [4]),
    ({"stage": "processing", "project": 2}, [3]),
    ({"stage": "processing", "project": 1}, []),
    ({"assets": ("all.zip",)}, [1, 2]),
    ({"assets": MAPS}, [1]),
    ({"assets": ("orthophoto.tif", "dsm.tif")}, []),
    ({"assets": ("all_zip",)}, []),
    ({"assets": ('all.zip"]',)}, []),
    ({"search": "field 7"}, [1, 2]),
    ({"search": "field"}, [1, 2, 4]),
    ({"search": "flight"}, [1]),
    ({"search": "100%"}, [4]),
    ({"search": "%"}, [4]),
    ({"search": "_"}, []),
    ({"search": "\\"}, []),
    ({"search": "3"}, [3]),
    ({"search": "7"}, [1, 2]),
    ({"search": "9" * 30}, []),
    ({"search": "\0"}, []),
    ({"search": "ÄCKER"}, [5]),
    ({"search": "äcker"}, [5]),
    ({"search": "strasse"}, [5]),
    ({"search": "field", "status": 40, "project": 2}, [2]),
)  # fmt: skip

TASKS_BY = {
    "id": [1, 2, 3, 4, 5],
    "created_at": [3, 1, 4, 5, 2],
    "updated_at": [3, 1, 4, 2, 5],
    "status": [4, 5, 3, 1, 2],
    "stage": [4, 1, 2, 3, 5],
    "project": [1, 4, 5, 2, 3],
    "priority": [1, 2, 3, 4, 5],
    "name": [4, 1, 2, 3, 5],
    "reference": [2, 3, 5, 4, 1],
}

PROJECT_FILTERS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({}, [2, 4, 5]),
    ({"id": 4}, [4]),
    ({"id": 3}, []),
    ({"id": 2**70}, []),
    ({"name": "North"}, [4]),
    ({"name": "\0"}, []),
    ({"description": "of the river"}, [2]),
    ({"created_at": NOON + MINUTE}, [5]),
    ({"search": "RIVER"}, [2, 5]),
    ({"search": "100%"}, []),
    ({"search": "\0"}, []),
    ({"search": "OBSTGÄRTEN"}, [4]),
    ({"search": "FLIGHT-11"}, [4]),
    ({"tags": ("wet",)}, [2, 5]),
    ({"tags": ("WET", "a_b%")}, [5]),
    ({"tags": ("we",)}, []),
    ({"tags": ("\0",)}, []),
    ({"visible": frozenset({3, 4})}, [4]),
)  # fmt: skip

PROJECTS_BY = {"id": [2, 4, 5], "created_at": [2, 4, 5], "name": [5, 4, 2], "description": [4, 5, 2]}


def later(minutes: int) -> dict[str, Any]:
    return dict.fromkeys(("created_at", "updated_at"), NOON + minutes * MINUTE)


def some_tasks() -> tuple[Task, ...]:
    """Five tasks in two projects, and one in a project that is being deleted."""
    completed = {"stage": Stage.ENDED, "status": Status.COMPLETED}
    return (
        a_task(1, name="Field 7", reference="flight-1", available_assets=MAPS, reason="\0", **completed),
        a_task(2, name="field 70", project=2, available_assets=("all.zip",), **later(2), **completed),
        a_task(3, name="Orchard", project=2, stage=Stage.PROCESSING, status=Status.RUNNING, **later(-1)),
        a_task(4, name="100% of it", reference="FIELD", stage=Stage.DRAFT, tags=MAPS, updated_at=NOON + MINUTE),
        a_task(5, name="Äcker an der Straße", priority=9, reason="orthophoto.tif", updated_at=NOON + 3 * MINUTE),
        a_task(6, project=3, name="Field of the deleted"),
    )


@pytest.fixture(params=[0, 1000], ids=["all are many", "all are few"])
def few(request, monkeypatch):
    """Whether SQLite is told to fetch tasks one by one."""
    monkeypatch.setattr(task_listing, "FEW", request.param)


@pytest.fixture
async def filled(store: SqlStore, few) -> SqlStore:
    await write(store, *some_tasks(), projects={2: a_project(2), 3: a_project(3, deleting=True)})
    return store


class TaskLists:
    async def test_filters_one_by_one_and_together(self, filled: SqlStore):
        for wanted, ids in TASK_FILTERS:
            query = TaskQuery(**wanted)
            found = await filled.task_numbers(query, BY_ID), await filled.count_tasks(query)
            assert (wanted, tuple(ids), len(ids)) == (wanted, *found)

    async def test_orders_with_equals_by_id_and_none_first(self, filled: SqlStore):
        for field, ids in TASKS_BY.items():
            rising = await filled.task_numbers(TaskQuery(), Ordering(field=field, descending=False))
            falling = await filled.task_numbers(TaskQuery(), Ordering(field=field))
            assert (field, tuple(ids), tuple(reversed(ids))) == (field, rising, falling)

    async def test_the_last_changed_come_first_by_page_wherever_they_are(self, filled: SqlStore):
        by = Ordering(field="updated_at")
        pages = [await filled.task_numbers(TaskQuery(), by, limit=2, offset=offset) for offset in (0, 2, 4)]
        assert [(5, 2), (4, 1), (3,)] == pages
        assert (2, 3) == await filled.task_numbers(TaskQuery(project=2), by)
        assert (5,) == await filled.task_numbers(TaskQuery(stage="waiting"), by)

    async def test_a_task_that_changes_is_found_by_what_it_is_now(self, filled: SqlStore):
        one, _, three, *_ = some_tasks()
        moved = replace(three, stage=Stage.ENDED, status=Status.FAILED, updated_at=NOON + 9 * MINUTE)
        renamed = replace(one, name="Meadow", reference=None, updated_at=NOON + 8 * MINUTE)
        begun = replace(some_tasks()[1], stage=Stage.WAITING, updated_at=NOON + 10 * MINUTE)
        await write(filled, updated={1: renamed, 2: begun, 3: moved})
        assert (2, 3, 1, 5, 4) == await filled.task_numbers(TaskQuery(), Ordering(field="updated_at"))
        assert (1,) == await filled.task_numbers(TaskQuery(search="MEADOW"), BY_ID)
        assert () == await filled.task_numbers(TaskQuery(search="field 7\n"), BY_ID)
        assert (2,) == await filled.task_numbers(TaskQuery(search="field 7"), BY_ID)

    async def test_pages_of_any_order_hold_every_task_once(self, filled: SqlStore):
        for field in TASK_ORDERS:
            by = Ordering(field=field)
            pages = [await filled.task_numbers(TaskQuery(), by, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
            assert (field, [2, 2, 1, 0]) == (field, [len(page) for page in pages])
            assert {1, 2, 3, 4, 5} == {number for page in pages for number in page}

    async def test_tasks_come_in_the_order_asked_for_without_those_that_have_gone(self, filled: SqlStore):
        one, _, three, *_ = some_tasks()
        assert (three, one) == await filled.tasks_numbered([3, 99, 1])
        assert () == await filled.tasks_numbered([])


class ProjectLists:
    async def test_filters_one_by_one(self, store: SqlStore):
        await self.fill(store)
        for wanted, ids in PROJECT_FILTERS:
            query = ProjectQuery(**{"visible": frozenset({2, 3, 4, 5})} | wanted)
            found = await store.project_numbers(query, BY_ID), await store.count_projects(query)
            assert (wanted, tuple(ids), len(ids)) == (wanted, *found)

    async def test_orders_and_pages(self, store: SqlStore):
        await self.fill(store)
        query = ProjectQuery(visible=frozenset({2, 4, 5}))
        assert set(PROJECTS_BY) == set(PROJECT_ORDERS)
        for field, ids in PROJECTS_BY.items():
            rising = await store.project_numbers(query, Ordering(field=field, descending=False))
            page = await store.project_numbers(query, Ordering(field=field), limit=1, offset=1)
            assert (field, tuple(ids), (ids[1],)) == (field, rising, page)

    async def test_projects_come_with_the_ids_of_their_tasks(self, store: SqlStore):
        await self.fill(store)
        await write(store, a_task(7, project=4), a_task(8), a_task(9, project=4), a_task(10, project=3))
        found = await store.projects_numbered([4, 3, 99, 2])
        assert [(4, (7, 9, 11)), (2, ())] == [(project.id, tasks) for project, tasks in found]

    async def fill(self, store: SqlStore) -> None:
        projects = (
            a_project(2, name="South", description="of the river", tags=("wet",)),
            a_project(3, deleting=True),
            a_project(4, name="North"),
            a_project(5, name="A River", description="b", created_at=NOON + MINUTE, tags=("wet", "a_b%")),
        )
        orchard = a_task(11, name="Obstgärten", reference="flight-11", project=4)
        await write(store, orchard, projects={project.id: project for project in projects})


class Suite(TaskLists, ProjectLists):
    """All of it."""


class TestInFile(InFile, Suite): ...


class TestInMemory(InMemory, Suite): ...


class TestOnServer(OnServer, Suite): ...


class TestPlans(InFile):
    """SQLite is told what it cannot know, and then makes lists from indexes alone."""

    @pytest.mark.parametrize(
        ("few", "wanted", "order", "used"),
        [
            (-1, {}, "created_at", "tasks_listed"),
            (-1, {"project": 1}, "created_at", "tasks_listed"),
            (-1, {"status": 40, "search": "field"}, "created_at", "tasks_listed"),
            (-1, {"project": 1, "status": 40}, "name", "tasks_listed"),
            (1000, {"project": 1, "status": 40}, "created_at", "tasks_project"),
            (1000, {"status": 40}, "created_at", "tasks_status"),
            (-1, {"stage": "waiting", "project": 1}, "created_at", "tasks_in_work"),
            (-1, {"project": 1}, "priority", "tasks_listed"),
        ],
        indirect=["few"],
    )
    async def test_lists_are_made_from_an_index(self, store: SqlStore, few, wanted, order, used):
        with explained("EXPLAIN QUERY PLAN") as plans:
            await store.task_numbers(TaskQuery(**wanted), Ordering(field=order), limit=10)
        text, plan = plans[-1]
        assert used in plan, f"{text}\n{plan}"
        assert (order == "created_at" and used == "tasks_listed") == ("TEMP B-TREE" not in plan), plan

    @pytest.mark.parametrize("few", [-1], indirect=True)
    async def test_rows_of_none_but_tasks_in_work_are_read_for_the_last_changed(self, store: SqlStore, few):
        with explained("EXPLAIN QUERY PLAN") as plans:
            await store.task_numbers(TaskQuery(project=1), Ordering(field="updated_at"), limit=10)
        _, plan = plans[-1]
        assert ["tasks_in_work", "tasks_rested"] == [
            line.split("INDEX ")[1].split()[0] for line in plan.splitlines() if "tasks USING" in line
        ], plan
        assert "COVERING INDEX tasks_rested" in plan, plan
