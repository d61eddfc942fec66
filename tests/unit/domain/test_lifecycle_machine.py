"""Whatever comes, in whatever order: the promises about versions, sequences, jobs and ends hold."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.domain import facts, jobs
from orchestrator.domain.commands import CreateTask, SetPendingAction
from orchestrator.domain.events import TaskEventType
from orchestrator.domain.lifecycle import create, decide
from orchestrator.domain.task import PendingAction, Source, Stage, Status
from orchestrator.domain.transitions import Policy
from tools.lifecycle_cells import KEY, NOW, STIMULI

STIMULUS = st.sampled_from([stimulus for variants in STIMULI.values() for stimulus in variants])


class LifecycleMachine(RuleBasedStateMachine):
    """One task under a storm of stimuli."""

    @initialize(partial=st.booleans(), automatic=st.booleans(), import_url=st.sampled_from(["", "https://host/a.zip"]))
    def begin(self, *, partial, automatic, import_url):
        sources = () if partial else (Source("/data/1.jpg", "1.jpg"),)
        command = CreateTask(
            sources=sources,
            partial=partial,
            processing_node=None if automatic else 5,
            import_url=import_url if partial else "",
        )
        decision = create(command, id=134, now=NOW)
        self.task = decision.task
        self.events = list(decision.events)
        self.removed = False
        self.live_jobs: set[str] = set()
        self.placements = 0

    @rule(stimulus=STIMULUS)
    def meet(self, stimulus):
        if isinstance(stimulus, facts.Placed):
            self.placements += 1
            stimulus = replace(stimulus, job_uuid=f"job-{self.placements}")
        before = self.task
        if self.removed:
            return
        decision = decide(before, stimulus, now=NOW, policy=Policy(max_attempts=3))
        self._follow_jobs(before, decision.task)
        self.events += decision.events
        self.removed = decision.removed
        self.task = decision.task
        if before.stage is Stage.ENDED and self.task.stage is not Stage.ENDED:
            assert isinstance(stimulus, SetPendingAction)
            assert stimulus.pending_action in {PendingAction.RESTART, PendingAction.REMOVE}

    def _follow_jobs(self, before, after):
        dropped = jobs.dropped_job(before, after)
        if dropped:
            self.live_jobs.remove(dropped)
        if jobs.began_job(before, after):
            self.live_jobs.add(after.job_uuid)

    @precondition(lambda self: not self.removed)
    @rule()
    def restart_while_it_lasts(self):
        stimulus = SetPendingAction(task=KEY, pending_action=PendingAction.RESTART)
        decision = decide(self.task, stimulus, now=NOW, policy=Policy())
        if not decision.problem:
            assert decision.task.attempt == self.task.attempt + 1

    @invariant()
    def sequence_is_gapless_from_one(self):
        assert list(range(1, len(self.events) + 1)) == [event.sequence for event in self.events]

    @invariant()
    def version_is_the_number_of_changes(self):
        assert self.task.version == len(self.events)

    @invariant()
    def at_most_one_job_is_live(self):
        assert len(self.live_jobs) <= 1

    @invariant()
    def statuses_fit_their_stage(self):
        if self.task.stage in {Stage.DRAFT, Stage.WAITING, Stage.UPLOADING}:
            assert self.task.status is None
        if self.task.stage is Stage.ENDED:
            assert self.task.status in {Status.FAILED, Status.COMPLETED, Status.CANCELED}

    @invariant()
    def nothing_comes_after_removed(self):
        types = [event.type for event in self.events]
        assert TaskEventType.REMOVED not in types[:-1]

    @invariant()
    def removed_tasks_leave_no_job_behind(self):
        if self.task.stage is Stage.REMOVING:
            assert not self.live_jobs


LifecycleMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestLifecycle = LifecycleMachine.TestCase
