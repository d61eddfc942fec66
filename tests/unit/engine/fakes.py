"""The rooms around the engine, as small as they can be: nodes that follow a script, files that are none."""

import asyncio
from collections import defaultdict, deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from orchestrator.domain.errors import JobNotFound, NodeUnreachable
from orchestrator.domain.node import NodeInfo, NodeOption
from orchestrator.engine.ports import Collected, JobCard, JobInfo, OutgoingFile

T0 = datetime(2026, 11, 23, 12, tzinfo=UTC)

INFO = NodeInfo(
    api_version="2.2.4", queue_count=0, max_images=None, max_parallel=2, engine="odm", engine_version="3.5.6"
)
OPTIONS = tuple(NodeOption(name, "bool", "false", "", "") for name in ("dsm", "dtm", "rerun-from"))


class LoopClock:
    """Wall-clock time that goes as the event loop's does."""

    def __init__(self):
        self.shift = timedelta(0)

    def now(self):
        return T0 + self.shift + timedelta(seconds=asyncio.get_running_loop().time())


class Scripted:
    """Remembers its calls. ``script``: errors to raise or values to give, by call, in order; ``gates`` hold them up."""

    def __init__(self):
        self.calls = []
        self.script = defaultdict(deque)
        self.gates = {}

    async def meet(self, call, *about):
        self.calls.append((call, *about))
        if call in self.gates:
            await self.gates[call].wait()
        await asyncio.sleep(0)
        return self.play(call)

    def play(self, call):
        if not self.script[call]:
            return None
        found = self.script[call].popleft()
        if isinstance(found, Exception):
            raise found
        return found

    def will(self, call, *answers):
        """Answer the next calls so."""
        self.script[call].extend(answers)

    def hold(self, call):
        """Hold calls up until the event that is given is set."""
        self.gates[call] = asyncio.Event()
        return self.gates[call]

    def count(self, call):
        return sum(each[0] == call for each in self.calls)


class ScriptedNode(Scripted):
    """A processing node. A committed job runs for ``seconds``, then it is completed."""

    def __init__(self, *, seconds=5.0, info=INFO):
        super().__init__()
        self.seconds = seconds
        self.about = info
        self.known_options = OPTIONS
        self.trouble = None
        self.uploads = defaultdict(list)
        self.sent = []
        self.jobs = {}
        self.runs = 0
        self.dates_runs = True
        self.names = {}
        self.given = {}
        self.started = {}
        self.output = ("line 1", "line 2")

    def play(self, call):
        if self.trouble:
            raise self.trouble
        return super().play(call)

    def go_away(self):
        """Refuse every connection."""
        self.trouble = NodeUnreachable("connection refused")

    def come_back(self):
        self.trouble = None

    def take(self, uuid, *, images=None):
        """Have a job, as after a commit."""
        self.started[uuid] = asyncio.get_running_loop().time()
        names = self.uploads.pop(uuid, ())
        count = sum(not name.endswith(".txt") and not name.startswith("align.") for name in names)
        count = count if images is None else images
        self.runs += 1
        created = self.runs if self.dates_runs else -1
        self.jobs[uuid] = JobInfo(status=20, progress=0.0, processing_time=-1, images_count=count, created=created)

    def has(self, name, *, options=(), status=20, images=3, **state):
        """Have a job that somebody else submitted, and give its uuid. Without further state it runs."""
        uuid = str(uuid4())
        self.names[uuid], self.given[uuid] = name, options
        self.take(uuid, images=images)
        if status != 20 or state:
            self.set(uuid, status=status, **state)
        return uuid

    def set(self, uuid, **changes):
        """Change what is told of a job; from then on it does not move by itself."""
        self.started.pop(uuid, None)
        self.jobs[uuid] = replace(self.jobs[uuid], **changes)

    def state(self, uuid):
        if uuid not in self.jobs:
            raise JobNotFound(f"{uuid} not found")
        if uuid in self.started:
            spent = asyncio.get_running_loop().time() - self.started[uuid]
            done = spent >= self.seconds
            share = min(1.0, spent / self.seconds)
            changes = {"status": 40 if done else 20, "progress": share, "processing_time": int(spent * 1000)}
            self.jobs[uuid] = replace(self.jobs[uuid], **changes)
        return self.jobs[uuid]

    async def info(self):
        busy = sum(self.state(uuid).status in {10, 20} for uuid in self.jobs)
        return await self.meet("info") or replace(self.about, queue_count=self.about.queue_count + busy)

    async def options(self):
        return await self.meet("options") or self.known_options

    async def begin(self, uuid, *, name, options):
        await self.meet("begin", uuid, name, options)
        self.uploads[uuid] += []
        self.names[uuid], self.given[uuid] = name, tuple(options)

    async def upload(self, uuid, file, *, sent):
        await self.meet("upload", uuid, file.name)
        if uuid not in self.uploads:
            raise JobNotFound("Invalid uuid (not found)")
        sent(file.size)
        self.uploads[uuid].append(file.name)
        self.sent.append((uuid, file.name))

    async def commit(self, uuid):
        await self.meet("commit", uuid)
        if uuid not in self.uploads:
            raise JobNotFound("Invalid uuid (not found)")
        self.take(uuid)

    async def job(self, uuid, *, from_line=None):
        given = await self.meet("job", uuid, from_line)
        output = () if from_line is None else self.output[from_line:]
        return given or replace(self.state(uuid), output=output)

    async def job_list(self):
        await self.meet("list")
        return tuple(self.jobs)

    async def job_card(self, uuid):
        await self.meet("card", uuid)
        return JobCard(name=self.names.get(uuid, ""), options=self.given.get(uuid, ()), info=self.state(uuid))

    async def cancel(self, uuid):
        await self.meet("cancel", uuid)
        self.state(uuid)
        self.set(uuid, status=50)

    async def remove(self, uuid):
        await self.meet("remove", uuid)
        self.state(uuid)
        del self.jobs[uuid]

    async def restart(self, uuid, *, options):
        await self.meet("restart", uuid, options)
        self.take(uuid, images=self.state(uuid).images_count)

    async def download(self, uuid, target, *, received):
        await self.meet("download", uuid)
        received(50, None)
        received(50, 100)
        await asyncio.sleep(0.2)
        received(100, 100)


