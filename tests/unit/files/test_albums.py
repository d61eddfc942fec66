"""Images that came in over HTTP: one of a name, in whatever case, also after a crash in the middle of a replacement."""

from pathlib import Path

import pytest

from orchestrator.engine.ports import Arrived, Chunk
from orchestrator.files import TaskAlbums
from orchestrator.files.chunks import Jigsaw


@pytest.fixture
async def albums(root):
    made = TaskAlbums(root=root, max_file_bytes=1000, max_archive_bytes=1000)
    yield made
    await made.close()


@pytest.fixture
def arrived(tmp_path):
    def put(name, content):
        path = tmp_path / "arrived"
        path.write_bytes(content)
        return Arrived(path, name, len(content), image=True)

    return put


@pytest.mark.parametrize("name", ["a.jpg", "A.JPG"])
async def test_a_file_sent_again_takes_the_place_of_all_of_its_name(albums, arrived, folder, name):
    images = folder / "images"
    images.mkdir(parents=True)
    for left in ("a.jpg", "A.JPG"):  # A daemon was killed between the rename and the deletion.
        (images / left).write_bytes(b"left")
    await albums.place(134, [arrived(name, b"again")])
    assert {name: b"again"} == {path.name: path.read_bytes() for path in images.iterdir()}


def test_two_daemons_take_chunks_of_one_file_at_the_same_time(tmp_path, monkeypatch):
    one, other = (Jigsaw(tmp_path / "parts", name="a.jpg", upload="u") for _ in range(2))
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"ab")
    second.write_bytes(b"cd")
    rename = Path.rename

    def rename_late(path, target):
        """The other one comes between a note's writing and its renaming."""
        monkeypatch.undo()
        other.add(second, Chunk(upload="u", index=1, total=2, offset=2))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_late)
    one.add(first, Chunk(upload="u", index=0, total=2, offset=0))
    assert (4, b"abcd") == (one.whole, one.data.read_bytes())
