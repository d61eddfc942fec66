"""A processing node spoken to in the NodeODM protocol: NodeODM, ClusterODM, NodeMICMAC and whatever resembles them.

The facts about these servers that the comments rely on were measured on NodeODM 2.2.4, ClusterODM 1.5.8 and
NodeMICMAC 1.6.0, and read in their sources.
"""

from orchestrator.nodes.nodeodm.client import NodeOdmClient
from orchestrator.nodes.nodeodm.deadlines import Deadlines

__all__ = ["Deadlines", "NodeOdmClient"]
