"""Builds the engine, with the files and the nodes that it works on, as the settings say."""

import uuid
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from orchestrator import __version__, crashing
from orchestrator.contract.render import WireRenderer
from orchestrator.domain.transitions import Policy
from orchestrator.engine.engine import Engine, Rooms, build_engine
from orchestrator.engine.timing import Timing
from orchestrator.files import ArchiveLimits, FetchLimits, ImageFiles, TaskShelves
from orchestrator.nodes.nodeodm import Deadlines
from orchestrator.nodes.registry import NodeRegistry
from orchestrator.settings import Settings
from orchestrator.store import SqlStore


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the time, in UTC."""
        return datetime.now(UTC)


async def engine_of(settings: Settings, store: SqlStore, stack: AsyncExitStack) -> tuple[Engine, TaskShelves]:
    """Give the engine, not yet running, and the shelves of its tasks; they are closed with the stack."""
    files, nodes = settings.files, settings.nodes
    images = ImageFiles(
        root=files.root,
        import_roots=files.import_roots,
        uploads=files.root / "tasks",
        limits=FetchLimits(max_bytes=files.max_image_bytes, private=files.allow_private_addresses),
        archive_limits=FetchLimits(
            max_bytes=files.max_unpacked_bytes, private=files.allow_private_addresses, whole=86_400.0
        ),
    )
    stack.push_async_callback(images.close)
    shelves = TaskShelves(
        root=files.root,
        limits=ArchiveLimits(max_unpacked_bytes=files.max_unpacked_bytes),
        max_output_bytes=files.max_output_bytes,
    )
    stack.push_async_callback(shelves.close)
    crashing.around_files(files.root.absolute())
    await shelves.recover()
    idle = nodes.transfer_idle_timeout
    deadlines = Deadlines(
        connect=nodes.connect_timeout, answer=nodes.answer_timeout, upload_idle=idle, download_idle=idle
    )
    registry = NodeRegistry(deadlines, user_agent=f"orchestrator/{__version__}")
    clients = crashing.around_nodes(await stack.enter_async_context(registry))
    renderer = WireRenderer(source=settings.bus.source)
    rooms = Rooms(store=store, renderer=renderer, images=images, shelves=shelves, clients=clients, clock=SystemClock())
    policy = Policy(max_attempts=settings.tasks.max_attempts)
    engine = build_engine(rooms, owner=_name(), policy=policy, timing=_timing(settings))
    return engine, shelves


def _timing(settings: Settings) -> Timing:
    nodes, tasks = settings.nodes, settings.tasks
    return Timing(
        probe_interval=nodes.probe_interval,
        poll_interval=nodes.poll_interval,
        first_poll=nodes.first_poll_interval,
        offline_after=nodes.offline_after,
        node_lost_after=nodes.node_lost_after,
        progress_interval=tasks.progress_interval,
        draft_ttl=tasks.draft_ttl,
        remove_collected_after=nodes.remove_collected_after,
        lease_ttl=settings.store.lease_ttl,
        events_kept=settings.events.retention,
        most_events=settings.events.max_stored,
        most_behind=settings.webhooks.max_behind,
        parallel_uploads=tasks.parallel_uploads,
        parallel_downloads=tasks.parallel_downloads,
        upload_connections=tasks.upload_connections,
    )


def _name() -> str:
    """Name this run of the daemon, so that names sort by the time of the start."""
    return f"{SystemClock().now():%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:12]}"
