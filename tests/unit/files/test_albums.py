"""Images that came in over HTTP: one of a name, in whatever case, also after a crash in the middle of a replacement."""

import pytest

from orchestrator.engine.ports import Arrived
from orchestrator.files import TaskAlbums


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
