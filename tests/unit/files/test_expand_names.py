"""Files get names that are unique and safe, and that the processing engine knows."""

from orchestrator.domain.problem import FieldError
from orchestrator.domain.task import Source
from tests.unit.files.expanding import message, names, problem, write


async def test_names_come_out_unique_whatever_their_case_those_taken_included(images, flight):
    for part in ("1", "2", "3"):
        write(flight / part, "IMG_1.JPG")
    write(flight / "4", "img_1.jpg")

    expected = ["IMG_1-3.JPG", "IMG_1-4.JPG", "IMG_1-5.JPG", "img_1-6.jpg"]
    found = await names(images, *(flight / part for part in "1234"), taken=["Img_1.jpg", "IMG_1-2.JPG"])
    assert expected == found


async def test_a_file_named_twice_is_sent_once(images, flight):
    write(flight, "a.jpg", "b.jpg")

    assert ["a.jpg", "b.jpg"] == await names(images, flight / "a.jpg", flight, f"{flight}/*.jpg", flight / "a.jpg")


async def test_a_given_name_is_made_safe_and_keeps_the_kind_of_file(images, flight):
    paths = write(flight, "1.JPG", "2.JPG", "3.JPG", "4.JPG", "5.JPG")
    given = ["../../etc/passwd", "C:\\flights\\north.jpg", "body.json", "-rf\n.png", "seed.zip"]

    found = await images.expand([Source(str(path), name) for path, name in zip(paths, given, strict=True)])

    expected = ["passwd.JPG", "north.jpg", "body.json.JPG", "rf_.png", "seed.zip.JPG"]
    assert expected == [source.name for source in found]


async def test_a_very_long_name_is_cut_and_keeps_its_suffix(images, flight):
    (path,) = write(flight, "ä" * 120 + ".JPG")

    (name,) = await names(images, path)

    assert name.endswith("ä.JPG")
    assert 180 >= len(name.encode())


async def test_a_folder_takes_no_name(images, flight):
    write(flight, "a.jpg")

    assert "must be one file" in await message(images, Source(str(flight), "north.jpg"))


async def test_ground_control_points_get_the_name_that_odm_knows(images, flight):
    image, control = write(flight, "a.jpg", "control.csv")

    found = await images.expand([Source(str(image), ""), Source(str(control), "", side=True)])

    expected = [("a.jpg", False), ("gcp_list.txt", True)]
    assert expected == [(source.name, source.side) for source in found]


async def test_explicit_ground_control_points_win_over_those_in_a_folder(images, flight):
    write(flight, "a.jpg", "gcp_list.txt")
    (control,) = write(flight.parent, "control.txt")

    found = await images.expand([Source(str(flight), ""), Source(str(control), "", side=True)])

    expected = [f"file://{flight}/a.jpg", f"file://{control}"]
    assert expected == [source.uri for source in found]


async def test_ground_control_points_may_be_fetched(images):
    (source,) = await images.expand([Source("https://example.org/points?id=7", "", side=True)])

    assert Source(uri="https://example.org/points?id=7", name="gcp_list.txt", side=True) == source


async def test_wrong_ground_control_points_are_said_of_their_own_field(images, flight):
    write(flight, "a.jpg")

    found = await problem(images, flight / "a.jpg", Source(str(flight / "missing.txt"), "", side=True))
    assert [FieldError("ground_control_points", f"{flight}/missing.txt does not exist.")] == list(found.errors)
    assert "a text file (.txt) is taken" in await message(images, Source(str(flight / "a.jpg"), "", side=True))
    assert "ground control points are one file" in await message(images, Source(str(flight), "", side=True))


async def test_side_files_are_never_renamed_so_a_second_one_is_refused(images, flight):
    for part in ("1", "2"):
        write(flight / part, f"{part}.jpg", "geo.txt")
    write(flight / "3", "3.jpg", "gcp_1.txt", "gcp_2.txt")

    assert "has a file geo.txt already" in await message(images, flight / "1", flight / "2")
    assert "has a file geo.txt already" in await message(images, flight / "1", taken=["GEO.TXT"])
    assert "has ground control points already" in await message(images, flight / "3")
