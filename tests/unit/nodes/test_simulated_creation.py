"""The simulated node takes jobs in as NodeODM does, traps included."""

import io
import json
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from tests.unit.nodes.simulated_client import PHOTO, Client, options_json, running

NO_UPLOAD = {"error": "Invalid uuid (not found)"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
MULTIPART_HEAD = "--x\r\nContent-Disposition: form-data; %s\r\n\r\n"
NO_FILE = {"error": "Need at least 1 file.", "noRetry": True}


async def committed_info(client: Client, node, **fields: str):
    uuid = await client.submit(**fields)
    await node.wait_for("ended", uuid)
    return await client.info(uuid)


@pytest.mark.parametrize("arguments", [{"data": {"name": "field"}}, {"json": {"name": "field"}}])
async def test_init_that_is_not_multipart_silently_loses_everything(arguments):
    async with running() as (node, client):
        uuid = (await client.post("/task/new/init", **arguments))["uuid"]
        await client.upload(uuid, "a.jpg")
        await client.commit(uuid)
        await node.wait_for("ended", uuid)
        assert "name" not in await client.info(uuid)


async def test_init_without_uuid_makes_one():
    async with running() as (_, client):
        uuid = (await client.init())["uuid"]
        assert "4" == uuid[14]


async def test_bad_option_values_are_refused_with_json_in_the_text():
    async with running() as (_, client):
        answer = await client.init(options=options_json(dsm="maybe", dtm=1))
        refused = [
            {"name": "dsm", "error": "Cannot convert maybe to boolean"},
            {"name": "dtm", "error": "Cannot convert 1 to boolean"},
        ]
        assert refused == json.loads(answer["error"])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (options_json(dsm="TRUE", nonsense=1), [{"name": "dsm", "value": True}]),
        (options_json(split="12abc", crop="2.50"), [{"name": "split", "value": 12}, {"name": "crop", "value": 2.5}]),
        (options_json(rerun_from="odm_dem"), [{"name": "rerun-from", "value": "odm_dem"}]),
        ('{"dsm": true}', []),
        ("null", []),
        ("[null, 3]", []),
    ],
)
async def test_options_are_typed_and_unknown_ones_dropped(given, kept):
    async with running() as (node, client):
        info = await committed_info(client, node, options=given, skipPostProcessing="true")
        assert kept == info["options"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (options_json(rerun_from="kitchen"), "Invalid value kitchen"),
        (options_json(mesh_octree_depth=15), "outside of"),
        (options_json(orthophoto_resolution=0), "outside of"),
        (options_json(gps_accuracy=-1), "outside of"),
        (options_json(split="many"), "Cannot convert many"),
        ("not json", "Unexpected token o in JSON at position 1"),
        ("[", "Unexpected end of JSON input"),
    ],
)
async def test_bad_options_are_refused(options, complaint):
    async with running() as (_, client):
        assert complaint in (await client.init(options=options))["error"]


@pytest.mark.parametrize(("skip", "added"), [("true", False), ("True", True), ("1", True), (None, True)])
async def test_post_processing_options_are_added_unless_skipped_with_the_exact_word(skip, added):
    async with running() as (node, client):
        info = await committed_info(client, node, **({"skipPostProcessing": skip} if skip else {}))
        assert (["pc-ept", "cog", "gltf"] if added else []) == [option["name"] for option in info["options"]]


@pytest.mark.parametrize(("given", "kept"), [("1795457378850", 1795457378850), ("2026-01-01", 2026), ("1.5e3", 1)])
async def test_date_created_is_read_as_far_as_there_are_digits(given, kept):
    async with running() as (node, client):
        assert kept == (await committed_info(client, node, dateCreated=given))["dateCreated"]


async def test_an_empty_name_gets_a_default():
    async with running() as (node, client):
        assert (await committed_info(client, node, name=""))["name"].startswith("Task of 20")


