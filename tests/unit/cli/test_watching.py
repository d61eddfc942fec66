"""Following tasks to their end."""

import json
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from orchestrator.cli import watching
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.displays import Bars, done, state
from orchestrator.cli.errors import NoDaemon, StreamEnded, Unreachable
from orchestrator.contract.json_text import to_json
from orchestrator.contract.views import public_task
from orchestrator.domain.task import Stage, Status
from tests.unit.api.samples import a_task, an_entry, completed


class Story:
    """Tells what happens to tasks, once somebody is watching."""

    def __init__(self, side):
        self._side = side

    def begin(self, *tasks):
        self._side.rooms.library.known = list(tasks)

    def tell_when_watched(self, *tasks, kind="task.updated"):
        def tell():
            if not self._side.rooms.feed.subscribers:
                self._side.loop.call_later(0.001, tell)
                return
            for task in tasks:
                event = {"type": kind, "data": {"task": public_task(task)}}
                key = f"{kind}.none.{task.project}.{task.id}"
                self._side.rooms.feed.offer([an_entry(1, routing_key=key, body=to_json(event))])

        self._side.do(tell)


@pytest.fixture
def story(side):
    return Story(side)


def test_a_task_that_has_ended_is_not_waited_for(story, orchestrator):
    story.begin(completed())
    assert 0 == orchestrator("task", "watch", "134").exit_code


def test_a_task_is_followed_to_completion(story, orchestrator):
    uploading = a_task(stage=Stage.UPLOADING, version=2, reason="sending")
    story.begin(a_task())
    story.tell_when_watched(uploading, replace(uploading, upload_progress=0.5, version=3), completed(version=4))
    result = orchestrator("task", "watch", "134")
    assert (0, "") == (result.exit_code, result.stdout)
    assert ["Task 134: -, waiting ()", "Task 134: -, uploading (sending)", "Task 134: COMPLETED, ended ()"] == (
        result.stderr.splitlines()
    )


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELED])
def test_another_end_than_completed_is_a_failure(story, orchestrator, status):
    story.begin(a_task())
    story.tell_when_watched(a_task(stage=Stage.ENDED, status=status, version=2))
    assert 1 == orchestrator("task", "watch", "134").exit_code


def test_a_removed_task_is_a_failure(story, orchestrator):
    story.begin(a_task())
    story.tell_when_watched(completed(version=2), kind="task.removed")
    assert 1 == orchestrator("task", "watch", "134").exit_code


def test_several_tasks_are_followed_and_all_must_complete(story, orchestrator):
    story.begin(a_task(), a_task(135), a_task(136))
    failed = a_task(135, stage=Stage.ENDED, status=Status.FAILED, version=2)
    story.tell_when_watched(completed(version=2), failed, completed(136, version=2))
    result = orchestrator("task", "watch", "134", "135", "136", "--json")
    assert 1 == result.exit_code
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [134, 135, 136, 134, 135, 136] == [task["id"] for task in told]


def test_old_news_changes_nothing(story, orchestrator):
    story.begin(a_task(version=5))
    story.tell_when_watched(a_task(stage=Stage.ENDED, status=Status.FAILED, version=4), completed(version=6))
    assert 0 == orchestrator("task", "watch", "134").exit_code


def test_create_can_wait_for_the_end(side, story, orchestrator):
    story.begin(a_task())
    story.tell_when_watched(completed(version=2))
    result = orchestrator("task", "create", "/a.jpg", "--wait", "--json")
    assert (0, "") == (result.exit_code, result.stderr)
    assert public_task(completed(version=2)) == json.loads(result.stdout)


class FickleDaemon(Daemon):
    """A daemon whose event streams end as they are told to, and which is away when it is first asked for its task."""

    def __init__(self, *streams, task, away=0):
        super().__init__()
        self._streams = list(streams)
        self._task = task
        self._away = away

    @property
    def control(self):
        return SimpleNamespace(task=self._show)

    def _show(self, key):
        self._away -= 1
        if self._away >= 0:
            raise Unreachable("no daemon")
        return public_task(self._task)

    @contextmanager
    def events(self, pattern, *, replay=False):
        stream = self._streams.pop(0)
        if isinstance(stream, Unreachable):
            raise stream
        yield iter(stream)


def ending(*events):
    yield from events
    raise StreamEnded("it is stopping")


def test_a_daemon_that_restarts_is_waited_for(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    news = {"type": "task.status-changed", "data": {"task": public_task(completed(version=2))}}
    daemon = FickleDaemon(ending({"type": "x"}), Unreachable("no daemon"), [news], task=a_task())
    assert 0 == watching.watch(daemon, [public_task(a_task())], quiet=True).exit_code


def test_streams_that_keep_ending_end_the_watch(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    monkeypatch.setattr(watching, "PATIENCE", 0)
    daemon = FickleDaemon(StreamEnded("it died"), StreamEnded("it died again"), task=a_task())
    with pytest.raises(StreamEnded, match="again"):
        watching.watch(daemon, [public_task(a_task())], quiet=True)


def test_a_broker_that_goes_on_while_the_daemon_restarts_does_not_end_the_watch(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    daemon = FickleDaemon([], [], [], task=completed(version=2), away=2)
    assert 0 == watching.watch(daemon, [public_task(a_task())], quiet=True).exit_code


def test_a_daemon_that_stays_away_behind_its_broker_is_given_up(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    monkeypatch.setattr(watching, "PATIENCE", -1)
    with pytest.raises(Unreachable, match="no daemon"):
        watching.watch(FickleDaemon([], task=a_task(), away=1), [public_task(a_task())], quiet=True)


def test_a_daemon_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    monkeypatch.setattr(watching, "PATIENCE", 0)
    daemon = FickleDaemon(ending(), Unreachable("no daemon"), task=a_task())
    with pytest.raises(Unreachable, match="no daemon"):
        watching.watch(daemon, [public_task(a_task())], quiet=True)


def test_a_daemon_that_restarts_before_its_events_are_followed_is_waited_for(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0)
    daemon = FickleDaemon(NoDaemon("no daemon"), NoDaemon("no daemon"), [], task=completed(version=2))
    assert 0 == watching.watch(daemon, [public_task(a_task())], quiet=True).exit_code


def test_a_socket_that_may_not_be_used_is_told_at_once():
    with pytest.raises(Unreachable):
        watching.watch(FickleDaemon(Unreachable("not yours"), task=a_task()), [public_task(a_task())], quiet=True)


def test_a_task_that_is_gone_when_the_watch_begins_is_a_failure(side, story, orchestrator):
    story.begin()
    side.rooms.desk.outcome = a_task()
    assert 1 == orchestrator("task", "create", "/a.jpg", "--wait").exit_code


def test_a_bar_shows_what_is_being_done_now():
    uploading = public_task(a_task(stage=Stage.UPLOADING, upload_progress=0.4))
    running = public_task(a_task(stage=Stage.PROCESSING, status=Status.RUNNING, running_progress=0.6))
    assert (0.4, "uploading") == (done(uploading), state(uploading))
    assert (0.6, "processing") == (done(running), state(running))
    assert (1.0, "COMPLETED") == (done(public_task(completed())), state(public_task(completed())))


def test_bars_draw_names_as_they_are(capsys):
    with Bars() as bars:
        bars.show(public_task(a_task(name="[red]x[/nonsense]", reason="[bold]why")))
        bars.show(public_task(completed(name="[red]x[/nonsense]", version=2)))
    assert "[red]x[/nonsense]" in capsys.readouterr().err
