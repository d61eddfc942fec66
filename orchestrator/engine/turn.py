"""The turn: settles commands and facts from everywhere in batches, one transaction each.

One read, pure decisions, one write, one commit; then everyone gets an answer, and those who wait for changes are told.
A batch closes as soon as the previous commit has returned, so there is no timer and no wait at low load.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from orchestrator.domain.adoption import Foundling
from orchestrator.domain.commands import COMMAND_NAMES, CommitTask, CreateTask
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Report
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.problem import Problem, internal
from orchestrator.domain.task import Task
from orchestrator.domain.transitions import Policy
from orchestrator.engine.batch import Batch, Surroundings
from orchestrator.engine.changes import Changes, Wanted
from orchestrator.engine.moves import log_moves
from orchestrator.engine.numbers import give_back, reserve_numbers
from orchestrator.engine.ports import Clock, Images, Order, Rejected, Renderer, Settled, Store, Transaction
from orchestrator.engine.rulings import rule
from orchestrator.engine.stimuli import Claim, JobReport, NodeReport, PreparedOrder, Stimulus
from orchestrator.engine.timing import Timing
from orchestrator.engine.wants import sources_of, wanted_by

log = structlog.get_logger()

BATCH = 500
"""Stimuli in one transaction at most: beyond that a batch gains little (docs/explanation/performance.md)."""

AGAIN = 5.0
"""Seconds after which confirmations that could not be written are tried again, if nothing else is settled before."""


@dataclass(slots=True)
class _Entry:  # stimuli handed in together, and where their results go
    stimuli: Sequence[Stimulus]
    done: "asyncio.Future[list[Any]]"
    again: bool = False
    """Whether it was refused by the store, and settled once more."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """Settles stimuli. ``listeners`` are called after each commit, in commit order, with what was written."""

    store: Store
    renderer: Renderer
    images: Images
    clock: Clock
    owner: str
    policy: Policy
    timing: Timing
    known_nodes: Callable[[], Sequence[ProcessingNode]]
    listeners: list[Callable[[Changes], None]] = field(default_factory=list)
    problem: str = ""
    """Why the last transaction failed; empty once one was committed."""
    failures: int = 0
    """Transactions that failed. One of which only the answer was lost was committed, and no listener heard of it."""
    _queue: "deque[_Entry]" = field(default_factory=deque)
    _sent: list[int] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    # ------------------------------------------------------------------------------------------------ handing in

    async def settle(self, given: Sequence[Order]) -> list[Settled]:
        """Settle commands, in this order (``ports.Desk``)."""
        # Side by side: files that take long to look at hold up this batch once, not once for each command.
        prepared = await asyncio.gather(*map(self._prepare, given))
        results: list[Settled] = await self._hand_in(prepared)
        return results

    async def report(self, report: Report) -> Task | None:
        """Settle a fact. Gives the task as it now stands; None when the fact came too late, or the task is gone."""
        results = await self._hand_in((report,))
        task: Task | None = results[0]
        return task

    async def report_all(self, reports: Sequence[Report]) -> list[Task | None]:
        """Settle facts about several tasks in one go; gives for each what ``report`` gives."""
        results: list[Task | None] = await self._hand_in(reports)
        return results

    async def observe_node(self, report: NodeReport) -> None:
        """Settle what a probe saw."""
        await self._hand_in((report,))

    async def confirm_job(self, report: JobReport) -> None:
        """Settle what became of an abandoned job."""
        await self._hand_in((report,))

    async def claim(self, found: Sequence[Foundling]) -> list[Task | None]:
        """Take tasks back from their nodes; gives each as it stands, None when it is known already."""
        results: list[Task | None] = await self._hand_in([Claim(each) for each in found])
        return results

    def sent(self, numbers: Sequence[int]) -> None:
        """Note outbox entries that the bus has confirmed (``ports.Desk``)."""
        self._sent.extend(numbers)
        self._wake.set()

    async def _prepare(self, order: Order) -> PreparedOrder:
        command = order.command
        given = sources_of(command)
        if not given or not isinstance(command, CreateTask | CommitTask):
            return PreparedOrder(order)
        expanded = await self.images.expand(given, own=order.own)
        if isinstance(expanded, Problem):
            return PreparedOrder(order, expanded)
        return PreparedOrder(replace(order, command=replace(command, sources=expanded)))

    async def _hand_in(self, stimuli: Sequence[Stimulus]) -> list[Any]:
        if not stimuli:
            return []
        if self._closed:
            raise StoreError("The daemon is stopping.")
        entry = _Entry(stimuli, asyncio.get_running_loop().create_future())
        self._queue.append(entry)
        self._wake.set()
        return await entry.done

    # ------------------------------------------------------------------------------------------------- settling

    def open(self) -> None:
        """Take stimuli, from before ``run`` to ``close``."""
        self._closed = False

    def close(self) -> None:
        """Take no more; ``run`` settles what was handed in by now, and returns."""
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Settle what comes, until closed."""
        while not self._closed:
            await self._wait(AGAIN if self._sent else None)
            if not self._queue:
                await self._linger()
            await self._settle_queued()
        await self._settle_queued()

    async def _wait(self, longest: float | None) -> None:
        """Wait for something to settle. Confirmations that the store did not take are tried again after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._wake.wait()
        self._wake.clear()

    async def _linger(self) -> None:
        """Only confirmations are there: they wait a while for a transaction that is made anyway."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timing.idle_flush):
                while not self._queue and not self._closed:
                    await self._wake.wait()
                    self._wake.clear()

    async def _settle_queued(self) -> None:
        """Settle all that was handed in, confirmations along with it; or those alone, if there is nothing else."""
        if not self._queue and self._sent:
            await self._settle([])
        while self._queue:
            entries: list[_Entry] = []
            size = 0
            while self._queue and size < BATCH:
                entries.append(self._queue.popleft())
                size += len(entries[-1].stimuli)
            await self._settle(entries)

    async def _settle(self, entries: list[_Entry]) -> None:
        stimuli = [stimulus for entry in entries for stimulus in entry.stimuli]
        sent, self._sent = self._sent, []
        try:
            results = await self._commit(stimuli, sent)
        except Exception as error:  # noqa: BLE001  (one poisonous stimulus must not take the others with it)
            self._sent = sent + self._sent
            self.failures += 1
            if isinstance(error, StoreError) and error.retryable:
                self._fail(entries, error)
            else:
                await self._halve(entries, error)
        else:
            if self.problem:
                log.info("turn.recovered")
            self.problem = ""
            position = 0
            for entry in entries:
                if not entry.done.done():
                    entry.done.set_result(results[position : position + len(entry.stimuli)])
                position += len(entry.stimuli)

    def _fail(self, entries: list[_Entry], error: Exception) -> None:
        if str(error) != self.problem:  # Once is enough: whoever handed in tries again and again.
            log.warning("turn.failed", reason=str(error), stimuli=sum(len(entry.stimuli) for entry in entries))
        self.problem = str(error)
        for entry in entries:
            if not entry.done.done():
                entry.done.set_exception(error)

    async def _halve(self, entries: list[_Entry], error: Exception) -> None:
        """Split what could not be settled until the culprit stands alone."""
        if len(entries) > 1:
            middle = len(entries) // 2
            await self._settle(entries[:middle])
            await self._settle(entries[middle:])
            return
        if not entries:
            log.error("turn.failed", reason=str(error), stimuli=0, exc_info=error)
            return
        entry = entries[0]
        if len(entry.stimuli) == 1 and isinstance(error, StoreError) and not entry.again:
            # Another daemon may have written the same message or reference meanwhile: then it is found this time.
            entry.again = True
            await self._settle([entry])
            return
        if len(entry.stimuli) == 1:
            log.error("turn.stimulus_refused", stimulus=repr(entry.stimuli[0])[:500], exc_info=error)
            self._refuse(entry, error)
            return
        loop = asyncio.get_running_loop()
        parts = [_Entry((stimulus,), loop.create_future()) for stimulus in entry.stimuli]
        await self._settle(parts)
        outcomes = [part.done.exception() or part.done.result()[0] for part in parts]
        failure = next((each for each in outcomes if isinstance(each, BaseException)), None)
        if not entry.done.done():
            entry.done.set_exception(failure) if failure else entry.done.set_result(outcomes)

    def _refuse(self, entry: _Entry, error: Exception) -> None:
        stimulus = entry.stimuli[0]
        if entry.done.done():
            return
        if not isinstance(stimulus, PreparedOrder):
            entry.done.set_exception(error)
            return
        problem = internal("the daemon failed on this command; its log says more")
        name = COMMAND_NAMES[type(stimulus.order.command)]
        entry.done.set_result([Settled(self.renderer.answer(Rejected(name, problem)), accepted=False)])

    # -------------------------------------------------------------------------------------------- one transaction

    async def _commit(self, stimuli: Sequence[Stimulus], sent: list[int]) -> list[Any]:
        async with self.store.begin() as transaction:
            batch = await self._open(transaction, stimuli, sent)
            results = [rule(batch, stimulus, renderer=self.renderer, timing=self.timing) for stimulus in stimuli]
            await give_back(transaction, batch, stimuli)
            await self._render_events(transaction, batch)
            if not batch.is_empty:
                await transaction.write(batch.changes)
        for listener in self.listeners:
            self._tell(listener, batch.changes)
        log_moves(batch.events)
        return results

    def _tell(self, listener: Callable[[Changes], None], changes: Changes) -> None:
        try:
            listener(changes)
        except Exception:
            log.exception("turn.listener_failed", listener=repr(listener))

    async def _open(self, transaction: Transaction, stimuli: Sequence[Stimulus], sent: list[int]) -> Batch:
        snapshot = await transaction.read(wanted_by(stimuli))
        numbers = await reserve_numbers(transaction, stimuli)
        around = Surroundings(self.clock.now(), self.policy, self.known_nodes())
        batch = Batch.of(snapshot, around=around, owner=self.owner, numbers=numbers, sent=sent)
        drafts = {
            task.id
            for stimulus in stimuli
            if isinstance(stimulus, PreparedOrder)
            and isinstance(stimulus.order.command, CommitTask)
            and (task := batch.task(stimulus.order.command.task))
        }
        if drafts:
            batch.sources.update((await transaction.read(Wanted(sources=drafts))).sources)
        return batch

    async def _render_events(self, transaction: Transaction, batch: Batch) -> None:
        if not batch.events:
            return
        first = (await transaction.reserve({"outbox": len(batch.events)}))["outbox"]
        render = self.renderer.event
        batch.changes.outbox = [render(event, number=first + index) for index, event in enumerate(batch.events)]
