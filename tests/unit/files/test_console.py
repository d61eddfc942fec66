"""Console output: no line lost, none twice, whatever is killed when."""

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.domain.errors import StorageFailed
from orchestrator.domain.lines import MAX_LINE, stored_line
from orchestrator.files import TaskShelves


async def kept(shelves: TaskShelves, line: int = 0, limit: int | None = None) -> list[str]:
    return (await shelves.read_output(134, line, limit))[0]


async def test_lines_are_kept_in_order_and_the_end_is_known(shelves, task):
    assert (0, "") == await shelves.output_tail(task)

    await shelves.append_output(task, ["one", "two"], new_run=True)
    await shelves.append_output(task, ["three"], new_run=False)
    await shelves.append_output(task, [], new_run=False)

    assert (3, "three") == await shelves.output_tail(task)
    assert (["one", "two", "three"], 3) == await shelves.read_output(134, 0, None)


async def test_a_new_run_counts_from_zero_and_keeps_what_was(shelves, task):
    await shelves.append_output(task, ["one", "two"], new_run=True)
    await shelves.append_output(task, ["again"], new_run=True)

    assert (1, "again") == await shelves.output_tail(task)
    assert ["one", "two", "again"] == await kept(shelves)


async def test_a_new_run_without_lines_yet_counts_from_zero_after_a_restart_too(shelves, task, root):
    await shelves.append_output(task, ["one", "two"], new_run=True)
    await shelves.append_output(task, [], new_run=True)
    await shelves.append_output(task, [], new_run=True)

    assert (0, "") == await shelves.output_tail(task)
    again = TaskShelves(root=root)
    assert (0, "") == await again.output_tail(task)
    assert 2 == len(list((root / "tasks/134/output").iterdir()))
    await again.close()


async def test_a_new_attempt_begins_with_nothing(shelves, task):
    await shelves.append_output(task, ["one"], new_run=True)
    await shelves.append_output(task, ["two"], new_run=True)

    await shelves.begin_output(task)
    await shelves.begin_output(task)

    assert (0, "") == await shelves.output_tail(task)
    assert ([], 0) == await shelves.read_output(134, 0, None)
    await shelves.append_output(task, ["new"], new_run=False)
    assert ["new"] == await kept(shelves)


async def test_output_half_deleted_by_a_crash_is_gone_with_the_next_attempt(shelves, task, folder):
    (folder / "output.old").mkdir(parents=True)
    (folder / "output.old" / "0001.log").write_bytes(b"old\n")
    await shelves.append_output(task, ["one"], new_run=True)

    await shelves.begin_output(task)

    assert [] == list(folder.iterdir())


@pytest.mark.parametrize(
    ("line", "limit", "expected"),
    [
        (0, None, "abcdef"),
        (-5, None, "abcdef"),
        (2, None, "cdef"),
        (3, 2, "de"),
        (1, 4, "bcde"),
        (9, None, ""),
        (0, 0, ""),
        (0, -2, "ef"),
        (4, -3, "def"),
        (0, -100, "abcdef"),
        (5, 100, "f"),
    ],
)
async def test_any_part_can_be_read_across_runs(shelves, task, line, limit, expected):
    for lines in ("abc", "d", "ef"):
        await shelves.append_output(task, list(lines), new_run=True)

    assert (list(expected), 6) == await shelves.read_output(134, line, limit)


WEIRD = [
    "",
    " ",
    "ünï©ode 🚁",
    "tab\tand\0zero",
    "half \ud83d of a pair",
    "\u2028 \x85 \x0b",
    "x" * 200,
    "progress\r50%",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(min_value=0, max_value=400), at_once=st.integers(min_value=1, max_value=9))
async def test_killed_at_any_byte_no_line_is_lost_or_repeated(tmp_path_factory, task, cut, at_once):
    root: Path = tmp_path_factory.mktemp("data")
    node = WEIRD * 2
    shelves = TaskShelves(root=root)
    for start in range(0, len(node), at_once):
        await shelves.append_output(task, node[start : start + at_once], new_run=False)
    log = root / "tasks/134/output/0001.log"
    whole = log.read_bytes()
    os.truncate(log, max(0, len(whole) - cut))

    after = TaskShelves(root=root)
    count, last = await after.output_tail(task)
    assert last == ("" if count == 0 else stored_line(node[count - 1]).decode())
    await after.append_output(task, node[count:], new_run=False)

    assert whole == log.read_bytes()
    assert (len(node), stored_line(node[-1]).decode()) == await after.output_tail(task)
    await shelves.close()
    await after.close()


async def test_a_torn_line_is_not_read(shelves, task, folder):
    await shelves.append_output(task, ["one"], new_run=True)
    with (folder / "output/0001.log").open("ab") as log:
        log.write(b"tor")

    assert (["one"], 1) == await shelves.read_output(134, 0, None)


