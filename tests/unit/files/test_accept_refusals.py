"""An archive that is damaged, or would reach beyond its folder, is refused whole and changes nothing."""

import os
import stat
import zipfile
from dataclasses import replace

import pytest

from orchestrator.domain.task import IMPORTED_FILE
from orchestrator.files import ArchiveLimits, TaskShelves
from tests.unit.files.accepting import AVAILABLE, RESULTS, leftovers, refusal, tree


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "odm_dem/../../outside.txt",
        "/etc/cron.d/job",
        "C:/windows/file",
        "odm_dem\\..\\..\\file",
        "odm_dem//file",
        "./file",
        "line\nbreak",
        "x" * 300,
        "/".join("x" * 70),
        "/".join(["x" * 200] * 20),
    ],
)
async def test_an_entry_that_is_no_plain_relative_path_is_refused(shelves, task, folder, fetched, *, name, tmp_path):
    path = fetched(task, RESULTS | {name: b"evil"})

    assert "is not taken: its entry" in await refusal(shelves, task)
    assert not path.exists()
    assert {"incoming"} == leftovers(folder)
    assert [] == list(tmp_path.rglob("outside*"))


async def test_a_name_with_a_zero_byte_is_refused(shelves, task):
    path = shelves.download_path(task)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("safeX..", b"")
    path.write_bytes(path.read_bytes().replace(b"safeX..", b"safe\0.."))

    assert "not a plain relative path" in await refusal(shelves, task)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
async def test_links_and_special_files_are_refused(shelves, task, kind):
    with zipfile.ZipFile(shelves.download_path(task), "w") as archive:
        entry = zipfile.ZipInfo("odm_dem/link")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")

    assert "odm_dem/link is a link or a special file" in await refusal(shelves, task)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("first", "second"), [("a.txt", "a.txt"), ("Dem/A.tif", "dem/a.TIF"), ("a", "a/b"), ("a/b", "a")]
)
async def test_names_that_clash_are_refused(shelves, task, first, second):
    with zipfile.ZipFile(shelves.download_path(task), "w") as archive:
        archive.writestr(first, b"1")
        archive.writestr(second, b"2")

    assert "is not taken: its entry" in await refusal(shelves, task)


async def test_encrypted_entries_are_refused(shelves, task, fetched):
    path = fetched(task, {"a": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)

    assert "is encrypted" in await refusal(shelves, task)


async def test_entries_that_share_bytes_are_refused(shelves, task, fetched):
    path = fetched(task, {"a": b"1" * 100, "b": b"2" * 100})
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    path.write_bytes(data)

    assert "overlaps another" in await refusal(shelves, task)


async def test_an_archive_that_unpacks_to_too_much_is_refused_before_anything_is_written(root, task, monkeypatch):
    shelves = TaskShelves(root=root, limits=ArchiveLimits(max_unpacked_bytes=1_000_000))
    with zipfile.ZipFile(shelves.download_path(task), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(2_000_000))

    assert "would unpack to 2,000,000 bytes" in await refusal(shelves, task)

    monkeypatch.setattr("orchestrator.files.archive._RATIO_COUNTS_FROM", 1000)
    shelves = TaskShelves(root=root)
    with zipfile.ZipFile(shelves.download_path(task), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(2_000_000))

    assert "more than 200 times as many" in await refusal(shelves, task)
    assert {"incoming"} == leftovers(root / "tasks" / "134")


async def test_a_wrong_checksum_names_the_entry_deletes_the_archive_and_keeps_the_old_results(
    shelves, task, folder, fetched
):
    fetched(task, RESULTS)
    await shelves.accept(task)
    old = tree(folder / "assets")
    path = fetched(task, {"cameras.json": b"{}", "odm_dem/dsm.tif": b"surface of the earth"})
    path.write_bytes(path.read_bytes().replace(b"surface of", b"SURFACE of"))

    expected = "The results archive is damaged: odm_dem/dsm.tif does not match its checksum."
    assert expected == await refusal(shelves, task)
    assert not path.exists()
    assert old == tree(folder / "assets")
    assert {"assets", "incoming"} == leftovers(folder)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_damage_to_packed_data_is_found_whatever_the_method(shelves, task, method):
    path = shelves.download_path(task)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.bin", os.urandom(100_000))
    data = bytearray(path.read_bytes())
    for at in range(2_000, 4_000):
        data[at] ^= 0xFF
    path.write_bytes(data)

    assert "a.bin does not match its checksum" in await refusal(shelves, task)


async def test_an_entry_shorter_than_it_says_is_damage(shelves, task, fetched):
    path = fetched(task, {"a.bin": b"x" * 100})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\1\2")
    data[entry + 24 : entry + 28] = (200).to_bytes(4, "little")
    path.write_bytes(data)

    assert "a.bin does not match its checksum" in await refusal(shelves, task)


async def test_an_archive_cut_anywhere_is_refused(shelves, task, fetched):
    whole = fetched(task, RESULTS).read_bytes()
    for length in [0, 1, 21, 100, len(whole) // 2, len(whole) - 23, len(whole) - 1]:
        shelves.download_path(task).write_bytes(whole[:length])

        assert "is not a complete zip file" in await refusal(shelves, task)


async def test_an_error_answer_in_place_of_the_archive_is_refused(shelves, task):
    shelves.download_path(task).write_bytes(b'{"error":"Asset not ready"}')

    assert "is not a complete zip file" in await refusal(shelves, task)


async def test_without_an_archive_there_is_nothing_to_accept(shelves, task):
    assert "nothing was fetched" in await refusal(shelves, task)


async def test_an_import_that_is_refused_when_it_is_run_again_keeps_its_archive(root, shelves, task, folder, fetched):
    imported = replace(task, import_url=IMPORTED_FILE)
    packed = fetched(imported, RESULTS).read_bytes()
    await shelves.accept(imported)
    strict = TaskShelves(root=root, limits=ArchiveLimits(max_unpacked_bytes=10))
    for _ in range(2):
        assert await strict.restore_archive(imported)
        assert "would unpack to" in await refusal(strict, imported)
        assert RESULTS | {"all.zip": packed} == tree(folder / "assets")
    assert await shelves.restore_archive(imported)
    assert AVAILABLE == (await shelves.accept(imported)).available_assets
    await strict.close()
