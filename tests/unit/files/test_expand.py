"""What commands name becomes single files with unique names, or a sentence for each thing that is wrong."""

import os
import socket
from pathlib import Path

import pytest

from orchestrator.domain.task import Source
from orchestrator.files import ImageFiles, sources
from orchestrator.files.addresses import file_uri
from tests.unit.files.expanding import message, names, problem, write


async def test_a_plain_path_and_a_file_uri_give_the_file_with_its_size(images, flight):
    first, second = write(flight, "IMG_1.JPG", "IMG 2.jpg")

    expected = (
        Source(uri=f"file://{first}", name="IMG_1.JPG", size=5),
        Source(uri=file_uri(str(second)), name="IMG 2.jpg", size=5),
    )
    assert expected == await images.expand([Source(str(first), ""), Source(f"file://{flight}/IMG%202.jpg", "")])


async def test_a_file_uri_may_name_localhost_and_another_machine_is_refused(images, flight):
    write(flight, "a.jpg")

    assert ["a.jpg"] == await names(images, f"file://localhost{flight}/a.jpg")
    assert "another machine" in await message(images, f"file://elsewhere{flight}/a.jpg")


async def test_a_name_of_any_bytes_survives_as_a_uri(images, flight):
    (path,) = write(flight, os.fsdecode(b"\xff\xe4?#%.JPG"))

    (source,) = await images.expand([Source(str(path), "")])

    assert source.uri.isascii()
    assert source.uri.endswith("/%FF%E4%3F%23%25.JPG")
    assert source.name.encode()
    (again,) = await images.expand([Source(source.uri, "")])
    assert source == again


async def test_without_import_roots_the_setting_to_make_is_named(root, flight):
    (path,) = write(flight, "a.jpg")
    images = ImageFiles(root=root)

    assert "set files.import_roots" in await message(images, path)
    await images.close()


@pytest.mark.parametrize("trick", ["../outside.jpg", "../../srv-2/../outside.jpg", "/etc/passwd", "../srv-2/a.jpg"])
async def test_a_path_that_leads_out_of_the_roots_is_refused_whether_or_not_it_exists(images, flight, tmp_path, trick):
    write(tmp_path, "outside.jpg")
    write(tmp_path / "srv-2", "a.jpg")
    place = Path(trick) if trick.startswith("/") else flight.parent / trick

    expected = "outside the folders open for imports"
    assert expected in await message(images, place)
    assert expected in await message(images, f"file://{place}".replace("..", "%2e%2e"))
    assert expected in await message(images, f"{place}-that-does-not-exist")


async def test_a_link_out_of_the_roots_is_refused_and_one_within_is_followed(images, flight, tmp_path):
    write(tmp_path, "outside.jpg")
    write(flight, "inside.jpg")
    (flight / "out.jpg").symlink_to(tmp_path / "outside.jpg")
    (flight / "in.jpg").symlink_to(flight / "inside.jpg")
    (flight / "folder").symlink_to(tmp_path)

    assert "outside the folders" in await message(images, flight / "out.jpg")
    assert "outside the folders" in await message(images, flight / "folder" / "outside.jpg")
    assert "outside the folders" in await message(images, flight / "folder")
    assert "outside the folders" in await message(images, f"{flight}/folder/*.jpg")
    assert "outside the folders" in await message(images, flight)
    (source,) = await images.expand([Source(str(flight / "in.jpg"), "")])
    assert Source(uri=f"file://{flight}/inside.jpg", name="in.jpg", size=5) == source


async def test_a_root_that_is_itself_a_link_is_open(root, flight, tmp_path):
    write(flight, "a.jpg")
    (tmp_path / "link").symlink_to(flight)
    images = ImageFiles(root=root, import_roots=[tmp_path / "link"])

    assert ["a.jpg"] == await names(images, tmp_path / "link" / "a.jpg")
    assert ["a.jpg"] == await names(images, flight / "a.jpg")
    await images.close()