async def test_a_torn_line_under_a_remembered_end_is_cut_away(shelves, task, folder):
    await shelves.append_output(task, ["one"], new_run=True)
    with (folder / "output/0001.log").open("ab") as log:
        log.write(b"tor")

    await shelves.append_output(task, ["two"], new_run=False)

    assert ["one", "two"] == await kept(shelves)


async def test_what_another_daemon_wrote_meanwhile_is_seen(shelves, task, root):
    await shelves.append_output(task, ["one"], new_run=True)
    other = TaskShelves(root=root)
    await other.append_output(replace(task, fence=4), ["two"], new_run=False)
    await other.append_output(replace(task, fence=4), ["three"], new_run=True)

    assert (1, "three") == await shelves.output_tail(replace(task, fence=5))
    await other.close()


async def test_a_long_output_is_counted_after_a_restart_by_many_at_once(shelves, task, root):
    await shelves.append_output(task, ["x" * 100] * 5_000, new_run=True)

    after = TaskShelves(root=root)
    expected = [(5_000, "x" * 100)] * 10
    assert expected == await asyncio.gather(*(after.output_tail(task) for _ in range(10)))
    assert {} == after._console._locks
    await after.close()


async def test_thousands_of_tasks_are_remembered_and_no_more(shelves, task, monkeypatch):
    shelves._console._limit = 100
    tasks = [replace(task, id=number) for number in range(300)]
    for one in tasks:
        await shelves.append_output(one, ["one"], new_run=True)
    for one in tasks:
        await shelves.append_output(one, ["two"], new_run=False)

    assert 100 == len(shelves._console._known)
    assert {(2, "two")} == {await shelves.output_tail(one) for one in tasks}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        ("end\n", "end"),
        ("end\r\n", "end"),
        ("two\n\n", "two"),
        ("a\nb\r\nc\rd", "a b c d"),
        ("\n", ""),
        ("half \ud800", "half ?"),
    ],
)
def test_one_line_of_a_node_is_one_stored_line(raw, expected):
    assert expected == stored_line(raw).decode() == stored_line(expected).decode()


@pytest.mark.parametrize("sign", ["x", "ä", "🚁"])
def test_a_line_too_long_is_cut_between_two_signs(sign):
    line = stored_line(sign * (MAX_LINE + 1))

    assert line.decode().endswith("…")
    assert MAX_LINE >= len(line) > MAX_LINE - 8
    assert line == stored_line(line.decode())


async def test_beyond_the_limit_lines_are_counted_but_not_kept(root, task):
    shelves = TaskShelves(root=root, max_output_bytes=20)
    for number in range(10):
        await shelves.append_output(task, [f"line {number}"], new_run=False)

    notice = "[8 more lines are not kept: the output is longer than 20 bytes]"
    assert (["line 0", "line 1", notice], 3) == await shelves.read_output(134, 0, None)
    assert ["line 1", notice] == await kept(shelves, 0, -2)
    assert [notice] == await kept(shelves, 2)
    assert (10, "line 9") == await shelves.output_tail(task)

    after = TaskShelves(root=root, max_output_bytes=20)
    assert (10, "line 9") == await after.output_tail(task)
    await after.append_output(task, ["short"], new_run=False)
    await after.append_output(task, ["again", "and on"], new_run=True)
    assert (2, "and on") == await after.output_tail(task)
    expected = ["line 0", "line 1", notice.replace("8", "9"), "again", notice.replace("8", "1")]
    assert expected == await kept(after)
    await shelves.close()
    await after.close()


async def test_a_full_disk_adds_nothing_and_the_lines_can_come_again(shelves, task, folder, monkeypatch):
    await shelves.append_output(task, ["one"], new_run=True)
    real = os.write

    def half(descriptor: int, data: memoryview) -> int:
        if len(data) <= 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(StorageFailed, match="no space is left on the disk"):
            await shelves.append_output(task, ["two", "three", "four"], new_run=False)

    assert b"one\n" == (folder / "output/0001.log").read_bytes()
    assert (1, "one") == await shelves.output_tail(task)
    await shelves.append_output(task, ["two"], new_run=False)
    assert ["one", "two"] == await kept(shelves)


async def test_two_that_write_the_same_output_are_stopped(shelves, task, monkeypatch):
    from orchestrator.files import segments

    await shelves.append_output(task, ["one"], new_run=True)

    def moved(*args: object) -> None:
        raise segments.Moved

    monkeypatch.setattr(segments, "append", moved)
    with pytest.raises(StorageFailed, match="written by someone else"):
        await shelves.append_output(task, ["two"], new_run=False)
