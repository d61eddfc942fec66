"""Results over HTTP: assets as attachments, with ranges and ETags, folders as zips, raw files where they are."""

import io
import zipfile

import aiohttp
import pytest
from PIL import Image

from tests.integration.api.photos import arrivals, form, until

ABSENT = (404, {"detail": "Asset does not exist"})
ORTHO = b"0123456789"
TASK = "/projects/1/tasks/{}"

TREE = {
    "odm_orthophoto/odm_orthophoto.tif": ORTHO,
    "odm_texturing/model.obj": b"object",
    "odm_texturing/textures/1 ö.png": b"texture",
    "odm_texturing/odm_textured_model_geo.glb": b"glb",
    "odm_report/page.html": b"<script>alert(1)</script>",
    "odm_report/code.js": b"alert(1)",
    "empty.txt": b"",
}


def fill(daemon, task, tree=TREE):
    assets = daemon.app.settings.files.root / "tasks" / str(task) / "assets"
    for name, content in tree.items():
        path = assets / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return assets


@pytest.fixture
async def task(daemon):
    _, made = await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "North Field, 2"})
    fill(daemon, made["id"])
    return made["id"]


async def fetch(daemon, path, method="GET", **headers):
    async with daemon.session.request(method, f"{daemon.url}/api{path}", headers=headers) as response:
        return response.status, await response.read(), response.headers


def ortho(task):
    return f"{TASK.format(task)}/download/orthophoto.tif"


async def test_an_asset_is_an_attachment_with_its_length(daemon, task):
    status, body, headers = await fetch(daemon, ortho(task))
    assert (200, ORTHO, "10", "image/tiff", "bytes") == (
        status, body, headers["Content-Length"], headers["Content-Type"], headers["Accept-Ranges"],
    )  # fmt: skip
    assert 'attachment; filename="North-Field-2-orthophoto.tif"' == headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("filename=map.tif", 'attachment; filename="map.tif"'),
        ("filename=..%2Fa%22b%0D%0A%C3%BC.tif&inline=1", 'inline; filename="a_b___.tif"'),
        ("inline", 'inline; filename="North-Field-2-orthophoto.tif"'),
        ("filename=", 'attachment; filename="North-Field-2-orthophoto.tif"'),
    ],
)
async def test_an_asset_is_saved_under_the_name_that_is_asked_for_or_shown(daemon, task, query, told):
    status, body, headers = await fetch(daemon, f"{ortho(task)}?{query}")
    assert (200, ORTHO, told) == (status, body, headers["Content-Disposition"])


async def test_nothing_is_kept_without_asking_whether_it_still_holds(daemon, task):
    _, _, headers = await fetch(daemon, ortho(task))
    status, _, same = await fetch(daemon, ortho(task), **{"If-None-Match": headers["ETag"]})
    assert (304, *["private, no-cache"] * 2) == (status, headers["Cache-Control"], same["Cache-Control"])


async def test_head_tells_all_but_the_body(daemon, task):
    status, body, headers = await fetch(daemon, ortho(task), "HEAD")
    assert (200, b"", "10", "bytes") == (status, body, headers["Content-Length"], headers["Accept-Ranges"])


async def test_an_image_that_came_over_http_is_sent_back(daemon):
    images = [("a b.JPG", b"0123"), ("b.JPG", b"1")]
    _, task = await daemon.post("/projects/1/tasks/", data=form(images, partial="true"))
    path = f"{TASK.format(task['id'])}/images/download/"
    status, body, headers = await fetch(daemon, f"{path}a%20b.JPG", Range="bytes=1-2")
    assert (206, b"12", "image/jpeg", 'attachment; filename="a b.JPG"') == (
        status, body, headers["Content-Type"], headers["Content-Disposition"],
    )  # fmt: skip
    for name in ("c.JPG", "..%2fassets", "a%20b.JPG%00"):
        assert (404, {"detail": "Not found."}) == await daemon.get(f"{path}{name}")


