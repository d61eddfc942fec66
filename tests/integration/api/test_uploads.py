"""Images taken in over HTTP: all in one request, or a draft, its files, and a commit."""

import json

import pytest

from orchestrator.api.rest.commanding import settle_named
from orchestrator.domain.errors import StorageFailed
from orchestrator.files.sources import SIDE_TAKEN, TAKEN
from tests.integration.api.photos import (
    PHOTO,
    TASKS,
    add_files,
    arrivals,
    chunk,
    draft,
    form,
    on_disk,
    photos,
    remove,
    until,
)
from tests.integration.api.site import site

NO_IMAGE = f"notes.pdf is no image: {TAKEN} are taken, and beside them {SIDE_TAKEN}."
TOO_FEW = (400, ["Cannot create task, you need at least 2 images"])


async def test_a_task_is_made_of_the_photos_of_one_request(daemon):
    body = form([], name="Field", options=json.dumps([{"name": "dsm", "value": True}]), priority="7", tags="a b")
    add_files(body, photos(1), field="images")
    add_files(body, [("two.jpg", PHOTO)], field="anything")
    body.add_field("resize_to", "2048")
    status, task = await daemon.post(TASKS, data=body)
    assert (201, "Field", 2, False, "waiting") == (
        status, task["name"], task["images_count"], task["partial"], task["stage"],
    )  # fmt: skip
    assert ([{"name": "dsm", "value": True}], 7, ["a", "b"], 2048) == (
        task["options"], task["priority"], task["tags"], task["resize_to"],
    )  # fmt: skip
    assert {"DJI_0001.JPG": PHOTO, "two.jpg": PHOTO} == on_disk(daemon, task["id"])
    assert [] == arrivals(daemon)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"data": {"name": "x"}}, TOO_FEW),
        ({"json": {"name": "x"}}, TOO_FEW),
        ({"json": {"partial": "no"}}, TOO_FEW),
        ({"data": form(photos(1))}, TOO_FEW),
        ({"data": form([*photos(1), ("gcp_list.txt", b"1")])}, TOO_FEW),
        ({"data": form(photos(2), options="{")}, (400, {"options": ["Value must be valid JSON."]})),
        ({"data": form(photos(2), resize_to="big")}, (400, {"resize_to": ["A valid integer is required."]})),
        ({"data": form(photos(2), processing_node="9999")},
         (400, {"processing_node": ['Invalid pk "9999" - object does not exist.']})),
        ({"data": form([("notes.pdf", b"1")])}, (400, [NO_IMAGE])),
        ({"data": form([("a.jpg", b"")])}, (400, ["a.jpg is empty (0 bytes)."])),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}},
         (415, {"detail": 'Unsupported media type "text/plain" in request.'})),
    ],
)  # fmt: skip
async def test_what_makes_no_task_is_told_why_and_leaves_nothing(daemon, body, answer):
    assert answer == await daemon.post(TASKS, **body)
    assert [] == arrivals(daemon)
    assert () == tuple((daemon.app.settings.files.root / "tasks").glob("*"))


