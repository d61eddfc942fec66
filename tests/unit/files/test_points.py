"""Ground control points keep their place when the images in which they were marked are made smaller."""

import struct
from pathlib import Path

import pytest

from orchestrator.domain.task import Source
from orchestrator.files import points
from tests.unit.files.test_resize import photo

GCP = """EPSG:32615
576529.22 5188003.13 1.5 40 30 Large.JPG
576529.22\t5188003.13 1.5 41.5 33 large.jpg gcp07 extra
1 2 3 8 8 small.jpg
1 2 3 8 8 missing.jpg
1 2 3 8 nan large.jpg
x y z 8 8 large.jpg
<O_O>

"""
MOVED = """EPSG:32615
576529.22 5188003.13 1.5 20 15 Large.JPG
576529.22 5188003.13 1.5 20.75 16.5 large.jpg gcp07 extra
"""


async def sent(images, task, flight: Path, *, resize_to: int) -> bytes:
    """Stage the points beside two photos, and give what would be sent."""
    (flight / "gcp_list.txt").write_text(GCP)
    found = await images.expand([Source(str(flight), "")])
    assert isinstance(found, tuple), found
    (side,) = (source for source in found if source.side)
    file = await images.stage(task, side, resize_to=resize_to, among=found)
    data = b"".join([piece async for piece in file.chunks()])
    assert ("gcp_list.txt", len(data)) == (file.name, file.size)
    return data


async def test_points_move_with_their_image_and_all_else_stays(images, task, flight):
    photo(flight / "large.jpg", (400, 300))
    photo(flight / "small.jpg", (200, 150))
    rest = GCP.splitlines(keepends=True)[3:]
    assert (MOVED + "".join(rest)).encode() == await sent(images, task, flight, resize_to=200)
    assert GCP.encode() == (flight / "gcp_list.txt").read_bytes()


@pytest.mark.parametrize("resize_to", [-1, 400, 1000])
async def test_points_stay_where_no_image_is_made_smaller(images, task, flight, resize_to):
    photo(flight / "large.jpg", (400, 300))
    assert GCP.encode() == await sent(images, task, flight, resize_to=resize_to)


async def test_points_in_an_image_that_cannot_be_read_stay(images, task, flight):
    (flight / "large.jpg").write_bytes(b"no image")
    assert GCP.encode() == await sent(images, task, flight, resize_to=200)


def test_what_is_in_no_encoding_keeps_its_bytes():
    data = b"\xff\xfe\r\n1 2 3 10 20 a.jpg \xff\r\n"
    assert {"a.jpg"} == points.images_of(data)
    assert b"\xff\xfe\r\n1 2 3 5 10 a.jpg \xff" == points.scaled(data, {"a.jpg": 0.5}).rstrip(b"\n")


def deep_tiff(path: Path, *, bands: int) -> bytes:
    """Write a TIFF of so many bands of 16 bits, by hand: Pillow can neither write nor read one."""
    side = 400
    pixels = bytes(side * side * bands * 2)
    tags = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, bands, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8 + 2 * bands), (277, 3, 1, bands), (278, 4, 1, side), (279, 4, 1, len(pixels))]  # fmt: skip
    bits = struct.pack(f"<{bands}H", *[16] * bands)
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = struct.pack("<4sI", b"II*\0", 8 + len(bits) + len(pixels))
    data = head + bits + pixels + struct.pack("<H", len(tags)) + entries + bytes(4)
    path.write_bytes(data)
    return data


async def test_a_multispectral_image_goes_as_it_is(images, task, flight):
    data = deep_tiff(flight / "large.tif", bands=5)
    (found,) = await images.expand([Source(str(flight / "large.tif"), "")])
    file = await images.stage(task, found, resize_to=200)
    assert data == b"".join([piece async for piece in file.chunks()])
