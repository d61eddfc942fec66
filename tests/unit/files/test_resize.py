"""Smaller copies that keep what photogrammetry reads from a photo."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from orchestrator.domain.errors import SourceFailed, StorageFailed
from orchestrator.domain.task import Source, Task
from orchestrator.engine.ports import OutgoingFile
from orchestrator.files import ImageFiles
from orchestrator.files.exif import with_dimensions

EXIF_IFD, GPS_IFD = 0x8769, 0x8825


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x010F] = "DJI"
    block[0x0112] = 6
    block[EXIF_IFD] = {0xA002: 4000, 0xA003: 3000, 0x920A: IFDRational(88, 10), 0x927C: b"maker note" * 3}
    block[GPS_IFD] = {1: "N", 2: (46.0, 30.0, 15.5), 3: "E", 4: (9.0, 50.0, 1.25), 6: 1234.5}
    return block


def photo(path: Path, size: tuple[int, int] = (400, 300), mode: str = "RGB", **extras: Any) -> Path:
    Image.linear_gradient("L").resize(size).convert(mode).save(path, exif=exif().tobytes(), **extras)
    return path


async def staged(images: ImageFiles, task: Task, path: Path, *, resize_to: int = 200) -> OutgoingFile:
    found = await images.expand([Source(str(path), "")])
    assert isinstance(found, tuple)
    return await images.stage(task, found[0], resize_to=resize_to)


async def opened(file: OutgoingFile) -> Image.Image:
    data = b"".join([piece async for piece in file.chunks()])
    assert file.size == len(data)
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.tif"])
async def test_the_longest_side_is_as_asked_and_position_and_camera_are_kept(images, task, flight, name):
    small = await opened(await staged(images, task, photo(flight / name)))

    kept = small.getexif()
    assert (200, 150) == small.size
    assert ("DJI", 6) == (kept[0x010F], kept[0x0112])
    assert 8.8 == pytest.approx(float(kept.get_ifd(EXIF_IFD)[0x920A]))
    assert exif()[GPS_IFD][2] == kept.get_ifd(GPS_IFD)[2]
    assert 1234.5 == pytest.approx(float(kept.get_ifd(GPS_IFD)[6]))


async def test_dimensions_in_exif_are_those_of_the_copy_and_maker_notes_keep_their_bytes(images, task, flight):
    inner = (await opened(await staged(images, task, photo(flight / "a.jpg")))).getexif().get_ifd(EXIF_IFD)

    assert (200, 150, b"maker note" * 3) == (inner[0xA002], inner[0xA003], inner[0x927C])


async def test_orientation_is_not_applied_twice(images, task, flight):
    small = await opened(await staged(images, task, photo(flight / "a.jpg", (300, 400))))

    assert (150, 200) == small.size


async def test_xmp_and_colour_profile_are_kept(images, task, flight):
    path = photo(flight / "a.jpg", xmp=b"<x:xmpmeta drone-dji:RtkFlag='50'/>", icc_profile=b"profile" * 20)

    small = await opened(await staged(images, task, path))

    assert b"<x:xmpmeta drone-dji:RtkFlag='50'/>" == small.info["xmp"]
    assert b"profile" * 20 == small.info["icc_profile"]


async def test_sixteen_bits_stay_sixteen(images, task, flight):
    Image.new("I;16", (400, 300), 40_000).save(flight / "band.tif")

    small = await opened(await staged(images, task, flight / "band.tif"))

    assert ("I;16", (200, 150), 40_000) == (small.mode, small.size, small.getpixel((10, 10)))


async def test_an_image_is_never_enlarged(images, task, flight, folder):
    path = photo(flight / "a.jpg")

    file = await staged(images, task, path, resize_to=400)

    assert path.stat().st_size == file.size
    assert not (folder / "staging").exists()


async def test_what_is_no_photo_goes_as_it_is(images, task, flight):
    (flight / "a.dng").write_bytes(b"raw sensor data")
    (flight / "gcp_list.txt").write_bytes(b"EPSG:32632")

    assert 15 == (await staged(images, task, flight / "a.dng")).size
    assert 10 == (await staged(images, task, flight / "gcp_list.txt")).size


async def test_a_copy_is_made_once_per_size(images, task, flight, folder):
    path = photo(flight / "a.jpg")

    first = await opened(await staged(images, task, path))
    made = [(entry.name, entry.stat().st_mtime_ns) for entry in (folder / "staging").iterdir()]
    await staged(images, task, path)

    assert (200, 150) == first.size
    assert made == [(entry.name, entry.stat().st_mtime_ns) for entry in (folder / "staging").iterdir()]
    assert (100, 75) == (await opened(await staged(images, task, path, resize_to=100))).size


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("data", [b"no image at all", b"\xff\xd8\xff\xe0 cut", b"II*\0\xff\xff\xff\xff"])
async def test_an_unreadable_image_fails_by_its_name(images, task, flight, folder, data):
    (flight / "broken.jpg").write_bytes(data)

    with pytest.raises(SourceFailed, match=r"broken\.jpg"):
        await staged(images, task, flight / "broken.jpg")
    assert not (folder / "staging").exists()


async def test_an_image_cut_in_the_middle_fails_by_its_name(images, task, flight):
    path = photo(flight / "cut.jpg", (1200, 900))
    path.write_bytes(path.read_bytes()[:4000])

    with pytest.raises(SourceFailed, match=r"cut\.jpg is damaged"):
        await staged(images, task, path)


async def test_too_many_pixels_are_refused_before_they_are_unpacked(images, task, flight, monkeypatch):
    monkeypatch.setattr("orchestrator.files.resize.MAX_PIXELS", 1000)

    with pytest.raises(SourceFailed, match=r"a\.jpg has more than 1,000 pixels"):
        await staged(images, task, photo(flight / "a.jpg"))


async def test_a_full_disk_is_the_disks_failure_and_leaves_nothing(images, task, flight, folder, full_disk):
    path = photo(flight / "a.jpg")

    with pytest.raises(StorageFailed, match="no space is left on the disk"):
        await staged(images, task, path)
    assert [] == list((folder / "staging").iterdir())


@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0", b"Exif\0\0XX", b"\xff" * 40])
def test_an_exif_block_that_makes_no_sense_is_left_alone(block):
    assert block == with_dimensions(block, width=1, height=2)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_dimensions_are_written_in_either_byte_order_and_size(order, kind):
    def block(width: int, height: int) -> bytes:
        value = "H2x" if kind == 3 else "I"
        return b"Exif\0\0" + (
            (b"II*\0" if order == "<" else b"MM\0*")
            + struct.pack(order + "I", 8)
            + struct.pack(order + "HHHIII", 1, EXIF_IFD, 4, 1, 26, 0)
            + struct.pack(order + "HHHI" + value, 2, 0xA002, kind, 1, width)
            + struct.pack(order + "HHI" + value + "I", 0xA003, kind, 1, height, 0)
        )

    assert block(200, 150) == with_dimensions(block(4000, 3000), width=200, height=150)