async def test_a_root_that_appears_later_is_open_then(root, tmp_path):
    images = ImageFiles(root=root, import_roots=[tmp_path / "mounted"])
    write(tmp_path / "elsewhere", "a.jpg")
    (tmp_path / "mounted").symlink_to(tmp_path / "elsewhere")

    assert ["a.jpg"] == await names(images, tmp_path / "mounted" / "a.jpg")
    await images.close()


async def test_uploads_are_open_to_whom_they_are_said_to_belong_to(root, task, tmp_path):
    (path,) = write(tmp_path / "uploads", "a.jpg")
    images = ImageFiles(root=root, uploads=tmp_path / "uploads")

    (source,) = await images.expand([Source(str(path), "")], own=True)
    assert "a.jpg" == source.name
    assert "no folder is open for imports" in await message(images, path)
    assert "a.jpg" == (await images.stage(task, source, resize_to=-1)).name
    await images.close()


async def test_special_files_are_refused_by_themselves_and_passed_over_in_a_folder(images, flight):
    write(flight, "a.jpg")
    os.mkfifo(flight / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(flight / "s.jpg"))

    assert "neither a regular file nor a folder" in await message(images, flight / "pipe.jpg")
    assert "neither a regular file nor a folder" in await message(images, flight / "s.jpg")
    assert ["a.jpg"] == await names(images, flight)


async def test_a_folder_gives_its_images_and_side_files_sorted_and_nothing_deeper(images, flight):
    write(flight, "b.JPG", "a.tif", "notes.txt", "gcp_list.txt", "geo.txt", "image_groups.txt", ".hidden.jpg", "x.zip")
    write(flight / "deeper", "c.jpg")

    found = await images.expand([Source(str(flight), "")])

    expected = [
        ("a.tif", False),
        ("b.JPG", False),
        ("gcp_list.txt", True),
        ("geo.txt", True),
        ("image_groups.txt", True),
    ]
    assert expected == [(source.name, source.side) for source in found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.JPG", ["a.JPG", "b.JPG"]),
        ("?.jpg", ["c.jpg"]),
        ("[ab].*", ["a.JPG", "b.JPG"]),
        ("*/*.JPG", ["d.JPG"]),
        ("**/*.JPG", ["a.JPG", "b.JPG", "d.JPG", "e.JPG"]),
        ("**/**/e.*", ["e.JPG"]),
        ("**/deepest/*", ["e.JPG"]),
        ("de*/**", ["d.JPG", "e.JPG"]),
        ("**", ["a.JPG", "b.JPG", "c.jpg", "d.JPG", "e.JPG"]),
    ],
)
async def test_a_pattern_gives_the_images_it_matches(images, flight, pattern, expected):
    write(flight, "a.JPG", "b.JPG", "c.jpg", "readme.md")
    write(flight / "deep", "d.JPG")
    write(flight / "deep" / "deepest", "e.JPG")
    write(flight / ".hidden", "f.JPG")

    assert expected == sorted(await names(images, f"file://{flight}/{pattern}"))


async def test_a_pattern_follows_no_link_to_a_folder_and_cannot_go_round_in_circles(images, flight, tmp_path):
    write(flight, "a.jpg")
    write(tmp_path / "secret", "s.jpg")
    (flight / "out").symlink_to(tmp_path / "secret")
    (flight / "round").symlink_to(flight)

    assert ["a.jpg"] == await names(images, f"{flight}/**/*.jpg")
    assert "has no image in it" in await message(images, f"{flight}/o*/s.jpg")


async def test_a_file_whose_name_looks_like_a_pattern_is_that_file(images, flight):
    write(flight, "IMG[1].jpg", "IMG1.jpg")

    assert ["IMG[1].jpg"] == await names(images, flight / "IMG[1].jpg")


async def test_a_pattern_that_would_look_at_too_much_is_refused(images, flight, monkeypatch):
    write(flight, *(f"{number}.jpg" for number in range(20)))
    monkeypatch.setattr("orchestrator.files.globs.MAX_LOOKED_AT", 10)

    assert "begin it in a deeper folder" in await message(images, f"{flight}/**/*.jpg")


