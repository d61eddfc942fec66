"""Tasks over REST: shown, changed, canceled, restarted, removed, and what they print."""

import pytest

from orchestrator.domain.task import Project, Stage, Status
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.integration.api.site import Site, site
from tests.integration.api.test_projects import ABSENT
from tests.integration.api.work import NOON, a_draft, ended, photos, put, send, until

DONE = (200, {"success": True})


@pytest.fixture
async def node():
    node = SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.2))
    await node.start()
    yield node
    await node.stop()


async def test_a_task_is_shown_with_every_field_of_webodm(daemon):
    path = await a_draft(daemon, name="Field 7", options={"dsm": True}, tags=["north"])
    status, task = await daemon.get(path)
    assert (200, "Field 7", None, [{"name": "dsm", "value": True}], ["north"], True) == (
        status, task["name"], task["status"], task["options"], task["tags"], task["partial"],
    )  # fmt: skip
    assert {"extent", "srs", "statistics", "pending_action", "upload_progress", "can_rerun_from"} <= set(task)


async def test_a_task_is_found_in_its_own_project_only(daemon):
    await put(daemon, ended(1), ended(2, project=2), ended(3, project=3),
              projects=(Project(id=2, name="Two", created_at=NOON),
                        Project(id=3, name="Gone", created_at=NOON, deleting=True)))  # fmt: skip
    assert 2 == (await daemon.get("/projects/2/tasks/2/"))[1]["id"]
    for path in ("/projects/2/tasks/1/", "/projects/1/tasks/2/", "/projects/3/tasks/3/", "/projects/9/tasks/1/",
                 "/projects/1/tasks/x/", "/projects/x/tasks/1/", "/projects/1/tasks/99/"):  # fmt: skip
        assert (path, ABSENT) == (path, await daemon.get(path))
        assert (path, ABSENT) == (path, await daemon.patch(path, json={"name": "x"}))
        assert (path, ABSENT) == (path, await daemon.delete(path))
        for action in ("cancel", "restart", "remove"):
            assert (path, ABSENT) == (path, await daemon.post(f"{path}{action}/"))
        assert (path, ABSENT) == (path, await daemon.get(f"{path}output/"))


async def test_what_a_client_may_change_is_changed_and_the_rest_ignored(daemon):
    path = await a_draft(daemon)
    status, task = await daemon.patch(
        path,
        json={
            "name": "Field 7", "options": [{"name": "dsm", "value": False}], "priority": 9, "tags": ["a"],
            "auto_processing_node": False, "resize_to": 2048, "status": 40, "uuid": "x", "processing_time": 5,
            "created_at": "x", "id": 99, "size": 3, "running_progress": 1, "pending_action": 1,
        },
    )  # fmt: skip
    assert (200, "Field 7", [{"name": "dsm", "value": False}], 9, ["a"], False, 2048, None, "", -1, 0.0, None) == (
        status, task["name"], task["options"], task["priority"], task["tags"], task["auto_processing_node"],
        task["resize_to"], task["status"], task["uuid"], task["processing_time"], task["running_progress"],
        task["pending_action"],
    )  # fmt: skip
    assert (200, task) == await daemon.get(path)
    assert (200, task) == await daemon.patch(path, json={"status": 10})


async def test_forms_hold_options_and_tags_as_json_text(daemon):
    path = await a_draft(daemon)
    given = {"options": '[{"name": "dsm", "value": true}]', "tags": '["a"]', "processing_node": "", "resize_to": "0"}
    status, task = await daemon.patch(path, data=given)
    assert (200, [{"name": "dsm", "value": True}], ["a"], None, -1) == (
        status, task["options"], task["tags"], task["processing_node"], task["resize_to"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"processing_node": 9999}, {"processing_node": ['Invalid pk "9999" - object does not exist.']}),
        ({"project": 9999}, {"project": ['Invalid pk "9999" - object does not exist.']}),
        ({"processing_node": 0}, {"processing_node": ['Invalid pk "0" - object does not exist.']}),
        ({"project": 2**40}, {"project": [f'Invalid pk "{2**40}" - object does not exist.']}),
        ({"resize_to": 2**40}, {"resize_to": ["Ensure this value is less than or equal to 1000000."]}),
        ({"processing_node": "x"}, {"processing_node": ["A valid integer is required."]}),
        ({"processing_node": True}, {"processing_node": ["A valid integer is required."]}),
        ({"resize_to": "x"}, {"resize_to": ["A valid integer is required."]}),
        ({"priority": 10}, {"priority": ["Ensure this value is less than or equal to 9."]}),
        ({"options": "["}, {"options": ["Value must be valid JSON."]}),
        ({"options": "[" * 100_000}, {"options": ["Value must be valid JSON."]}),
        ({"options": 1}, {"options": ["Expected a list of items but got another type."]}),
        ({"auto_processing_node": "maybe"}, {"auto_processing_node": ["Must be a valid boolean."]}),
    ],
)
async def test_wrong_values_are_told_by_field(daemon, given, body):
    assert (400, body) == await daemon.patch(await a_draft(daemon), json=given)


