"""Following events through the control socket, and which way they take."""

import json
import socket
import threading
from contextlib import contextmanager

import pytest

from orchestrator.cli import broker
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.errors import CliError, StreamEnded, Unreachable
from orchestrator.contract.json_text import to_json
from orchestrator.contract.views import public_node, public_task
from orchestrator.domain.errors import BusError
from orchestrator.settings import SecretUrl
from orchestrator.settings.tree import Bus
from tests.unit.api.samples import a_node, an_entry, completed

TIME = "2026-11-23T10:00:00.000000Z"
EVENTS = [
    {
        "type": "task.status-changed",
        "subject": "tasks/134",
        "time": TIME,
        "data": {"task": public_task(completed()), "reason": "done"},
    },
    {
        "type": "processing-node.status-changed",
        "subject": "processing-nodes/1",
        "time": TIME,
        "data": {"processing_node": public_node(a_node()), "reason": "it answers"},
    },
]


@pytest.fixture
def two_events(side):
    """Both events and then the end, once somebody listens."""

    def tell():
        if not side.rooms.feed.subscribers:
            side.loop.call_later(0.001, tell)
            return
        side.rooms.feed.offer([an_entry(number, body=to_json(event)) for number, event in enumerate(EVENTS)])
        side.rooms.feed.close()

    side.do(tell)


def test_with_json_each_event_is_a_line(two_events, orchestrator):
    result = orchestrator("events", "--json")
    assert EVENTS == [json.loads(line) for line in result.stdout.splitlines()]


def test_for_people_an_event_is_a_line_of_words(two_events, orchestrator):
    assert [
        "2026-11-23T10:00:00Z  task.status-changed  tasks/134  COMPLETED  done",
        "2026-11-23T10:00:00Z  processing-node.status-changed  processing-nodes/1  unknown  it answers",
    ] == orchestrator("events").stdout.splitlines()


def test_a_stream_that_ends_is_told(two_events, orchestrator):
    result = orchestrator("events", "#")
    assert (2, "The daemon ended the events: it is stopping.\n") == (result.exit_code, result.stderr)


def test_replay_needs_a_broker(side, orchestrator):
    result = orchestrator("events", "--replay")
    assert (2, "Only RabbitMQ keeps events to be replayed, and bus.url names none.\n") == (
        result.exit_code,
        result.stderr,
    )


def test_with_a_broker_commands_and_events_go_over_the_bus_and_reading_does_not(side, orchestrator, monkeypatch):
    sent: list[tuple] = []

    def send(bus, name, body, *, message_id):
        sent.append((bus.url.get_secret_value(), bus.prefix, name, json.loads(body), message_id))
        return {"ok": True, "command": name, "project": {"id": 1, "name": "P"}}

    @contextmanager
    def events(bus, pattern, *, replay):
        sent.append((pattern, replay))
        yield iter([])

    monkeypatch.setattr(broker, "send", send)
    monkeypatch.setattr(broker, "events", events)
    environment = {"ORCHESTRATOR__BUS__URL": "amqp://mq", "ORCHESTRATOR__BUS__PREFIX": "mine"}
    assert 0 == orchestrator("project", "create", "P", env=environment).exit_code
    assert 0 == orchestrator("events", "task.#", "--replay", env=environment).exit_code
    assert 0 == orchestrator("project", "list", env=environment).exit_code
    assert [("amqp://mq", "mine", "create-project", {"name": "P"}, None), ("task.#", True)] == sent


@contextmanager
def impostor(root, answer):
    """Something else answers at the daemon's socket, once."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "control.sock"))
        listening.listen()

        def serve():
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as request:
                length = 0
                for line in iter(request.readline, b"\r\n"):
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                request.read(length)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Daemon(root=root)
        thread.join(10)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("answer", [OK + b"Content-Length: 5\r\n\r\nhello", OK + b"Content-Length: 2\r\n\r\n[]"])
def test_what_answers_at_the_socket_must_be_a_daemon(root, answer):
    with impostor(root, answer) as daemon, pytest.raises(CliError, match="is no orchestrator") as caught:
        daemon.send("create-project", {})
    assert 2 == caught.value.exit_code


def test_a_daemon_that_dies_before_it_answers_is_told(root):
    with impostor(root, b"") as daemon, pytest.raises(Unreachable, match="gave no answer"):
        daemon.control.get("/tasks")


def test_events_that_are_refused_are_told_in_the_daemons_words(side, orchestrator):
    result = orchestrator("events", "")
    assert 1 == result.exit_code
    assert "pattern: The pattern must be 1 to 255 bytes long" in result.stderr


def test_a_daemon_that_dies_as_it_is_asked_for_events_has_ended_the_stream(root):
    with impostor(root, b"") as daemon, pytest.raises(StreamEnded, match="it died"), daemon.events("#"):
        pass


@pytest.mark.parametrize("end", [b"", b'9\r\n{"id"', b'9\r\n{"id":2\n\n\r\n', b"nonsense\r\n"])
def test_a_stream_that_is_cut_is_told_apart_from_one_that_ends(root, end):
    cut = OK + b'Transfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n9\r\n{"id":1}\n\r\n1\r\n\n\r\n'
    with impostor(root, cut + end) as daemon, daemon.events("#") as events:
        assert {"id": 1} == next(events)
        with pytest.raises(StreamEnded, match="cut the events off"):
            next(events)


class FakeBusClient:
    """A client of a broker that answers, tells two events, and is gone."""

    def __init__(self):
        self.closed = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        self.closed += 1

    async def send(self, name, body, *, message_id):
        if name == "lost":
            raise BusError("No answer to lost came within 30 s.")
        return {"ok": True, "command": name, "body": body, "id": message_id}

    async def events(self, pattern, *, replay):
        if pattern == "wrong":
            raise BusError("The events cannot be read.")

        async def tell():
            yield {"pattern": pattern}
            yield {"replay": replay}
            raise BusError("The connection was lost.")

        return tell()


@pytest.fixture
def bus(monkeypatch):
    client = FakeBusClient()

    async def connect(url, *, topology):
        assert ("amqp://mq", "orchestrator") == (url, topology.prefix)
        return client

    monkeypatch.setattr("orchestrator.cli.broker.BusClient.connect", connect)
    return client


SETTINGS = Bus(url=SecretUrl("amqp://mq"))


def test_a_command_goes_over_the_bus_and_its_answer_comes_back(bus):
    sent = broker.send(SETTINGS, "create-project", b"{}", message_id="m")
    assert ({"ok": True, "command": "create-project", "body": b"{}", "id": "m"}, 1) == (sent, bus.closed)


def test_a_broker_that_does_not_serve_is_told(bus):
    with pytest.raises(Unreachable, match="No answer to lost"):
        broker.send(SETTINGS, "lost", b"{}", message_id=None)
    with pytest.raises(Unreachable, match="cannot be read"), broker.events(SETTINGS, "wrong", replay=False):
        pass
    assert 2 == bus.closed


def test_events_come_over_the_bus_until_it_is_gone(bus):
    with broker.events(SETTINGS, "task.#", replay=True) as events:
        assert [{"pattern": "task.#"}, {"replay": True}] == [next(events), next(events)]
        with pytest.raises(StreamEnded, match="was lost"):
            next(events)
    assert 1 == bus.closed