async def test_more_files_than_a_task_takes_are_refused(root, flight):
    write(flight, *(f"{number}.jpg" for number in range(5)))
    images = ImageFiles(root=root, import_roots=[flight], max_files=4)

    assert "a task takes 4 at most" in await message(images, flight)
    assert "a task takes 4 at most" in await message(images, *sorted(flight.iterdir()))
    await images.close()


async def test_an_http_address_gives_its_last_segment_and_is_not_fetched(images):
    uri = "https://user:secret@example.org/flight%207/IMG%201.JPG?signature=abc"

    assert (Source(uri=uri, name="IMG 1.JPG"),) == await images.expand([Source(uri, "")])


async def test_an_http_address_without_a_name_needs_one_and_its_secrets_are_not_repeated(images):
    uri = "https://user:secret@example.org/download?id=7&signature=abc"

    expected = "https://example.org/download does not end in the name of an image: give it a name such as IMG_0001.JPG."
    assert expected == await message(images, uri)
    (source,) = await images.expand([Source(uri, "IMG_1.JPG")])
    assert Source(uri=uri, name="IMG_1.JPG") == source


@pytest.mark.parametrize(
    "uri", ["http://", "http:///x.jpg", "http://[::1/x.jpg", "http://h:99999/x.jpg", "http://h/a b.jpg"]
)
async def test_an_address_that_is_none_is_refused(images, uri):
    assert "is not a valid address" in await message(images, uri)


@pytest.mark.parametrize("uri", ["", "flight/a.jpg", "./a.jpg", "s3://bucket/a.jpg", "ftp://host/a.jpg"])
async def test_what_is_neither_path_nor_known_address_is_refused(images, uri):
    assert "neither an absolute path nor" in await message(images, uri)


async def test_each_wrong_thing_has_its_place_and_sentence(images, flight):
    good, empty, text = write(flight, "good.jpg", "empty.jpg", "notes.txt")
    empty.write_bytes(b"")
    (flight / "nothing").mkdir()
    uris = [good, empty, text, flight / "missing.jpg", flight / "nothing", flight / "*.nef", f"{flight}/a\0b.jpg"]

    found = await problem(images, *map(str, uris))

    taken = sources.TAKEN
    expected = {
        "images[1]": f"file://{empty} is empty (0 bytes).",
        "images[2]": f"file://{text} is no image: {taken} are taken, and beside them {sources.SIDE_TAKEN}.",
        "images[3]": f"{flight}/missing.jpg does not exist.",
        "images[4]": f"{flight}/nothing has no image in it: {taken} are taken.",
        "images[5]": f"{flight}/*.nef has no image in it: {taken} are taken.",
        "images[6]": f"{flight}/a?b.jpg contains a zero byte, which no path may.",
    }
    assert expected == {error.field: error.message for error in found.errors}
    assert ("validation", 422) == (found.type, found.status)


async def test_a_file_that_may_not_be_read_is_refused(images, flight, monkeypatch):
    (path,) = write(flight, "a.jpg")
    monkeypatch.setattr(os, "access", lambda *args: False)

    assert "may not be read by the daemon" in await message(images, path)


async def test_at_most_fifty_errors_are_told(images, flight):
    found = await problem(images, *(flight / f"{number}.jpg" for number in range(200)))

    assert 50 == len(found.errors)


async def test_a_name_too_long_for_the_disk_is_an_error_of_that_field(images, flight):
    assert "cannot be looked at: file name too long" in await message(images, flight / ("x" * 300 + ".jpg"))


async def test_many_files_are_looked_at_in_a_thread_with_the_same_result(images, flight):
    paths = write(flight, *(f"{number:03}.jpg" for number in range(100)))

    assert [path.name for path in paths] == await names(images, *paths)


async def test_looking_has_a_deadline(root, flight, monkeypatch):
    import threading

    write(flight, "a.jpg")
    images = ImageFiles(root=root, import_roots=[flight], listing_deadline=0.05)
    away = threading.Event()
    monkeypatch.setattr(os, "scandir", lambda path: away.wait(10) and None)

    assert "took more than 0.05 s" in await message(images, flight)
    away.set()
    await images.close()
