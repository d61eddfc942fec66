"""Going on where a download was cut: only where the server can, and only with the same archive."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.errors import NodeFault
from tests.unit.nodes.archives import ARCHIVE, S3, WHOLE, WHOLE_FROM_S3, ZIP, Until, cut, fetch, rest_from
from tests.unit.nodes.nodeodm_bundle import UUID, client_of
from tests.unit.nodes.scripted_node import Act, ScriptedNode, http


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "all.zip"


def note_of(target: Path) -> Path:
    return target.with_name("all.zip.note")


async def test_without_ranges_a_cut_download_starts_anew(target: Path):
    node = await fetch([cut(100_000, **ZIP), WHOLE], target)
    assert ARCHIVE == target.read_bytes()
    assert not any("range" in request.headers for request in node.requests)


@pytest.mark.parametrize(
    "headers", [{"Accept_Ranges": "bytes"}, {"ETag": '"abc"'}, {"Accept_Ranges": "bytes", "ETag": 'W/"a"'}]
)
async def test_ranges_without_a_strong_validator_are_not_relied_on(headers: dict[str, Any], target: Path):
    node = await fetch([cut(100_000, **ZIP, **headers), WHOLE], target)
    assert "range" not in node.requests[1].headers
    assert ARCHIVE == target.read_bytes()


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"abc"'}, '"abc"'),
        ({"Last_Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}, "Sat, 21 Nov 2026 10:00:00 GMT"),
    ],
)
async def test_with_ranges_a_cut_download_goes_on_where_it_ended(headers: dict[str, Any], validator: str, target: Path):
    node = await fetch([cut(100_000, **ZIP, Accept_Ranges="bytes", **headers), rest_from(100_000)], target)
    assert ("bytes=100000-", validator) == (node.requests[1].headers["range"], node.requests[1].headers["if-range"])
    assert ARCHIVE == target.read_bytes()
    assert [target] == list(target.parent.iterdir())


async def test_a_resumed_download_can_be_cut_again(target: Path):
    node = await fetch([cut(100_000, **S3), cut(300_000, start=100_000, **S3), rest_from(300_000)], target)
    assert "bytes=300000-" == node.requests[2].headers["range"]
    assert ARCHIVE == target.read_bytes()


async def test_progress_of_a_resumed_download_counts_what_was_there(target: Path):
    seen: list[int] = []
    first = Until(100_000)
    script = [cut(100_000, **S3), rest_from(100_000)]
    script[0].until = first
    async with ScriptedNode(script) as node, client_of(node.url) as client:
        with pytest.raises(NodeFault):
            await client.download(UUID, target, received=first.received)
        await client.download(UUID, target, received=lambda done, _: seen.append(done))
    assert seen[0] > 100_000
    assert len(ARCHIVE) == seen[-1]


async def test_an_archive_that_changed_meanwhile_comes_whole(target: Path):
    other = ARCHIVE[::-1]
    await fetch([cut(100_000, **S3), Act(http(200, other, **S3))], target)
    assert other == target.read_bytes()


async def test_a_server_that_knows_the_range_no_more_is_asked_for_the_whole(target: Path):
    node = await fetch([cut(100_000, **S3), Act(http(416)), WHOLE_FROM_S3], target)
    assert [False, True, False] == ["range" in request.headers for request in node.requests]
    assert ARCHIVE == target.read_bytes()


async def test_a_wrong_part_is_not_appended(target: Path):
    with pytest.raises(NodeFault, match="was not asked for"):
        await fetch([cut(100_000, **S3), rest_from(100_000, said=99_999)], target)
    assert ARCHIVE[:100_000] == target.read_bytes()


@pytest.mark.parametrize(
    "spoil", [b"", b"{", b"[]", json.dumps({"uuid": "other", "total": 9, "validator": "x"}).encode()]
)
async def test_a_note_that_does_not_fit_is_not_followed(spoil: bytes, target: Path):
    target.write_bytes(b"x" * 5)
    note_of(target).write_bytes(spoil)
    node = await fetch([WHOLE], target)
    assert "range" not in node.requests[0].headers
    assert ARCHIVE == target.read_bytes()


async def test_without_a_place_for_the_note_a_download_works_all_the_same(target: Path):
    note_of(target).mkdir()
    await fetch([WHOLE_FROM_S3], target)
    assert ARCHIVE == target.read_bytes()
