"""Who may do what over REST: by role, and within the projects that exist for the caller."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from orchestrator.api.ports import RestPorts
from orchestrator.api.rest.application import rest_application
from orchestrator.api.window import routes_of
from orchestrator.domain.access import Caller, Role
from orchestrator.domain.task import Project
from tests.integration.api.site import Site
from tests.integration.api.work import NOON, ended, put

Ask = Callable[..., Awaitable[tuple[int, Any]]]
FORBIDDEN = (403, {"detail": "You do not have permission to perform this action."})


@pytest.fixture
async def ask(daemon: Site) -> AsyncIterator[Ask]:
    """Ask as a caller of some role, to whom only project 2 exists unless said otherwise."""
    await put(daemon, ended(1), ended(2, project=2), projects=(Project(id=2, name="Two", created_at=NOON),))
    here: list[Caller] = []

    async def authenticate(_: web.Request) -> Caller:
        return here[-1]

    async def no_output(*_: object) -> tuple[list[str], int]:
        return [], 0

    app = daemon.app
    ports = RestPorts(
        library=app.store, catalogue=app.store, desk=app.engine.turn, read_output=no_output, files=app.files,
        journal=app.store, live=app.live, webhooks=app.store, webhooks_changed=lambda: None,
    )  # fmt: skip
    async with TestClient(TestServer(rest_application(routes_of(ports), authenticate=authenticate))) as client:

        async def asked(role: Role, method: str, path: str, only: frozenset[int] | None = frozenset({2}), **given: Any):
            here.append(Caller(name="someone", role=role, projects=only))
            async with client.request(method, path, **given) as response:
                return response.status, await response.json() if await response.read() else None

        yield asked


async def test_only_the_projects_of_the_caller_exist(ask):
    assert [2] == [it["id"] for it in (await ask(Role.ADMIN, "GET", "/projects/"))[1]]
    assert 1 == (await ask(Role.ADMIN, "GET", "/projects/?page=1"))[1]["count"]
    assert [2] == [it["id"] for it in (await ask(Role.ADMIN, "GET", "/tasks/"))[1]["results"]]
    assert [] == (await ask(Role.ADMIN, "GET", "/tasks/?project=1"))[1]["results"]
    for path in ("/projects/1/", "/projects/1/tasks/", "/projects/1/tasks/1/", "/projects/1/tasks/1/output/"):
        assert (path, 404) == (path, (await ask(Role.ADMIN, "GET", path))[0])
    assert 404 == (await ask(Role.ADMIN, "POST", "/projects/1/tasks/1/remove/"))[0]
    assert 200 == (await ask(Role.ADMIN, "GET", "/projects/2/tasks/2/"))[0]


async def test_a_task_cannot_be_moved_to_where_the_caller_cannot_look_nor_a_project_be_made_there(ask):
    for absent in (1, 99):
        assert FORBIDDEN == await ask(Role.OPERATOR, "PATCH", "/projects/2/tasks/2/", json={"project": absent})
    assert FORBIDDEN == await ask(Role.OPERATOR, "POST", "/projects/", json={"name": "Mine"})
    assert 201 == (await ask(Role.OPERATOR, "POST", "/projects/", only=None, json={"name": "Mine"}))[0]


async def test_a_project_tells_what_the_caller_may_do_with_it(ask):
    for role, permissions in ((Role.VIEWER, ["view"]), (Role.OPERATOR, ["view", "add", "change", "delete"])):
        assert permissions == (await ask(role, "GET", "/projects/2/"))[1]["permissions"]
        assert [permissions] == [it["permissions"] for it in (await ask(role, "GET", "/projects/"))[1]]


async def test_a_viewer_changes_nothing_and_an_operator_no_node(ask):
    node = {"hostname": "node-1.invalid", "port": 3000}
    for method, path, given in (
        ("POST", "/projects/", {"name": "x"}), ("PUT", "/projects/2/", {"name": "x"}),
        ("PATCH", "/projects/2/", {"name": "x"}), ("DELETE", "/projects/2/", None),
        ("PATCH", "/projects/2/tasks/2/", {"name": "x"}), ("DELETE", "/projects/2/tasks/2/", None),
        ("POST", "/projects/2/tasks/2/cancel/", None), ("POST", "/projects/2/tasks/2/restart/", None),
        ("POST", "/projects/2/tasks/2/remove/", None), ("POST", "/processingnodes/", node),
    ):  # fmt: skip
        assert (path, *FORBIDDEN) == (path, *await ask(Role.VIEWER, method, path, json=given))
    for method, path in (
        ("POST", "/processingnodes/"), ("PUT", "/processingnodes/1/"), ("PATCH", "/processingnodes/1/"),
        ("DELETE", "/processingnodes/1/"),
    ):  # fmt: skip
        assert (path, *FORBIDDEN) == (path, *await ask(Role.OPERATOR, method, path, json=node))
    assert 200 == (await ask(Role.VIEWER, "GET", "/processingnodes/"))[0]
    assert 201 == (await ask(Role.ADMIN, "POST", "/processingnodes/", json=node))[0]
