"""The answer to a command, as JSON-ready dicts."""

from orchestrator.contract.views import View, public_node, public_problem, public_project, public_task
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import Project, Task


def accepted(command: str, subject: Task | Project | ProcessingNode) -> View:
    """Answer a command that was taken, with what it was about as it now stands."""
    match subject:
        case Task():
            return {"ok": True, "command": command, "task": public_task(subject)}
        case Project():
            return {"ok": True, "command": command, "project": public_project(subject)}
        case ProcessingNode():
            return {"ok": True, "command": command, "processing_node": public_node(subject)}


def rejected(command: str, problem: Problem) -> View:
    """Answer a command that was not taken."""
    return {"ok": False, "command": command, "error": public_problem(problem)}
