"""Orchestrator: drone-imagery tasks from a message bus to verified maps. Nothing is lost, nothing runs twice."""

__version__ = "0.1.0"
