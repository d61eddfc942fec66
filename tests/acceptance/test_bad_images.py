"""Images that cannot be taken: the answer names each of them with what is wrong, and no task is made."""

import asyncio
import json
import os

import pytest
import pytest_asyncio

from tests.acceptance.plain_client import fields

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTSIDE = "lies, or leads, outside the folders open for imports (files.import_roots)."
TAKEN = "jpg, jpeg, png, tif, tiff, bmp, dng, nef, raw, jxl, mp4, mov, lrv, ts"


@pytest.fixture
def folder(unharmed):
    """A folder open for imports with all that can be wrong in it."""
    made = unharmed.folder / "photos" / "odd"
    made.mkdir(exist_ok=True)
    outside = unharmed.folder / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.jpg").write_bytes(b"secret")
    (made / "sub").mkdir(exist_ok=True)
    (made / "empty.jpg").write_bytes(b"")
    (made / "notes.docx").write_bytes(b"words")
    for name, target in {
        "dangling.jpg": made / "nowhere.jpg",
        "out.jpg": outside / "secret.jpg",
        "way": outside,
    }.items():
        if not (made / name).is_symlink():
            (made / name).symlink_to(target)
    if not (made / "pipe.jpg").exists():
        os.mkfifo(made / "pipe.jpg")
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def no_task_is_made(unharmed):
    before = await unharmed.get("/tasks")
    yield
    assert before == await unharmed.get("/tasks")


CASES = {
    "missing.jpg": "{path} does not exist.",
    "missing/folder/1.jpg": "{path} does not exist.",
    "sub/": "{path} has no image in it: {taken} are taken.",
    "*.png": "{path} has no image in it: {taken} are taken.",
    "missing/*.jpg": "{parent} does not exist.",
    "empty.jpg": "file://{path} is empty (0 bytes).",
    "notes.docx": "file://{path} is no image: {taken} are taken, and beside them gcp*.txt, geo.txt, image_groups.txt.",
    "pipe.jpg": "{path} is neither a regular file nor a folder.",
    "dangling.jpg": "{path} does not exist.",
    "out.jpg": "{path} {outside}",
    "way/secret.jpg": "{path} {outside}",
    "way/*.jpg": "{path} {outside}",
    "../../outside/secret.jpg": "{path} {outside}",
    "empty.jpg/1.jpg": "{path} does not exist.",
}