@pytest.mark.parametrize("body", [b"--x\r\n", b"nonsense", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1"])
async def test_a_broken_form_is_told_so(daemon, body):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, answer = await daemon.post(TASKS, data=body, headers=headers)
    assert (400, "Multipart form parse error") == (status, answer["detail"][:26])


async def test_names_are_made_safe_and_unique_and_side_files_go_along(daemon):
    files = [
        ("../../a.jpg", b"1"),
        ("A.JPG", b"2"),
        ("c/Föhn <1>.tif", b"3"),
        ("gcp_list.txt", b"4"),
        ("GEO.txt", b"5"),
    ]
    status, task = await daemon.post(TASKS, data=form(files))
    assert (201, 3) == (status, task["images_count"])
    expected = {"a.jpg": b"1", "A-2.JPG": b"2", "Föhn _1_.tif": b"3", "gcp_list.txt": b"4", "geo.txt": b"5"}
    assert expected == on_disk(daemon, task["id"])


@pytest.mark.parametrize("name", ["points.txt", "Survey points 7.TXT"])
async def test_a_text_file_of_another_name_is_taken_for_ground_control_points(daemon, name):
    """So nodes have it, and clients let people choose any text file."""
    task = await draft(daemon)
    sent = await daemon.post(f"{TASKS}{task}/upload/", data=form([*photos(1), (name, b"1"), ("geo.txt", b"2")]))
    assert (200, 1) == (sent[0], sent[1]["uploaded"][name])
    assert {"DJI_0001.JPG": PHOTO, "gcp_list.txt": b"1", "geo.txt": b"2"} == on_disk(daemon, task)
    status, body = await daemon.post(TASKS, data=form([*photos(2), ("gcp_list.txt", b"1"), (name, b"2")]))
    assert (400, ["gcp_list.txt is there twice, and a task takes only one of it."]) == (status, body)


async def test_a_second_file_of_ground_control_points_is_told_by_its_name_alone(daemon):
    files = [*photos(2), ("gcp_list.txt", b"1"), ("gcp_more.txt", b"2")]
    status, body = await daemon.post(TASKS, data=form(files))
    expected = "gcp_more.txt: the task has ground control points already, and takes one such file."
    assert (400, {"images": [expected]}) == (status, body)


async def test_a_task_of_no_project_that_the_caller_sees_is_not_made(daemon):
    assert (404, {"detail": "Not found."}) == await daemon.post("/projects/99/tasks/", data=form(photos(2)))


async def test_a_draft_gets_its_files_and_is_committed(daemon):
    task = await draft(daemon, name="Staged")
    assert (400, ["No files uploaded"]) == await daemon.post(f"{TASKS}{task}/upload/", data=form([], a="1"))
    nothing = (400, ["You need to upload at least 1 file before commit"])
    assert nothing == await daemon.post(f"{TASKS}{task}/commit/")
    sent = await daemon.post(f"{TASKS}{task}/upload/", data=form([("a.jpg", b"12"), ("b.jpg", b"3")]))
    assert (200, {"success": True, "uploaded": {"a.jpg": 2, "b.jpg": 1}}) == sent
    status, committed = await daemon.post(f"{TASKS}{task}/commit/")
    assert (200, task, 2, False) == (status, committed["id"], committed["images_count"], committed["partial"])


async def test_a_file_of_the_same_name_takes_the_place_of_the_first(daemon):
    task = await draft(daemon)
    await daemon.post(f"{TASKS}{task}/upload/", data=form([("a.jpg", b"old")]))
    await daemon.post(f"{TASKS}{task}/upload/", data=form([("A.JPG", b"new")]))
    assert {"A.JPG": b"new"} == on_disk(daemon, task)


async def test_files_for_a_task_that_was_committed_are_refused(daemon):
    _, task = await daemon.post(TASKS, data=form(photos(2)))
    status, body = await daemon.post(f"{TASKS}{task['id']}/upload/", data=form([("late.jpg", b"1")]))
    assert (409, "takes no more images") == (status, body["detail"].partition(": ")[0].partition("task 1 ")[2])
    assert {"DJI_0001.JPG", "DJI_0002.JPG"} == on_disk(daemon, task["id"]).keys()


async def test_a_task_that_was_committed_is_shown_as_it_is_by_another_commit(daemon):
    """The answer to the first may have been lost; and some clients commit what they made in one request."""
    task = await draft(daemon)
    await daemon.post(f"{TASKS}{task}/upload/", data=form(photos(2)))
    for answer in [await daemon.post(f"{TASKS}{task}/commit/") for _ in range(2)]:
        assert (200, task, 2, "waiting") == (answer[0], answer[1]["id"], answer[1]["images_count"], answer[1]["stage"])
    await daemon.post(f"{TASKS}{task}/cancel/")
    assert (200, "ended") == ((answer := await daemon.post(f"{TASKS}{task}/commit/"))[0], answer[1]["stage"])
    abandoned = await draft(daemon)
    await daemon.post(f"{TASKS}{abandoned}/cancel/")
    assert 409 == (await daemon.post(f"{TASKS}{abandoned}/commit/"))[0]


async def duplicate(daemon, task):
    status, answer = await daemon.post(f"{TASKS}{task}/duplicate/")
    assert (200, True) == (status, answer["success"])
    return answer["task"]


async def test_a_duplicate_has_the_same_images_and_options_and_its_own_life(daemon):
    options = [{"name": "dsm", "value": True}]
    body = form([("b.jpg", b"1"), ("a.jpg", b"2"), ("gcp_list.txt", b"3")], name="North", options=json.dumps(options))
    _, first = await daemon.post(TASKS, data=body)
    second = await duplicate(daemon, first["id"])
    assert ("North", options, 2, False, "waiting") == (
        second["name"], second["options"], second["images_count"], second["partial"], second["stage"],
    )  # fmt: skip
    assert first["id"] != second["id"]
    await remove(daemon, first["id"])
    await until({}, lambda: on_disk(daemon, first["id"]))
    expected = {"b.jpg": b"1", "a.jpg": b"2", "gcp_list.txt": b"3"}
    assert expected == on_disk(daemon, second["id"])
    third = await duplicate(daemon, second["id"])
    assert expected == on_disk(daemon, third["id"])


async def test_a_duplicate_of_images_from_elsewhere_has_them_from_there(folder):
    photos_ = folder / "photos"
    photos_.mkdir()
    for name in ("a.jpg", "b.jpg", "points.txt"):
        (photos_ / name).write_bytes(b"1")
    async with site(folder, files={"import_roots": [photos_]}) as daemon:
        desk, read_sources = daemon.app.engine.turn, daemon.app.files.sources
        first = await settle_named(desk, "create-task", {
            "images": [str(photos_ / "a.jpg"), {"uri": str(photos_ / "b.jpg"), "name": "other.jpg"}],
            "ground_control_points": str(photos_ / "points.txt"),
        })  # fmt: skip
        second = await duplicate(daemon, first["id"])
        assert first["ground_control_points"] == second["ground_control_points"]
        assert sorted(await read_sources(first["id"]), key=str) == sorted(await read_sources(second["id"]), key=str)


async def test_a_draft_is_not_duplicated(daemon):
    task = await draft(daemon)
    status, body = await daemon.post(f"{TASKS}{task}/duplicate/")
    assert (409, f"task {task} is a draft") == (status, body["detail"].partition(",")[0])


@pytest.mark.parametrize("sent", ["North & South; 1$.JPG", "Föhn: 7.jpg", "a<b>.tif"])
async def test_a_sender_finds_files_under_his_own_names(daemon, sent):
    """Dropzone sends a file anew until it finds it so."""
    task = await draft(daemon)
    for _ in range(2):
        answer = await daemon.post(f"{TASKS}{task}/upload/", data=form([(f"C:\\photos\\{sent}", PHOTO)]))
        assert (200, {"success": True, "uploaded": {sent: len(PHOTO)}}) == answer
    path, body = chunk(task, 0, b"abcd", offset=0, total=1, name=sent)
    assert (200, {"success": True, "uploaded": {sent: 4}}) == await daemon.post(path, data=body)
    assert 1 == len(on_disk(daemon, task))


async def test_a_draft_whose_images_cannot_be_counted_is_shown(daemon, monkeypatch):
    task = await draft(daemon)

    async def fail(_):
        raise StorageFailed("The disk is away.")

    monkeypatch.setattr(daemon.app.files.albums, "count", fail)
    assert 0 == (await daemon.get(f"{TASKS}{task}/"))[1]["images_count"]
    assert [0] == [each["images_count"] for each in (await daemon.get(TASKS))[1]]


async def test_a_draft_counts_the_images_that_have_come(daemon):
    body = form([*photos(2), ("gcp_list.txt", b"1")], partial="true")
    status, task = await daemon.post(TASKS, data=body)
    assert (201, 2) == (status, task["images_count"])
    await daemon.post(f"{TASKS}{task['id']}/upload/", data=form([("more.jpg", PHOTO)]))
    assert 3 == (await daemon.get(f"{TASKS}{task['id']}/"))[1]["images_count"]
    assert 3 == (await daemon.patch(f"{TASKS}{task['id']}/", json={"name": "x"}))[1]["images_count"]
    assert 3 == (await daemon.patch(f"{TASKS}{task['id']}/", json={}))[1]["images_count"]
    assert [3] == [each["images_count"] for each in (await daemon.get(TASKS))[1]]
    assert 3 == (await daemon.post(f"{TASKS}{task['id']}/commit/"))[1]["images_count"]