@pytest.mark.parametrize(
    ("uuid", "taken"),
    [
        ("01890a5d-ac96-774b-bcce-b302099a8057", True),
        ("01890A5D-AC96-174B-8CCE-B302099A8057", True),
        ("01890a5d-ac96-874b-bcce-b302099a8057", False),
        ("01890a5d-ac96-474b-ccce-b302099a8057", False),
        ("task-1", False),
    ],
)
async def test_the_client_may_set_uuids_of_versions_1_to_7(uuid, taken):
    async with running() as (_, client):
        assert ({"uuid": uuid} if taken else {"error": f"Invalid set-uuid: {uuid}"}) == await client.init(uuid)


async def test_a_committed_uuid_cannot_be_set_again():
    async with running() as (_, client):
        uuid = await client.submit()
        assert {"error": f"Invalid set-uuid: {uuid}"} == await client.init(uuid)


async def test_uuids_in_another_case_are_another_job():
    async with running() as (_, client):
        uuid = await client.submit()
        assert {"error": f"{uuid.upper()} not found"} == await client.info(uuid.upper())
        assert {"uuid": uuid.upper()} == await client.init(uuid.upper())


async def test_init_again_keeps_the_files():
    async with running() as (node, client):
        uuid = await client.prepare(2)
        await client.init(uuid, name="second")
        await client.commit(uuid)
        await node.wait_for("queued", uuid)
        info = await client.info(uuid)
        assert ("second", 2) == (info["name"], info["imagesCount"])


async def test_init_again_with_a_bad_option_deletes_the_upload():
    async with running() as (_, client):
        uuid = await client.prepare(2)
        await client.init(uuid, options=options_json(dsm="maybe"))
        assert NO_UPLOAD == await client.upload(uuid, "a.jpg")


async def test_init_refuses_files_and_long_texts():
    async with running() as (_, client):
        form = aiohttp.FormData()
        form.add_field("images", PHOTO, filename="a.jpg")
        assert {"error": "Unexpected field"} == await client.post("/task/new/init", form)
        body = MULTIPART_HEAD % 'name="options"' + "x" * ((1 << 20) + 1) + "\r\n--x--\r\n"
        answer = await client.post("/task/new/init", io.BytesIO(body.encode()), headers=MULTIPART)
        assert {"error": "Field value too long"} == answer


async def test_upload_says_what_is_missing():
    async with running() as (_, client):
        uuid = await client.prepare(0)
        assert NO_FILE == await client.upload(uuid)
        assert NO_FILE == await client.post(f"/task/new/upload/{uuid}")
        assert {"error": "Unexpected field"} == await client.upload(uuid, "a.jpg", field="image")
        assert NO_UPLOAD == await client.upload(str(uuid4()), "a.jpg")
        assert NO_UPLOAD == await client.upload("not-a-uuid", "a.jpg")


