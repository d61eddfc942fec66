"""A note on an upload: read once, for its own job only, and never half written."""

from dataclasses import replace

import pytest

from orchestrator.domain.errors import StorageFailed
from orchestrator.domain.task import Stage
from orchestrator.files import TaskShelves
from tools.lifecycle_cells import OTHER_JOB, sample_task

TASK = sample_task(Stage.UPLOADING, None)


@pytest.fixture
async def shelves(tmp_path):
    shelves = TaskShelves(root=tmp_path)
    yield shelves
    await shelves.close()


async def test_a_note_is_given_once(shelves):
    await shelves.note_upload(TASK, ["b.jpg", "ä.jpg"])
    assert frozenset({"b.jpg", "ä.jpg"}) == await shelves.take_upload_note(TASK)
    assert None is await shelves.take_upload_note(TASK)


async def test_what_a_crash_left_of_a_half_written_note_goes(shelves, tmp_path):
    await shelves.note_upload(TASK, ["a.jpg"])
    folder = tmp_path / "tasks" / str(TASK.id)
    (folder / "upload.json.part").write_text('{"job": "')
    assert frozenset({"a.jpg"}) == await shelves.take_upload_note(TASK)
    assert [] == list(folder.iterdir())


async def test_a_later_note_takes_the_place_of_an_earlier_one(shelves):
    await shelves.note_upload(TASK, ["a.jpg"])
    await shelves.note_upload(TASK, [])
    assert frozenset() == await shelves.take_upload_note(TASK)


async def test_a_note_on_another_job_is_none(shelves):
    await shelves.note_upload(TASK, ["a.jpg"])
    assert None is await shelves.take_upload_note(replace(TASK, job_uuid=OTHER_JOB))
    assert None is await shelves.take_upload_note(TASK)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff", b'{"job": 1}'])
async def test_a_note_that_makes_no_sense_is_none(shelves, tmp_path, text):
    await shelves.note_upload(TASK, [])
    (tmp_path / "tasks" / "134" / "upload.json").write_bytes(text)
    assert None is await shelves.take_upload_note(TASK)


async def test_a_note_that_cannot_be_written_leaves_nothing(shelves, tmp_path):
    note = tmp_path / "tasks" / "134" / "upload.json"
    note.mkdir(parents=True)
    (note / "in the way").touch()
    with pytest.raises(StorageFailed):
        await shelves.note_upload(TASK, ["a.jpg"])
    with pytest.raises(StorageFailed):
        await shelves.take_upload_note(TASK)
    assert [note] == list(note.parent.iterdir())


async def test_a_note_goes_with_its_task(shelves, tmp_path):
    await shelves.note_upload(TASK, ["a.jpg"])
    await shelves.remove(TASK)
    assert [] == list((tmp_path / "tasks").iterdir())