async def test_an_option_that_no_node_knows_is_told_under_options(folder, node):
    async with site(folder, node=node) as daemon:
        await until(daemon, "/processingnodes/options/", bool)
        status, body = await daemon.patch(await a_draft(daemon), json={"options": [{"name": "dsn", "value": True}]})
        assert (400, ["options"]) == (status, list(body))
        assert "did you mean 'dsm'?" in body["options"][0]


async def test_the_node_that_is_chosen_is_told_with_its_name_and_stages(folder, node):
    async with site(folder, node=node) as daemon:
        await until(daemon, "/processingnodes/options/", bool)
        _, (known,) = await daemon.get("/processingnodes/")
        name = f"{known['hostname']}:{known['port']}"
        _, task = await daemon.post("/projects/1/tasks/", json={"partial": True, "processing_node": known["id"]})
        assert (known["id"], name) == (task["processing_node"], task["processing_node_name"])
        assert "odm_meshing" in task["can_rerun_from"]
        path = f"/projects/1/tasks/{task['id']}/"
        _, freed = await daemon.patch(path, json={"processing_node": None})
        assert (None, None, []) == (freed["processing_node"], freed["processing_node_name"], freed["can_rerun_from"])
        _, bound = await daemon.patch(path, json={"processing_node": known["id"]})
        assert (known["id"], name) == (bound["processing_node"], bound["processing_node_name"])
        assert task["can_rerun_from"] == bound["can_rerun_from"]


async def test_a_task_moves_to_another_project(daemon):
    path = await a_draft(daemon)
    _, project = await daemon.post("/projects/", json={"name": "Fields"})
    _, task = await daemon.patch(path, json={"project": project["id"]})
    assert project["id"] == task["project"]
    assert ABSENT == await daemon.get(path)
    assert [task["id"]] == (await daemon.get(f"/projects/{project['id']}/"))[1]["tasks"]


async def test_cancel_restart_and_remove(folder, tmp_path):
    async with site(folder, files={"import_roots": [tmp_path]}) as daemon:
        task = (await send(daemon, "create-task", images=photos(tmp_path)))["task"]
        path = f"/projects/1/tasks/{task['id']}/"
        assert DONE == await daemon.post(f"{path}cancel/")
        assert 50 == (await daemon.get(path))[1]["status"]
        assert DONE == await daemon.post(f"{path}cancel/")
        assert DONE == await daemon.post(f"{path}restart/")
        restarted = (await daemon.get(path))[1]
        assert (None, 2, "waiting") == (restarted["status"], restarted["attempt"], restarted["stage"])
        assert DONE == await daemon.post(f"{path}remove/")
        await until(daemon, path, lambda body: body == ABSENT[1], status=404)


async def test_an_action_in_conflict_with_the_state_is_refused(daemon):
    await put(daemon, ended(1))
    status, body = await daemon.post("/projects/1/tasks/1/cancel/")
    assert (409, "task 1 has already ended (COMPLETED)") == (status, body["detail"][:36])
    draft = await a_draft(daemon)
    assert 409 == (await daemon.post(f"{draft}restart/"))[0]
    assert DONE == await daemon.post(f"{draft}cancel/")
    told = "was canceled before all its images had come; create it anew"
    status, body = await daemon.post(f"{draft}restart/")
    assert (409, told) == (status, body["detail"].partition(" ")[2].partition(" ")[2])


async def test_a_deleted_task_goes(daemon):
    path = await a_draft(daemon)
    assert (204, None) == await daemon.delete(path)
    await until(daemon, path, lambda body: body == ABSENT[1], status=404)


async def test_a_task_runs_and_is_run_again_from_scratch_when_its_uuid_is_emptied(folder, node, tmp_path):
    async with site(folder, node=node, files={"import_roots": [tmp_path]}) as daemon:
        task = (await send(daemon, "create-task", images=photos(tmp_path)))["task"]
        path = f"/projects/1/tasks/{task['id']}/"
        done = await until(daemon, path, lambda it: it["status"] == 40)
        assert 409 == (await daemon.post(f"{path}cancel/"))[0]
        assert DONE == await daemon.post(f"{path}restart/")
        again = await until(daemon, path, lambda it: it["attempt"] == 2 and it["status"] == 40)
        assert done["uuid"] == again["uuid"]
        _, emptied = await daemon.patch(path, json={"uuid": ""})
        assert ("", 40) == (emptied["uuid"], emptied["status"])
        assert DONE == await daemon.post(f"{path}restart/")
        anew = await until(daemon, path, lambda it: it["attempt"] == 3 and it["status"] == 40)
        assert anew["uuid"] not in {"", done["uuid"]}


