"""Files of a draft that come in chunks: in any order, some of them twice, and some never."""

import pytest

from tests.integration.api.photos import TASKS, chunk, draft, form, on_disk, photos

CHUNKS = [(0, b"abcd", 0), (1, b"efgh", 4), (2, b"ij", 8)]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 1, 0, 0, 2], [2, 1, 0, 0, 2]])
async def test_chunks_come_in_any_order_and_twice(daemon, order):
    task = await draft(daemon)
    answers = []
    for index in order:
        number, content, offset = CHUNKS[index]
        path, body = chunk(task, number, content, offset=offset)
        status, answer = await daemon.post(path, data=body)
        assert 200 == status
        answers.append(answer["uploaded"])
    first_whole = next(place for place in range(len(order)) if set(order[: place + 1]) == {0, 1, 2})
    assert [{}] * first_whole + [{"large.jpg": 10}] * (len(order) - first_whole) == answers
    assert {"large.jpg": b"abcdefghij"} == on_disk(daemon, task)
    status, committed = await daemon.post(f"{TASKS}{task}/commit/")
    assert (200, 1) == (status, committed["images_count"])
    assert {} == on_disk(daemon, task, "parts")


async def test_a_file_of_which_a_chunk_is_missing_does_not_count(daemon):
    task = await draft(daemon)
    await daemon.post(f"{TASKS}{task}/upload/", data=form([("a.jpg", b"1")]))
    path, body = chunk(task, 0, b"abcd", offset=0)
    assert (200, {"success": True, "uploaded": {}}) == await daemon.post(path, data=body)
    status, committed = await daemon.post(f"{TASKS}{task}/commit/")
    assert (200, 1) == (status, committed["images_count"])


async def test_chunks_that_leave_a_gap_are_refused_and_may_be_sent_again(daemon):
    task = await draft(daemon)
    for index, content, offset in [(0, b"ab", 0), (1, b"cd", 3)]:
        path, body = chunk(task, index, content, offset=offset, total=2)
        answer = await daemon.post(path, data=body)
    assert (400, ["The chunks of large.jpg do not fit together; send all of them again."]) == answer
    for index, content, offset in [(0, b"ab", 0), (1, b"cd", 2)]:
        path, body = chunk(task, index, content, offset=offset, total=2)
        answer = await daemon.post(path, data=body)
    assert (200, {"success": True, "uploaded": {"large.jpg": 4}}) == answer


async def test_what_never_became_whole_goes_ahead_of_the_commit(daemon):
    """After it a daemon that died would leave it for good: another commit does nothing."""
    task = await draft(daemon)
    for path, body in ((f"{TASKS}{task}/upload/", form(photos(1))), chunk(task, 0, b"ab", offset=0)):
        await daemon.post(path, data=body)
    albums, stages = daemon.app.files.albums, []
    settle = albums.settle

    async def seen(of):
        stages.append((await daemon.app.store.task(of)).stage)
        await settle(of)

    albums.settle = seen
    assert 200 == (await daemon.post(f"{TASKS}{task}/commit/"))[0]
    assert (["draft"], {}) == (stages, on_disk(daemon, task, "parts"))


async def test_a_chunk_that_comes_again_for_another_place_is_refused_with_all_the_others(daemon):
    task = await draft(daemon)
    for index, content, offset in [(0, b"ab", 0), (1, b"cdef", 1)]:
        path, body = chunk(task, index, content, offset=offset)
        assert (200, {"success": True, "uploaded": {}}) == await daemon.post(path, data=body)
    path, body = chunk(task, 1, b"cd", offset=2)
    answer = await daemon.post(path, data=body)
    assert (400, ["The chunks of large.jpg do not fit together; send all of them again."]) == answer
    for index, content, offset in [(0, b"ab", 0), (1, b"cd", 2), (2, b"e", 4)]:
        path, body = chunk(task, index, content, offset=offset)
        answer = await daemon.post(path, data=body)
    assert (200, {"success": True, "uploaded": {"large.jpg": 5}}) == answer
    assert {"large.jpg": b"abcde"} == on_disk(daemon, task)


async def test_what_a_dead_daemon_wrote_of_a_chunk_and_did_not_note_is_no_part_of_the_file(daemon):
    task = await draft(daemon)
    path, body = chunk(task, 0, b"ab", offset=0, total=2)
    await daemon.post(path, data=body)
    (data,) = (daemon.app.settings.files.root / "tasks" / str(task) / "parts").glob("*/data")
    data.write_bytes(b"ab......")
    path, body = chunk(task, 1, b"cd", offset=2, total=2)
    assert (200, {"success": True, "uploaded": {"large.jpg": 4}}) == await daemon.post(path, data=body)
    assert {"large.jpg": b"abcd"} == on_disk(daemon, task)


async def test_a_chunk_that_does_not_say_where_it_belongs_is_refused(daemon):
    task = await draft(daemon)
    body = form([("a.jpg", b"1")], dzuuid="u1", dzchunkindex="0", dztotalchunkcount="2")
    answer = await daemon.post(f"{TASKS}{task}/upload/", data=body)
    assert (400, {"dzchunkbyteoffset": ["This field is required."]}) == answer
