"""The lease: tasks in work belong to one daemon at a time, for as long as its heart beats.

Of the daemons that share a store the one that has been there longest is the first: it publishes for all. Names of
daemons sort by the time of their start, so each sees by itself who that is.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from orchestrator.domain.errors import StoreError
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Stage, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.reaper import Reaper
from orchestrator.engine.steps.submit import Submit
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two looks at what other daemons do, while there are any."""

UNKNOWN = -1
"""No number of failures: what is in the store is to be compared with what is known here."""

TAKEN_UP = 2000
"""Tasks a second that a crowd is taken up at, so that commands and the bus are not kept waiting by a start."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a daemon stands among those that share its store."""

    first: bool
    """It has been there longest."""
    alone: bool
    """All that is committed is committed here, and was heard of."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """Beats, takes over what belongs to nobody, and follows what other daemons did."""

    shop: Workshop
    conductor: Conductor
    reaper: Reaper
    submit: Submit
    followers: Sequence[Callable[[Changes], None]]
    """Those who are told of nodes and jobs that other daemons changed, as if we had."""
    standing: list[Callable[[Standing], None]] = field(default_factory=list)
    """Those who are told, at each beat, how this daemon stands among the others."""
    problem: str = ""
    """Why the last look at the store failed; empty once one was taken."""
    _commits: int = field(default=0)
    _alone: bool = field(default=True)
    _beaten_at: float = field(default=0.0)
    _failures: int = field(default=0)
    """Failed transactions after which what is in the store was compared with what is known here."""

    async def begin(self) -> None:
        """Beat once and take over what a former run left. Raises ``StoreError``."""
        await self._beat()
        await self._take_over()

    async def run(self) -> None:
        """Beat until cancelled."""
        interval = self.shop.timing.lease_ttl / 3
        while True:
            await asyncio.sleep(interval if self._alone else min(LOOK, interval))
            try:
                if self._alone or self.shop.elapsed() - self._beaten_at >= interval - LOOK / 2:
                    await self._beat()
                await self._learn()
                await self._let_go_of_unheard()
                if not self._alone:
                    await self._look_at_others()
                await self._take_over()
                self.problem = ""
            except StoreError as error:
                if str(error) != self.problem:
                    log.warning("lease.not_renewed", reason=str(error))
                self.problem = str(error)
            except Exception:
                log.exception("lease.failed")

    async def end(self) -> None:
        """Hand everything back."""
        await self.shop.store.release(self.shop.turn.owner)

    def on_commit(self, changes: Changes) -> None:
        """Note that what was read of nodes and jobs may be old (a listener of the turn)."""
        if changes.nodes or changes.gone_nodes or changes.jobs or changes.gone_jobs:
            self._commits += 1

    async def _beat(self) -> None:
        now, owner = self.shop.clock.now(), self.shop.turn.owner
        self._beaten_at = self.shop.elapsed()
        until = now + timedelta(seconds=self.shop.timing.lease_ttl)
        living = await self.shop.store.heartbeat(owner, until=until, now=now)
        self._alone = living == (owner,)
        if self._alone:
            self.shop.board.elsewhere.clear()
        heard = self._failures == self.shop.turn.failures
        for tell in self.standing:
            tell(Standing(first=living[0] == owner, alone=self._alone and heard))

    async def _learn(self) -> None:
        """See nodes that came, went or moved, and jobs that were abandoned, without our doing."""
        commits = self._commits
        nodes = {node.id: node for node in await self.shop.store.nodes()}
        jobs = await self.shop.store.abandoned_jobs()
        if commits != self._commits:
            return  # Ours may be newer than what was read; the next beat looks again.
        known = {node.id: node for node in self.shop.board.nodes()}
        news = Changes(owner=self.shop.turn.owner)
        news.nodes = {id_: node for id_, node in nodes.items() if id_ not in known or _moved(known[id_], node)}
        news.gone_nodes = known.keys() - nodes.keys()
        news.jobs = {job.uuid: job for job in jobs if job.uuid not in self.reaper.jobs}
        for follow in self.followers:
            follow(news)

    async def _look_at_others(self) -> None:
        """Let go of tasks that another daemon moved, and count what the others have on nodes."""
        known = dict(self.conductor.tasks)
        owned = await self.shop.store.owned(self.shop.turn.owner)
        for id_, task in known.items():
            # What has changed here since may be ours again; the next look tells.
            if id_ not in owned and self.conductor.tasks.get(id_) is task:
                self.conductor.disown(task)
        self.shop.board.elsewhere = await self.shop.store.slots_of_others(self.shop.turn.owner)

    async def _let_go_of_unheard(self) -> None:
        """Let go of tasks that are ours and not known here: what moved them was committed, and its answer was lost.

        Nobody else would ever go on with them. The next claim takes them over, as they now stand.
        """
        failures = self.shop.turn.failures
        if failures == self._failures:
            return
        unheard = await self.shop.store.owned(self.shop.turn.owner) - self.conductor.tasks.keys()
        if unheard:
            log.info("lease.unheard_of", tasks=len(unheard))
            await self.shop.store.let_go(self.shop.turn.owner, unheard)
        self._failures = failures

    async def _take_over(self) -> None:
        try:
            tasks = await self.shop.store.claim(self.shop.turn.owner, now=self.shop.clock.now())
        except StoreError:
            self._failures = UNKNOWN
            raise
        for task in tasks:
            self._note_upload(task)
        if tasks:
            log.info("lease.taken_over", tasks=len(tasks))
        self.conductor.adopt(tasks, within=min(self.shop.timing.poll_interval, len(tasks) / TAKEN_UP))

    def _note_upload(self, task: Task) -> None:
        if task.stage is Stage.UPLOADING and not task.committed:
            self.submit.found_interrupted(task)


def _moved(known: ProcessingNode, stored: ProcessingNode) -> bool:
    """Whether somebody changed what a client may change of a node; its health each daemon sees for itself."""
    return (known.url, known.token, known.label) != (stored.url, stored.token, stored.label)
