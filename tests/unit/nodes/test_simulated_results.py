"""The results of the simulated node are small, and every one of them opens."""

import io
import json
import math
import re
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from orchestrator.nodes.simulated.results import Dataset, build_archive
from orchestrator.nodes.simulated.results.place import Place, to_utm

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCALE, TIEPOINT, KEYS = 33550, 33922, 34735


def photo(path: Path, latitude: float | None = None, longitude: float = 0.0) -> Path:
    image = Image.new("RGB", (40, 30), "olive")
    exif = Image.Exif()
    if latitude is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
                ExifTags.GPS.GPSLatitude: (abs(latitude), 0.0, 0.0),
                ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
                ExifTags.GPS.GPSLongitude: (abs(longitude), 0.0, 0.0),
                ExifTags.GPS.GPSAltitude: 123.0,
            }
        )
    image.save(path, "JPEG", exif=exif)
    return path


def archive_of(folder: Path, images: list[Path], name: str = "Field", **options: object) -> zipfile.ZipFile:
    dataset = Dataset(
        uuid="u", name=name, node="sim", images=images, options=options, output=["line"], started=NOON, ended=NOON
    )
    build_archive(folder / "all.zip", dataset)
    return zipfile.ZipFile(folder / "all.zip")


def test_the_archive_has_the_tree_of_odm(tmp_path: Path):
    archive = archive_of(tmp_path, [photo(tmp_path / "a.jpg")], dsm=True, dtm=True)
    assert archive.testzip() is None
    assert {
        "odm_orthophoto/odm_orthophoto.tif",
        "odm_orthophoto/odm_orthophoto.png",
        "odm_georeferencing/odm_georeferenced_model.laz",
        "odm_dem/dsm.tif",
        "odm_dem/dtm.tif",
        "odm_texturing/odm_textured_model_geo.obj",
        "odm_texturing/odm_textured_model_geo.mtl",
        "odm_texturing/odm_textured_model_geo_material0000_map_Kd.png",
        "odm_texturing/odm_textured_model_geo.glb",
        "odm_report/report.pdf",
        "odm_report/shots.geojson",
        "cameras.json",
        "log.json",
    } == set(archive.namelist())


def test_elevation_models_come_only_when_asked_for(tmp_path: Path):
    names = archive_of(tmp_path, [photo(tmp_path / "a.jpg")]).namelist()
    assert not [name for name in names if name.startswith("odm_dem/")]


def test_the_orthophoto_lies_where_the_images_were_taken(tmp_path: Path):
    images = [photo(tmp_path / "a.jpg", -33.0, 151.0), photo(tmp_path / "b.jpg", -33.001, 151.001)]
    tif = archive_of(tmp_path, images).read("odm_orthophoto/odm_orthophoto.tif")
    with Image.open(io.BytesIO(tif)) as image:
        image.load()
        tags = image.tag_v2
        assert "RGBA" == image.mode
        assert (3072, 0, 1, 32756) == tags[KEYS][16 - 4 : 16]
        centre = tags[TIEPOINT][3] + tags[SCALE][0] * image.width / 2
    assert math.isclose(to_utm(Place(-33.0005, 151.0005, 0)).easting, centre, abs_tol=0.01)


def test_images_without_position_lie_somewhere(tmp_path: Path):
    broken = tmp_path / "b.jpg"
    broken.write_bytes(b"no image")
    archive = archive_of(tmp_path, [photo(tmp_path / "a.jpg"), broken], dsm=True)
    for name in ("odm_orthophoto/odm_orthophoto.tif", "odm_dem/dsm.tif"):
        with Image.open(io.BytesIO(archive.read(name))) as image:
            image.load()
            assert 32632 == image.tag_v2[KEYS][15]
    assert 2 == len(json.loads(archive.read("odm_report/shots.geojson"))["features"])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(0.0, 9.0, 0.0), (500_000.0, 0.0, 32632)),
        (Place(48.8582, 2.2945, 0.0), (448_251.9, 5_411_943.8, 32631)),
        (Place(-22.9519, -43.2105, 0.0), (683_466.0, 7_460_687.0, 32723)),
    ],
)
def test_utm_agrees_with_known_points(place: Place, expected: tuple[float, float, int]):
    point = to_utm(place)
    assert expected[2] == point.epsg
    assert math.dist(expected[:2], (point.easting, point.northing)) < 20


def test_the_report_is_a_pdf_whose_table_points_at_its_objects(tmp_path: Path):
    images = [photo(tmp_path / f"{n}.jpg") for n in range(3)]
    pdf = archive_of(tmp_path, images, name="Acre (north) \\ 漢").read("odm_report/report.pdf")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[1])
    table = pdf[start:].splitlines()
    assert b"xref" == table[0]
    entries = [line for line in table[2:] if line.endswith(b" n ")]
    for number, entry in enumerate(entries, 1):
        assert pdf[int(entry[:10]) :].startswith(b"%d 0 obj" % number)
    assert b"Acre \\(north\\) \\\\ ?" in pdf
    assert b"Images: 3" in pdf


def test_the_point_cloud_is_las(tmp_path: Path):
    las = archive_of(tmp_path, [photo(tmp_path / "a.jpg")]).read("odm_georeferencing/odm_georeferenced_model.laz")
    offset, records, point_format, length, count = struct.unpack_from("<IIBHI", las, 96)
    assert (b"LASF", 1, 2, 1, 2, 26) == (las[:4], las[24], las[25], records, point_format, length)
    assert len(las) == offset + length * count
    top, bottom = struct.unpack_from("<2d", las, 179)
    assert top > bottom > 100_000


def test_the_model_is_glb(tmp_path: Path):
    glb = archive_of(tmp_path, [photo(tmp_path / "a.jpg")]).read("odm_texturing/odm_textured_model_geo.glb")
    magic, version, length = struct.unpack_from("<4sII", glb)
    assert (b"glTF", 2, len(glb)) == (magic, version, length)
    size, kind = struct.unpack_from("<I4s", glb, 12)
    assert b"JSON" == kind
    scene = json.loads(glb[20 : 20 + size])
    binary, kind = struct.unpack_from("<I4s", glb, 20 + size)
    assert b"BIN\0" == kind
    assert 0 == size % 4 == binary % 4
    assert scene["buffers"][0]["byteLength"] <= binary


def test_the_log_tells_what_was_asked(tmp_path: Path):
    log = json.loads(archive_of(tmp_path, [photo(tmp_path / "a.jpg")], dsm=True).read("log.json"))
    assert ({"dsm": True}, 1, True) == (log["options"], log["images"], log["success"])
