"""Zips made while they are sent: readable by others, and as long as was said."""

import io
import zipfile
from pathlib import Path

import pytest

from orchestrator.files import packing
from orchestrator.files.packing import Packed, Shrunk, length, pack

CONTENTS = {"a.txt": b"a" * 10, "b/ö.bin": b"", "c.tif": bytes(range(256)) * 2000}


def packed(contents, time=1_700_000_000.0):
    return [Packed(name, len(content), time, Path(name)) for name, content in contents.items()]


def zipped(files, contents):
    return b"".join(pack(files, opened=lambda path: io.BytesIO(contents[str(path)])))


@pytest.mark.parametrize("limit", [0xFFFFFFFF, 100, 5], ids=["small", "large file", "all large"])
@pytest.mark.parametrize("contents", [CONTENTS, {"a.txt": b"x"}, {}])
def test_it_is_as_long_as_was_said_and_anyone_can_read_it(monkeypatch, contents, limit):
    monkeypatch.setattr(packing, "_LIMIT", limit)
    files = packed(contents)
    made = zipped(files, contents)

    assert length(files) == len(made)


@pytest.mark.parametrize("contents", [CONTENTS, {f"{n}.png": b"tile" for n in range(70_000)}], ids=["few", "many"])
def test_anyone_can_read_it(contents):
    made = zipped(packed(contents), contents)

    with zipfile.ZipFile(io.BytesIO(made)) as bundle:
        assert list(contents) == bundle.namelist()
        assert contents == {name: bundle.read(name) for name in list(contents)}
        assert (2023, 11, 14, 22, 13, 20) == bundle.infolist()[0].date_time
    assert length(packed(contents)) == len(made)


def test_a_file_beyond_four_gigabytes_has_its_length(tmp_path):
    """Holes in a file take no room, and the zip is only counted."""
    path = tmp_path / "large.tif"
    with path.open("wb") as file:
        file.truncate(2**32 + 5)
    files = [Packed("large.tif", 2**32 + 5, 0.0, path), Packed("after.txt", 1, 0.0, tmp_path / "after.txt")]
    (tmp_path / "after.txt").write_bytes(b"x")
    target = tmp_path / "all.zip"
    with target.open("wb") as out:
        for piece in pack(files, opened=lambda path: path.open("rb")):
            out.seek(len(piece), 1) if piece.count(0) == len(piece) else out.write(piece)

    assert length(files) == target.stat().st_size
    with zipfile.ZipFile(target) as bundle:
        assert [2**32 + 5, 1] == [entry.file_size for entry in bundle.infolist()]
        assert b"x" == bundle.read("after.txt")


def test_a_file_that_has_become_shorter_is_told():
    with pytest.raises(Shrunk):
        zipped(packed({"a.txt": b"long"}), {"a.txt": b"l"})


def test_times_before_there_were_zips_are_those_of_the_first():
    made = zipped(packed({"a": b"1"}, time=0.0), {"a": b"1"})

    assert (1980, 1, 1, 0, 0, 0) == zipfile.ZipFile(io.BytesIO(made)).infolist()[0].date_time
