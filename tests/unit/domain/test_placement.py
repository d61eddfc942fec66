"""Placement: the right node, or the reason why there is none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.domain.node import Health, NodeInfo, NodeOption, ProcessingNode
from orchestrator.domain.placement import NONE_KNOWN, Candidate, Waiting, place
from orchestrator.domain.task import Option, Stage
from tools.lifecycle_cells import NOW, sample_task

INFO = NodeInfo(
    api_version="2.2.4", queue_count=0, max_images=None, max_parallel=1, engine="odm", engine_version="3.5.6"
)


def node(id_, *, health=Health.ONLINE, max_images=None, parallel=1, options=()):
    return ProcessingNode(
        id=id_, url=f"http://node-{id_}:3000", hostname=f"node-{id_}", port=3000, created_at=NOW, label=f"node-{id_}",
        health=health, info=replace(INFO, max_images=max_images, max_parallel=parallel),
        options=tuple(NodeOption(name, "bool", "false", "", "") for name in options),
    )  # fmt: skip


def waiting(id_=134, *, files=2, stopping_on=None, **changes):
    task = replace(sample_task(Stage.WAITING, None), id=id_, **changes)
    return Waiting(task=task, files=files, stopping_on=stopping_on)


def chosen(items, candidates, *, most=99):
    assignments, _ = place(items, candidates, most=most)
    return [(each.task.id, each.node.id) for each in assignments]


def reason(item, candidates):
    _, kept = place([item], candidates, most=99)
    return kept[0].reason


def test_the_node_with_the_shortest_queue_is_chosen():
    candidates = [Candidate(node=node(1, parallel=4), ours=2), Candidate(node=node(2, parallel=4), foreign=1)]
    assert [(134, 2)] == chosen([waiting()], candidates)


def test_what_is_placed_in_one_look_counts_as_load_for_the_next():
    candidates = [Candidate(node=node(1, parallel=2)), Candidate(node=node(2, parallel=2))]
    assert [(1, 1), (2, 2), (3, 1), (4, 2)] == chosen([waiting(n) for n in (1, 2, 3, 4, 5)], candidates)


def test_higher_priority_goes_first_then_the_oldest():
    items = [
        waiting(1, priority=5, created_at=NOW + timedelta(seconds=1)),
        waiting(2, priority=5, created_at=NOW),
        waiting(3, priority=9, created_at=NOW + timedelta(seconds=9)),
    ]
    candidates = [Candidate(node=node(1, parallel=2))]
    assert [(3, 1), (2, 1)] == chosen(items, candidates)


def test_no_more_tasks_get_a_node_than_can_be_sent_soon():
    items, cluster = [waiting(1), waiting(2), waiting(3, priority=9)], [Candidate(node=node(1, parallel=1000))]
    assert [(3, 1), (1, 1)] == chosen(items, cluster, most=2)
    assert [] == chosen(items, cluster, most=-1)
    [kept] = place([waiting()], cluster, most=0)[1]
    assert "waiting until the images of tasks that go first are sent" == kept.reason


def test_a_task_waits_here_rather_than_behind_a_busy_node():
    assert "waiting for a processing node: node-1 is busy" == reason(waiting(), [Candidate(node=node(1), ours=1)])


def test_a_task_that_was_lost_on_a_node_goes_elsewhere():
    candidates = [Candidate(node=node(1)), Candidate(node=node(2), foreign=0)]
    assert [(134, 2)] == chosen([waiting(avoid_node=1)], candidates)


def test_a_task_that_was_lost_on_the_only_node_may_go_back_to_it():
    assert [(134, 1)] == chosen([waiting(avoid_node=1)], [Candidate(node=node(1))])


def test_a_task_that_was_lost_on_the_only_node_that_is_large_enough_may_go_back_to_it():
    candidates = [Candidate(node=node(1)), Candidate(node=node(2, max_images=2))]
    assert [(134, 1)] == chosen([waiting(files=3, avoid_node=1)], candidates)


@pytest.mark.parametrize("health", [Health.OFFLINE, Health.UNAUTHORIZED])
def test_a_task_that_was_lost_on_a_node_goes_back_rather_than_wait_for_one_that_is_away(health):
    candidates = [Candidate(node=node(1)), Candidate(node=node(2, health=health))]
    assert [(134, 1)] == chosen([waiting(avoid_node=1)], candidates)


def test_the_node_that_was_chosen_is_the_node_that_is_used():
    bound = waiting(auto_processing_node=False, processing_node=2)
    assert [(134, 2)] == chosen([bound], [Candidate(node=node(1)), Candidate(node=node(2))])


@pytest.mark.parametrize(
    ("item", "candidates", "expected"),
    [
        (waiting(), [], NONE_KNOWN),
        (waiting(stopping_on="node-9"), [Candidate(node=node(1))], "waiting for its previous job to stop on node-9"),
        (
            waiting(),
            [Candidate(node=node(1, health=Health.OFFLINE))],
            "waiting for a processing node: node-1 is offline",
        ),
        (
            waiting(),
            [Candidate(node=node(1, health=Health.OFFLINE)), Candidate(node=node(2, health=Health.UNAUTHORIZED))],
            "waiting for a processing node: none of 2 is online",
        ),
        (
            waiting(files=500),
            [Candidate(node=node(1, max_images=100)), Candidate(node=node(2, max_images=200))],
            "waiting for a processing node: the task has 500 files, and the largest takes 200",
        ),
        (
            waiting(files=3),
            [Candidate(node=node(1, max_images=2))],
            "waiting for a processing node: node-1 takes at most 2 images, and the task has 3",
        ),
        (
            waiting(auto_processing_node=False, processing_node=7),
            [Candidate(node=node(1))],
            "waiting for a processing node: node 7, which was chosen, is not known",
        ),
        (
            waiting(auto_processing_node=False),
            [Candidate(node=node(1))],
            "waiting for a processing node to be chosen: it is not placed automatically",
        ),
        (
            waiting(options=(Option("dtm", value=True),)),
            [Candidate(node=node(1, options=("dsm",)))],
            "waiting for a processing node: node-1 does not know the option dtm",
        ),
        (
            waiting(options=(Option("dtm", value=True),)),
            [Candidate(node=node(1, options=("dsm",))), Candidate(node=node(2, options=("dsm",)))],
            "waiting for a processing node: none of the 2 online knows all of its options",
        ),
        (
            waiting(),
            [Candidate(node=node(1), ours=1), Candidate(node=node(2), foreign=1)],
            "waiting for a processing node: all 2 that fit are busy",
        ),
    ],
)
def test_a_task_that_waits_can_say_why(item, candidates, expected):
    assert expected == reason(item, candidates)


def test_a_node_whose_options_are_not_known_yet_may_be_given_any():
    assert [(134, 1)] == chosen([waiting(options=(Option("dtm", value=True),))], [Candidate(node=node(1))])
