"""A simulated processing node: speaks NodeODM's protocol over real HTTP, fails on cue, and makes small real results.

It is for trying the daemon out without ODM, and for tests. Faults come from the options (by chance or by time) or from
the levers of `SimulatedNode`; tests wait for its events instead of sleeping.
"""

from orchestrator.nodes.simulated.job import JobView, Run
from orchestrator.nodes.simulated.node import SimulatedNode
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.serve import serve_simulated_node
from orchestrator.nodes.simulated.words import EventName, Outcome, Status

__all__ = [
    "EventName",
    "JobView",
    "Outcome",
    "Run",
    "SimulatedNode",
    "SimulatedNodeOptions",
    "Status",
    "serve_simulated_node",
]