async def test_the_images_that_came_over_http_are_listed_by_name_with_their_sizes(daemon):
    _, task = await daemon.post("/projects/1/tasks/", json={"partial": True})
    images = f"{TASK.format(task['id'])}/images/"
    assert (200, []) == await daemon.get(images)
    files = [("b.JPG", b"1"), ("a b.JPG", b"0123"), ("geo.txt", b"12")]
    await daemon.post(f"{TASK.format(task['id'])}/upload/", data=form(files))
    expected = [{"name": "a b.JPG", "size": 4}, {"name": "b.JPG", "size": 1}, {"name": "geo.txt", "size": 2}]
    assert (200, expected) == await daemon.get(images)
    assert (404, {"detail": "Not found."}) == await daemon.get(f"{TASK.format(99)}/images/")


def picture(format, mode="RGB"):
    made = io.BytesIO()
    Image.new(mode, (48, 36)).save(made, format=format)
    return made.getvalue()


async def test_a_thumbnail_is_no_larger_than_asked_nor_than_the_image(daemon):
    images = [
        ("a.JPG", picture("JPEG")),
        ("b.png", picture("PNG", mode="RGBA")),
        ("c.tif", picture("TIFF", mode="I;16")),
        ("d.JPG", b"no image"),
    ]
    _, task = await daemon.post("/projects/1/tasks/", data=form(images, partial="true"))
    path = f"{TASK.format(task['id'])}/images/thumbnail/"
    for name in ("a.JPG", "b.png", "c.tif"):
        for query, size in (("?size=4", (4, 3)), ("?size=9999999", (48, 36)), ("", (48, 36)), ("?quality=0", (48, 36))):
            status, body, headers = await fetch(daemon, f"{path}{name}{query}")
            assert (200, "image/jpeg") == (status, headers["Content-Type"])
            with Image.open(io.BytesIO(body)) as shown:
                assert ("JPEG", size) == (shown.format, shown.size)
    assert (404, {"detail": "Not found."}) == await daemon.get(f"{path}e.JPG")
    refused = ["d.JPG cannot be shown: it is damaged, or of a kind that is not read here."]
    assert (400, refused) == await daemon.get(f"{path}d.JPG")
    assert 400 == (await daemon.get(f"{path}a.JPG?size=0"))[0]


@pytest.mark.parametrize("name", ["dtm.tif", "nothing.zip", "dtm_tiles.zip", "..%2f..%2forchestrator.db"])
async def test_what_does_not_exist_is_no_asset(daemon, task, name):
    assert ABSENT == await daemon.get(f"{TASK.format(task)}/download/{name}")


@pytest.mark.parametrize(
    ("wanted", "status", "body", "shown"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, ORTHO, "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=4-2", 200, ORTHO, None),
        ("bytes=0-1,3-4", 200, ORTHO, None),
        ("lines=1-2", 200, ORTHO, None),
        ("bytes=-", 200, ORTHO, None),
    ],
)
async def test_ranges_are_sent(daemon, task, *, wanted, status, body, shown):
    found = await fetch(daemon, ortho(task), Range=wanted)
    assert (status, body, shown, str(len(body))) == (
        *found[:2], found[2].get("Content-Range"), found[2]["Content-Length"],
    )  # fmt: skip


async def test_a_range_past_the_end_is_told_the_length(daemon, task):
    status, _, headers = await fetch(daemon, ortho(task), Range="bytes=10-")
    assert (416, "bytes */10") == (status, headers["Content-Range"])


async def test_what_has_not_changed_is_not_sent_again(daemon, task):
    _, _, headers = await fetch(daemon, ortho(task))
    assert (304, b"") == (await fetch(daemon, ortho(task), **{"If-None-Match": headers["ETag"]}))[:2]
    assert (304, b"") == (await fetch(daemon, ortho(task), **{"If-Modified-Since": headers["Last-Modified"]}))[:2]
    assert (200, ORTHO) == (await fetch(daemon, ortho(task), **{"If-None-Match": '"other"'}))[:2]


async def test_a_range_of_other_results_is_answered_with_all_of_the_new(daemon, task):
    _, _, headers = await fetch(daemon, ortho(task))
    for given in (headers["ETag"], headers["Last-Modified"]):
        found = await fetch(daemon, ortho(task), **{"If-Range": given, "Range": "bytes=2-4"})
        assert (206, b"234") == found[:2]
    for given in ('"other"', f"W/{headers['ETag']}", "Mon, 01 Jan 2001 00:00:00 GMT", "nonsense"):
        found = await fetch(daemon, ortho(task), **{"If-Range": given, "Range": "bytes=2-4"})
        assert (200, ORTHO) == found[:2]