async def test_file_names_are_kept_and_clashes_get_underscores(tmp_path: Path):
    async with running(data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        for names in (["café 1.JPG", "body.json"], ["café 1.JPG"], ["café 1.JPG"], ["DCIM/b.jpg"]):
            await client.upload(uuid, *names)
        stored = sorted(path.name for path in (tmp_path / "tmp" / uuid).iterdir())
        assert ["_body.json", "b.jpg", "body.json", "café 1.JPG", "café 1_.JPG", "café 1__.JPG"] == stored


async def test_percent_signs_in_file_names_are_not_decoded(tmp_path: Path):
    async with running(data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        form = aiohttp.FormData(quote_fields=True)
        form.add_field("images", PHOTO, filename="a b.jpg")
        await client.post(f"/task/new/upload/{uuid}", form)
        assert (tmp_path / "tmp" / uuid / "a%20b.jpg").exists()


async def test_a_large_file_arrives_unchanged(tmp_path: Path):
    large = bytes(range(256)) * 40_000 + b"\r\n--tail"
    async with running(data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        await client.upload(uuid, "large.jpg", "copy.jpg", data=large)
        folder = tmp_path / "tmp" / uuid
        assert large == (folder / "large.jpg").read_bytes() == (folder / "copy.jpg").read_bytes()


async def test_a_body_that_ends_early_leaves_the_truncated_file(tmp_path: Path):
    async with running(data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        head = MULTIPART_HEAD % 'name="images"; filename="a.jpg"'
        answer = await client.post(f"/task/new/upload/{uuid}", head.encode() + PHOTO, headers=MULTIPART)
        assert {"error": "Unexpected end of multipart data"} == answer
        assert (tmp_path / "tmp" / uuid / "a.jpg").exists()


async def test_what_is_not_committed_is_invisible():
    async with running() as (_, client):
        uuid = await client.prepare()
        missing = f"{uuid} not found"
        assert {"error": missing} == await client.info(uuid)
        assert {"success": False, "error": missing} == await client.post("/task/remove", {"uuid": uuid})
        assert [] == await client.get("/task/list")


async def test_commit_without_files_destroys_the_upload():
    async with running() as (_, client):
        uuid = await client.prepare(0)
        assert {"error": "Need at least 1 file."} == await client.commit(uuid)
        assert NO_UPLOAD == await client.commit(uuid)


async def test_a_second_commit_finds_nothing():
    async with running() as (_, client):
        assert NO_UPLOAD == await client.commit(await client.submit())


async def test_a_job_is_running_then_queued_then_running():
    async with running() as (node, client):
        uuid = await client.submit()
        await node.wait_for("ended", uuid)
        assert (20, 10, 20, 40) == node.jobs[uuid].history


async def test_too_many_files_fail_the_job_after_the_commit():
    async with running(max_images=3) as (node, client):
        uuid = await client.prepare(3)
        await client.upload(uuid, "gcp.txt")
        await client.commit(uuid)
        await node.wait_for("ended", uuid)
        words = "4 images uploaded, but this node can only process up to 3."
        info = await client.info(uuid)
        assert ({"code": 30, "errorMessage": words}, 0, -1) == (
            info["status"], info["progress"], info["processingTime"],
        )  # fmt: skip


async def test_text_files_and_archives_do_not_count_as_images():
    async with running() as (node, client):
        uuid = await client.prepare(2)
        await client.upload(uuid, "gcp_list.txt", "other.zip", "align.laz")
        await client.commit(uuid)
        assert 5 == (await client.info(uuid))["imagesCount"]
        await node.wait_for("queued", uuid)
        assert 2 == (await client.info(uuid))["imagesCount"]


async def test_a_seed_that_does_not_open_fails_the_job():
    async with running() as (node, client):
        uuid = await client.prepare(2)
        await client.upload(uuid, "seed.zip")
        await client.commit(uuid)
        await node.wait_for("ended", uuid)
        words = "Could not extract .zip file, unzip exited with code 9"
        assert {"code": 30, "errorMessage": words} == (await client.info(uuid))["status"]


def all_in_one(images: int, **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for number in range(images):
        form.add_field("images", PHOTO, filename=f"{number}.jpg")
    for name, value in fields.items():
        form.add_field(name, value)
    return form


async def test_all_in_one_request_makes_a_job():
    async with running() as (node, client):
        uuid = (await client.post("/task/new", all_in_one(2, name="whole")))["uuid"]
        await node.wait_for("ended", uuid)
        info = await client.info(uuid)
        assert ("whole", 2, {"code": 40}) == (info["name"], info["imagesCount"], info["status"])


async def test_all_in_one_request_is_refused_at_once_when_it_cannot_be_done():
    async with running(max_images=3) as (_, client):
        words = "5 images uploaded, but this node can only process up to 3."
        assert {"error": words} == await client.post("/task/new", all_in_one(5))
        assert {"error": "Need at least 1 file."} == await client.post("/task/new", all_in_one(0))
        assert "error" in await client.post("/task/new", all_in_one(0, zipurl="http://127.0.0.1/x.zip"))