async def test_output_comes_as_text_json_or_raw(folder, node, tmp_path):
    async with site(folder, node=node, files={"import_roots": [tmp_path]}) as daemon:
        task = (await send(daemon, "create-task", images=photos(tmp_path)))["task"]
        path = f"/projects/1/tasks/{task['id']}/"
        await until(daemon, path, lambda it: it["status"] == 40)
        _, whole = await daemon.get(f"{path}output/?f=json")
        lines = whole["lines"]
        assert (whole["count"], True) == (len(lines), len(lines) > 3)
        assert (200, "\n".join(lines)) == await daemon.get(f"{path}output/")
        assert (200, "\n".join(lines[2:])) == await daemon.get(f"{path}output/?line=2&f=text")
        assert (200, "\n".join(lines)) == await daemon.get(f"{path}output/?line=-5")
        assert (200, {"lines": lines[1:3], "count": len(lines)}) == await daemon.get(
            f"{path}output/?line=1&limit=2&f=json"
        )
        assert (200, "\n".join(lines[-2:]).encode()) == await daemon.get(f"{path}output/?limit=-2&f=raw")
        assert (200, "\n".join(lines[1:])) == await daemon.get(f"{path}output/?line=1&limit=0")
        assert (200, "") == await daemon.get(f"{path}output/?line={10**30}")
        assert (400, {"f": ["Not a valid choice."]}) == await daemon.get(f"{path}output/?f=xml")
        assert (400, {"line": ["A valid integer is required."]}) == await daemon.get(f"{path}output/?line=x")
        await send(daemon, "update-task", task=task["id"], processing_node=None, auto_processing_node=False, uuid="")
        await send(daemon, "set-pending-action", task=task["id"], pending_action="RESTART")
        assert (200, {"lines": [], "count": 0}) == await daemon.get(f"{path}output/?f=json")


async def test_a_task_without_output_has_none(daemon):
    path = await a_draft(daemon)
    assert (200, "") == await daemon.get(f"{path}output/")
    assert (200, {"lines": [], "count": 0}) == await daemon.get(f"{path}output/?f=json")


async def listed(daemon: Site, path: str) -> list[int]:
    status, body = await daemon.get(path)
    assert 200 == status, body
    return [task["id"] for task in (body if isinstance(body, list) else body["results"])]


@pytest.fixture
async def filled(daemon: Site) -> Site:
    running = {"stage": Stage.PROCESSING, "status": Status.RUNNING}
    await put(
        daemon,
        ended(1, name="Field 7", available_assets=("all.zip", "orthophoto.tif")),
        ended(2, name="Orchard", status=Status.FAILED, reference="flight-9"),
        ended(3, project=2, available_assets=("all.zip",)),
        ended(4, name="field 8", project=2, **running),
        projects=(Project(id=2, name="Two", created_at=NOON),),
    )
    return daemon


async def test_the_tasks_of_a_project_are_filtered_ordered_and_paged(filled):
    for query, expected in (
        ("", [2, 1]), ("status=30", [2]), ("status=20", []), ("available_assets=all.zip,orthophoto.tif", [1]),
        ("available_assets=all.zip,dsm.tif", []), ("ordering=id", [1, 2]), ("ordering=-status", [1, 2]),
        ("ordering=nothing", [2, 1]), ("page=1&ordering=id", [1, 2]), ("id=2", [2]), ("name=Orchard", [2]),
        ("created_at=2026-11-23T12:00:00Z", [2, 1]), ("stage=ended", [2, 1]), ("stage=draft", []),
        ("search=FLIGHT", [2]), ("limit=1", [2]), ("status=", [2, 1]),
    ):  # fmt: skip
        assert (query, expected) == (query, await listed(filled, f"/projects/1/tasks/?{query}"))
    assert [4, 3] == await listed(filled, "/projects/2/tasks/")
    assert ABSENT == await filled.get("/projects/3/tasks/")


async def test_wrong_filters_of_tasks_are_told(filled):
    for path in ("/projects/1/tasks/", "/tasks/"):
        for wrong in ("x", "15", "40.0", "-1"):
            assert (400, ["Invalid status parameter"]) == await filled.get(f"{path}?status={wrong}")
        assert (400, ["stage"]) == (
            (await filled.get(f"{path}?stage=x"))[0],
            list((await filled.get(f"{path}?stage=x"))[1]),
        )
        assert (404, {"detail": "Invalid page."}) == await filled.get(f"{path}?page=2")


async def test_the_tasks_of_all_projects_come_by_page(filled):
    status, page = await filled.get("/tasks/?page_size=3")
    assert (200, 4, None) == (status, page["count"], page["previous"])
    assert f"{filled.url}/api/tasks/?page_size=3&page=2" == page["next"]
    for query, expected in (
        ("", [4, 3, 2, 1]), ("page=2&page_size=3", [1]), ("project=2", [4, 3]), ("project=9", []), ("status=20", [4]),
        ("stage=processing", [4]), ("search=field", [4, 1]), ("search=3", [3]), ("ordering=name", [3, 1, 4, 2]),
        ("search=field&status=40", [1]),
    ):  # fmt: skip
        assert (query, expected) == (query, await listed(filled, f"/tasks/?{query}"))
    assert 400 == (await filled.get("/tasks/?page_size=101"))[0]