@pytest.mark.parametrize(("name", "message"), CASES.items())
async def test_a_file_that_cannot_be_taken_is_named_with_the_reason(unharmed, folder, no_task_is_made, name, message):
    path = f"{folder}/{name}"
    wanted = message.format(path=path, parent=path.rpartition("/")[0], outside=OUTSIDE, taken=TAKEN)
    problem = await unharmed.client.refused("create-task", {"images": [*unharmed.photos[:1], path]})
    assert ("validation", 422) == (problem["type"], problem["status"])
    assert [{"field": "images[1]", "message": wanted}] == problem["errors"]
    assert f"images[1]: {wanted}" == problem["detail"]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/", "/", "/root/x.jpg", "/proc/self/environ", "/dev/zero", "/no/such/*.jpg"]
)
async def test_nothing_is_told_of_what_lies_outside_the_roots(unharmed, no_task_is_made, path):
    problem = await unharmed.client.refused("create-task", {"images": [path, f"file://{path}"]})
    assert ["images[0]", "images[1]"] == fields(problem)
    assert all(OUTSIDE in error["message"] for error in problem["errors"]), problem


async def test_every_missing_file_is_named_at_once(unharmed, folder, no_task_is_made):
    missing = [f"{folder}/IMG_{number}.JPG" for number in range(7)]
    problem = await unharmed.client.refused("create-task", {"images": missing})
    assert [f"images[{number}]" for number in range(7)] == fields(problem)
    assert problem["detail"].endswith("does not exist. (7 errors in all)")


async def test_a_file_that_is_settled_as_missing_is_not_shelved(unharmed, folder):
    shelved = len(unharmed.client.dead_letters.messages)
    said = {"message_id": "missing-1"}
    await unharmed.client.refused("create-task", {"images": [f"{folder}/missing.jpg"]}, **said)
    await unharmed.client.refused("create-task", b"{", message_id="after-missing-1")
    await unharmed.client.dead_letter("after-missing-1")
    assert shelved + 1 == len(unharmed.client.dead_letters.messages)


async def test_ground_control_points_that_are_missing_or_outside_are_named(unharmed, folder):
    for path, told in {f"{folder}/gcp.txt": "does not exist.", "/etc/gcp.txt": OUTSIDE}.items():
        body = {"images": unharmed.photos[:1], "ground_control_points": path}
        problem = await unharmed.client.refused("create-task", body)
        assert [{"field": "ground_control_points", "message": f"{path} {told}"}] == problem["errors"]


async def test_a_commit_with_a_missing_file_leaves_the_draft_a_draft(unharmed, folder):
    draft = await unharmed.create(images=[], partial=True)
    body = {"task": draft["id"], "images": [f"{folder}/missing.jpg"]}
    assert ["images[0]"] == fields(await unharmed.client.refused("commit-task", body))
    assert ["images"] == fields(await unharmed.client.refused("commit-task", {"task": draft["id"]}))
    committed = await unharmed.client.ok("commit-task", {"task": draft["id"], "images": unharmed.photos[:2]})
    assert (2, False) == (committed["images_count"], committed["partial"])
    assert 40 == (await unharmed.client.ended(draft["id"]))["status"]


async def test_a_file_that_goes_missing_later_fails_the_task_by_name(unharmed):
    """Between the command and the upload anything may happen to a file."""
    lost = unharmed.folder / "photos" / "lost.jpg"
    lost.write_bytes((unharmed.folder / "photos" / "DJI_0.JPG").read_bytes())
    async with unharmed.another_node() as (node, id_):
        node.hang()
        task = await unharmed.create(images=[*unharmed.photos[:1], str(lost)], processing_node=id_)
        lost.unlink()
        node.unhang()
        ended = await unharmed.client.ended(task["id"])
    assert 30 == ended["status"]
    assert "lost.jpg is missing: it was there when the task was created." == ended["last_error"]


async def test_a_web_image_that_cannot_be_fetched_is_waited_for_with_a_reason_that_keeps_its_secrets(unharmed):
    async with unharmed.another_node() as (_, id_):
        images = ["http://user:canary@127.0.0.1:9/IMG_1.JPG?signature=canary"]
        task = await unharmed.create(images=images, processing_node=id_)
        seen = await unharmed.client.task(task["id"], lambda it: "IMG_1.JPG" in it["reason"])
        assert (None, "uploading") == (seen["status"], seen["stage"])
        assert seen["reason"].startswith("IMG_1.JPG from http://127.0.0.1:9/IMG_1.JPG: nobody listens at 127.0.0.1:9 ")
        assert "canary" not in json.dumps(seen) + unharmed.daemon.log.read_text()
        await unharmed.client.ok("set-pending-action", {"task": task["id"], "pending_action": "CANCEL"})
        assert 50 == (await unharmed.client.ended(task["id"]))["status"]


async def test_a_web_image_inside_a_private_network_fails_the_task_and_is_not_tried_again(unharmed):
    async with unharmed.another_node() as (_, id_):
        images = ["http://user:canary@10.255.255.1/IMG_1.JPG?signature=canary"]
        ended = await unharmed.client.ended((await unharmed.create(images=images, processing_node=id_))["id"])
    expected = (
        "IMG_1.JPG from http://10.255.255.1/IMG_1.JPG: 10.255.255.1 is not a public address; "
        "files.allow_private_addresses can allow it."
    )
    assert (30, expected) == (ended["status"], ended["last_error"])


async def test_a_web_image_that_cannot_be_fetched_does_not_keep_a_node_from_others(unharmed):
    async with unharmed.another_node(seconds=0.1) as (_, id_):
        stuck = await unharmed.create(images=["http://127.0.0.1:9/IMG_1.JPG"], processing_node=id_)
        await unharmed.client.task(stuck["id"], lambda it: "IMG_1.JPG" in it["reason"])
        other = await unharmed.create(processing_node=id_)
        async with asyncio.timeout(25):
            assert 40 == (await unharmed.client.ended(other["id"]))["status"]


async def test_twenty_thousand_and_one_images_are_too_many(unharmed, no_task_is_made):
    problem = await unharmed.client.refused("create-task", {"images": ["/a.jpg"] * 20_001})
    assert [{"field": "images", "message": "must be a list of at most 20000 entries"}] == problem["errors"]
    assert json.dumps(problem).count("a.jpg") == 0
