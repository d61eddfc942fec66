"""Proof that the orchestrator keeps its promises."""
