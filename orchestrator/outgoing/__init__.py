"""Connections to addresses that strangers name: they lead to public addresses, or to networks that are allowed."""

from orchestrator.outgoing.guard import AddressRefused, Network, guarded_connector

__all__ = ["AddressRefused", "Network", "guarded_connector"]
