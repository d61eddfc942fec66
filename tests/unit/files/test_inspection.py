"""What lies in the folders of tasks without being needed is found once it is old, and goes; results never do."""

import os
import time
from dataclasses import replace

import pytest

from orchestrator.domain.errors import StorageFailed
from orchestrator.domain.task import Stage, Status
from orchestrator.files import ShelfInspector, inspection
from orchestrator.files.inspection import QUIET
from tools.lifecycle_cells import sample_task


@pytest.fixture
async def inspector(tmp_path):
    inspector = ShelfInspector(root=tmp_path)
    yield inspector
    await inspector.close()


def put(tmp_path, path, *, age=QUIET + 60, text="x"):
    """Put a file below the folders of tasks; what it lies in is as old as it is."""
    place = tmp_path / "tasks" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    for each in (place, *place.parents[: len(place.relative_to(tmp_path / "tasks").parents) - 1]):
        os.utime(each, (time.time() - age,) * 2)
    return place


async def test_without_any_folder_there_is_nothing(inspector):
    assert ((), {}) == (await inspector.folders(), await inspector.leftovers([1]))


async def test_folders_are_named_as_they_are(inspector, tmp_path):
    put(tmp_path, "7/output/0.log")
    put(tmp_path, "notes.txt")
    assert ("7", "notes.txt") == await inspector.folders()


async def test_what_earlier_work_left_is_found_once_it_is_old(inspector, tmp_path):
    for name in ("assets.new-3/a", "incoming/x.zip.part", "staging/a.jpg", "upload.json", "assets/all.zip", "output/1"):
        put(tmp_path, f"7/{name}")
    put(tmp_path, "8/incoming/x.zip.part", age=0)
    assert {7: ("assets.new-3", "incoming", "staging", "upload.json")} == await inspector.leftovers([7, 8, 9])
    await inspector.tidy(7)
    assert {} == await inspector.leftovers([7])
    assert ["assets", "output"] == sorted(place.name for place in (tmp_path / "tasks/7").iterdir())


async def test_an_import_that_was_canceled_keeps_the_archive_that_was_uploaded(inspector, tmp_path):
    archive = put(tmp_path, "7/incoming/results.zip.part")
    put(tmp_path, "8/incoming/results.zip.part", text="")  # It was refused, and emptied.
    put(tmp_path, "9/incoming/results.zip.part")
    put(tmp_path, "9/assets/all.zip")
    put(tmp_path, "7/staging/a.jpg")
    assert {7: ("staging",), 8: ("incoming",), 9: ("incoming",)} == await inspector.leftovers([7, 8, 9])
    await inspector.tidy(7)
    assert archive.exists()


async def test_a_tidying_up_that_is_cut_short_leaves_nothing_that_looks_as_if_in_use(inspector, tmp_path, monkeypatch):
    for name in ("assets/all.zip", "assets.old/a", "assets.old/b", "incoming/x.zip.part"):
        put(tmp_path, f"7/{name}")

    def cut(path, *, stop=None):
        (path / "assets.old" / "a").unlink()
        raise OSError("cut short")

    monkeypatch.setattr(inspection, "delete_tree", cut)
    with pytest.raises(StorageFailed):
        await inspector.tidy(7)
    assert ["assets"] == [place.name for place in (tmp_path / "tasks/7").iterdir()]


async def test_a_swap_that_was_begun_is_finished(inspector, tmp_path):
    put(tmp_path, "7/assets.ready/all.zip", text="new")
    put(tmp_path, "7/assets/all.zip", text="old")
    note = tmp_path / "swaps/7"
    note.parent.mkdir()
    note.touch()
    assert {7: ("assets.ready",)} == await inspector.leftovers([7])
    await inspector.tidy(7)
    assert ("new", False) == ((tmp_path / "tasks/7/assets/all.zip").read_text(), note.exists())


async def test_assets_that_are_not_there_are_named(inspector, tmp_path):
    put(tmp_path, "7/assets/all.zip")
    put(tmp_path, "7/assets/odm_texturing/model.obj")
    assets = ("all.zip", "textured_model.zip", "dsm.tif", "of-another-release")
    task = replace(sample_task(Stage.ENDED, Status.COMPLETED), id=7, available_assets=assets)
    whole = replace(task, available_assets=assets[:2])
    assert {7: ("dsm.tif",)} == await inspector.missing([task])
    assert {8: assets[:3]} == await inspector.missing([replace(task, id=8), whole])


@pytest.mark.parametrize("kept", ["assets/all.zip", "images/a.jpg"])
async def test_a_folder_of_nobody_is_deleted_but_one_with_results_or_images_is_set_aside(inspector, tmp_path, kept):
    put(tmp_path, "7/output/0.log")
    put(tmp_path, f"8/{kept}", text="precious")
    await inspector.put_away(7)
    await inspector.put_away(8)
    await inspector.put_away(9)
    assert () == await inspector.folders()
    [aside] = (tmp_path / "set-aside").iterdir()
    assert ("8", "precious") == (aside.name.split("-")[0], (aside / kept).read_text())


async def test_a_disk_that_refuses_is_told_in_words(inspector, tmp_path, monkeypatch):
    put(tmp_path, "8/assets/all.zip")
    (tmp_path / "set-aside").write_text("in the way")
    with pytest.raises(StorageFailed, match="Putting the folder of task 8 away could not be done"):
        await inspector.put_away(8)