class FakeClients:
    """Hands out scripted nodes by address."""

    def __init__(self):
        self.nodes = {}

    def client(self, node):
        return self.nodes[node.url]


class FakeImages(Scripted):
    """Sources are what a command names."""

    async def expand(self, sources, *, taken=(), own=False):
        return await self.meet("expand") or tuple(sources)

    async def fetch_archive(self, url, target):
        await self.meet("fetch_archive", url)

    async def stage(self, task, source, *, resize_to, among=()):
        await self.meet("stage", source.name, resize_to)
        return OutgoingFile(name=source.name, size=10, chunks=no_chunks)


async def no_chunks():
    """Give nothing: nobody reads a fake's file."""
    return
    yield b""


class FakeShelves(Scripted):
    """Console lines in lists, everything else only noted."""

    def __init__(self):
        super().__init__()
        self.lines = {}
        self.runs = defaultdict(int)
        self.notes = {}

    def download_path(self, task, *, room=0):
        self.calls.append(("download_path", room))
        self.play("download_path")
        return Path("/nowhere") / str(task.id)

    async def accept(self, task):
        return await self.meet("accept", task.id) or Collected(available_assets=("all.zip",), size=2_000_000)

    async def append_output(self, task, lines, *, new_run):
        await self.meet("append", task.id)
        if new_run:
            self.runs[task.id] += 1
            self.lines[task.id] = []
        self.lines.setdefault(task.id, []).extend(lines)

    async def output_tail(self, task):
        lines = self.lines.get(task.id, [])
        return len(lines), lines[-1] if lines else ""

    async def begin_output(self, task):
        await self.meet("begin_output", task.id)
        self.lines.pop(task.id, None)

    async def discard_staged(self, task):
        await self.meet("discard", task.id)

    async def note_upload(self, task, names):
        await self.meet("note", task.id)
        self.notes[task.id] = (task.job_uuid, frozenset(names))

    async def restore_archive(self, task):
        return await self.meet("restore_archive", task.id) is None

    async def last_arrival(self, task):
        return await self.meet("last_arrival", task.id)

    async def take_upload_note(self, task):
        await self.meet("take_note", task.id)
        job, names = self.notes.pop(task.id, ("", None))
        return names if job == task.job_uuid else None

    async def remove(self, task):
        await self.meet("remove", task.id)
        self.lines.pop(task.id, None)