async def test_a_folder_is_zipped_while_it_is_sent_with_its_length(daemon, task):
    path = f"{TASK.format(task)}/download/textured_model.zip"
    status, body, headers = await fetch(daemon, path)
    assert (200, str(len(body)), "application/zip") == (status, headers["Content-Length"], headers["Content-Type"])
    with zipfile.ZipFile(io.BytesIO(body)) as bundle:
        assert None is bundle.testzip()
        expected = {"model.obj": b"object", "textures/1 ö.png": b"texture"}
        assert expected == {name: bundle.read(name) for name in bundle.namelist()}
    assert headers["ETag"] == (await fetch(daemon, path))[2]["ETag"]
    assert 304 == (await fetch(daemon, path, **{"If-None-Match": headers["ETag"]}))[0]
    assert (200, body) == (await fetch(daemon, path, Range="bytes=2-4"))[:2]
    await until([], lambda: arrivals(daemon))


@pytest.mark.parametrize("name", ["orthophoto.tif", "textured_model.zip"])
async def test_a_download_goes_on_while_new_results_take_the_place_of_the_old(daemon, task, name):
    """The old tree is renamed, deleted, and another put there while the old is still on its way."""
    large = {"odm_orthophoto/odm_orthophoto.tif": b"o" * 20_000_000, "odm_texturing/model.obj": b"m" * 20_000_000}
    assets = fill(daemon, task, large)
    async with daemon.session.get(f"{daemon.url}/api{TASK.format(task)}/download/{name}") as response:
        first = await response.content.readexactly(1000)
        gone = assets.rename(assets.with_name("assets.old"))
        for path in sorted(gone.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        gone.rmdir()
        fill(daemon, task, dict.fromkeys(large, b"new"))
        rest = await response.content.read()
    assert int(response.headers["Content-Length"]) == len(first) + len(rest)
    assert b"new" not in rest
    assert 200 == (await fetch(daemon, f"{TASK.format(task)}/download/{name}"))[0]


@pytest.mark.parametrize(
    ("path", "kind", "policy"),
    [
        ("odm_report/page.html", "text/html; charset=utf-8", "sandbox"),
        ("odm_report/code.js", "application/octet-stream", "default-src 'none'"),
        ("odm_orthophoto/odm_orthophoto.tif", "image/tiff", "default-src 'none'"),
        ("empty.txt", "text/plain; charset=utf-8", "default-src 'none'"),
    ],
)
async def test_raw_files_are_shown_and_cannot_act_in_our_name(daemon, task, path, kind, policy):
    status, body, headers = await fetch(daemon, f"{TASK.format(task)}/assets/{path}")
    assert (200, TREE[path], kind, "nosniff", "inline") == (
        status, body, headers["Content-Type"], headers["X-Content-Type-Options"], headers["Content-Disposition"],
    )  # fmt: skip
    assert policy == headers.get("Content-Security-Policy", "").partition(";")[0]


@pytest.mark.parametrize(
    "path",
    ["odm_report", "odm_report/", "%2e%2e/images/a.jpg", "odm_report/%2e%2e/%2e%2e/x", "/etc/passwd", "%00", "x"],
)
async def test_nothing_but_files_of_the_results_is_shown(daemon, task, path):
    url = f"{daemon.url}/api{TASK.format(task)}/assets/{path}"
    async with aiohttp.ClientSession() as raw, raw.get(aiohttp.client.URL(url, encoded=True)) as response:
        assert 404 == response.status


async def test_links_in_results_lead_nowhere(daemon, task):
    assets = fill(daemon, task)
    (assets / "link.txt").symlink_to(daemon.app.settings.files.root / "orchestrator.db")
    (assets / "up").symlink_to(daemon.app.settings.files.root)
    for path in ("link.txt", "up/orchestrator.db"):
        assert ABSENT == await daemon.get(f"{TASK.format(task)}/assets/{path}")
