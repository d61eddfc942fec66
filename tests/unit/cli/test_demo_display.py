"""What the demo shows, without running it: its photos, its count of events, and frames that fit."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from rich.console import Console

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.frame import frame
from orchestrator.cli.demo.photos import COLUMNS, ROWS, take_photos
from orchestrator.cli.demo.reading import Entry, Json, entry_of
from orchestrator.contract.events import render
from orchestrator.domain.events import NodeEvent, TaskEvent, TaskEventType
from orchestrator.domain.node import Health, ProcessingNode
from orchestrator.domain.task import PendingAction, Stage, Status, Task

NOW = datetime(2025, 6, 12, 10, 30, tzinfo=UTC)


def task(*, version: int = 1, stage: Stage = Stage.WAITING, status: Status | None = None, **fields) -> Task:
    given = {"id": 1, "project": 1, "name": "Vineyard", "created_at": NOW, "updated_at": NOW, **fields}
    return Task(stage=stage, status=status, version=version, **given)


def event(kind: TaskEventType, subject: Task) -> Json:
    return render(TaskEvent(kind, subject, None, subject.reason, NOW))


def node_event(health: Health, *, version: int = 1) -> Json:
    node = ProcessingNode(
        id=2, url="http://node:3000", hostname="node", port=3000, created_at=NOW, label="south", health=health,
        version=version,
    )  # fmt: skip
    return render(NodeEvent(node, "no answer", NOW))


def follower() -> Follower:
    return Follower(lambda _: None)


def drawn(shown: Follower, *, width: int, height: int, said: str = "") -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height)
    console.print(frame(shown, title="Demo", said=said, width=width, height=height))
    return out.getvalue().rstrip("\n").split("\n")


def test_a_flight_is_a_grid_of_overlapping_photos_with_positions(tmp_path: Path):
    photos = take_photos(tmp_path)
    assert COLUMNS * ROWS == len(photos)
    places = []
    for path in photos:
        with Image.open(path) as image:
            gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
            assert "N" == gps[ExifTags.GPS.GPSLatitudeRef]
            degrees, minutes, seconds = (float(part) for part in gps[ExifTags.GPS.GPSLatitude])
            east = [float(part) for part in gps[ExifTags.GPS.GPSLongitude]]
            places.append((degrees + minutes / 60 + seconds / 3600, tuple(east)))
    assert len(photos) == len(set(places))
    assert ROWS == len({latitude for latitude, _ in places})
    assert max(places)[0] - min(places)[0] == pytest.approx(29 / 111_320, rel=0.01)


def test_a_missing_event_is_a_gap_and_a_repeated_one_is_not():
    seen = follower()
    first, third = (event(TaskEventType.UPDATED, task(version=version)) for version in (1, 3))
    for each in (first, first, third):
        seen.see(each)
    assert ["tasks/1: event 3 came in place of 2"] == seen.gaps
    assert 2 == seen.seen


def test_an_event_is_filed_under_its_routing_key_and_says_what_changed():
    running = task(stage=Stage.PROCESSING, status=Status.RUNNING, pending_action=PendingAction.CANCEL)
    before = event(TaskEventType.UPDATED, task(stage=Stage.UPLOADING))["data"]["task"]
    asked = entry_of(event(TaskEventType.PENDING_ACTION_SET, running), before)
    assert ("task.pending-action-set.running.1.1", "Vineyard: CANCEL was asked for") == (asked.key, asked.what)
    moved = entry_of(event(TaskEventType.STATUS_CHANGED, running), before)
    assert "Vineyard: uploading → RUNNING" == moved.what
    away = entry_of(node_event(Health.OFFLINE), None)
    assert ("processing-node.status-changed.offline.2", "south: no answer") == (away.key, away.what)


def test_mere_progress_is_counted_but_not_listed():
    told: list[Entry] = []
    seen = Follower(told.append)
    seen.see(event(TaskEventType.CREATED, task()))
    seen.see(event(TaskEventType.PROGRESSED, task(version=2, stage=Stage.UPLOADING, upload_progress=0.5)))
    assert (2, 1, 1) == (seen.seen, seen.progress, len(seen.log))
    assert "Vineyard: 50%" == told[1].what


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (110, 40)])
def test_a_frame_fits_its_terminal_whatever_is_said(width: int, height: int):
    seen = follower()
    reason = "waiting for south, which is offline: " + "no answer " * 30
    for number in range(1, 7):
        seen.see(event(TaskEventType.UPDATED, task(id=number, stage=Stage.PROCESSING, reason=reason)))
    for version in range(1, 30):
        seen.see(node_event(Health.ONLINE if version % 2 else Health.OFFLINE, version=version))
    lines = drawn(seen, width=width, height=height, said="What happens now takes many words to say " * 5)
    assert len(lines) <= height
    assert width == max(len(line) for line in lines)


def test_columns_stay_where_they_are_while_tasks_move():
    states = [
        task(),
        task(stage=Stage.UPLOADING, processing_node=2, processing_node_name="south", upload_progress=0.3),
        task(stage=Stage.ENDED, status=Status.COMPLETED, running_progress=1.0, reason="results are here, verified"),
    ]
    places = set()
    for version, state in enumerate(states, start=1):
        seen = follower()
        seen.see(event(TaskEventType.UPDATED, state))
        heading = drawn(seen, width=100, height=30)[2]
        places.add((version > 0, heading.index("State"), heading.index("Node"), heading.index("Why")))
    assert 1 == len(places)
