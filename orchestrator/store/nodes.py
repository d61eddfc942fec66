"""The table ``processing_nodes``."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, delete, select

from orchestrator.domain.node import Health, NodeInfo, NodeOption, ProcessingNode
from orchestrator.store.prepared import Prepared, Values, among, moment, storable, storable_text, upsert
from orchestrator.store.schema import processing_nodes

_INFO = ("api_version", "queue_count", "max_images", "max_parallel", "engine", "engine_version", "is_cluster")


def node_values(node: ProcessingNode) -> Values:
    """Give the values of a row."""
    return (
        node.id,
        node.url,
        node.hostname,
        node.port,
        node.token,
        node.label,
        node.static,
        node.health.value,
        storable_text(node.problem),
        node.version,
        node.created_at,
        node.unreachable_since,
        node.last_refreshed,
        None if node.info is None else json.dumps({name: getattr(node.info, name) for name in _INFO}),
        json.dumps([(option.name, option.type, option.value, option.domain, option.help) for option in node.options]),
    )


def node_of(row: Sequence[Any]) -> ProcessingNode:
    """Give the node of a row."""
    (
        id_,
        url,
        hostname,
        port,
        token,
        label,
        static,
        health,
        problem,
        version,
        created,
        away,
        refreshed,
        info,
        options,
    ) = row
    return ProcessingNode(
        id=id_,
        url=url,
        hostname=hostname,
        port=port,
        token=token,
        label=label,
        static=bool(static),
        health=Health(health),
        problem=problem,
        version=version,
        created_at=moment(created),
        unreachable_since=moment(away),
        last_refreshed=moment(refreshed),
        info=None if info is None else _info_of(info),
        options=_options_of(options),
    )


def _info_of(text: str) -> NodeInfo:
    stored = json.loads(text)
    return NodeInfo(**{name: stored[name] for name in _INFO if name in stored})


@lru_cache(maxsize=256)
def _options_of(text: str) -> tuple[NodeOption, ...]:
    """Decode a hundred options once: nodes are read with every placement, and most have the same options."""
    return tuple(
        NodeOption(name, type_, value, tuple(domain) if isinstance(domain, list) else domain, help_)
        for name, type_, value, domain, help_, *_ in json.loads(text)
    )


class NodeTable:
    """Statements about processing nodes, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        by_id = select(processing_nodes).order_by(processing_nodes.c.id)
        self._every = Prepared(by_id, dialect)
        self._locked = Prepared(by_id.with_for_update(), dialect)
        self._keep = Prepared(upsert(processing_nodes, dialect), dialect, order=processing_nodes.c.keys())
        self._delete = Prepared(delete(processing_nodes).where(among(processing_nodes.c.id, "ids", dialect)), dialect)

    def every(self, connection: Connection, *, lock: bool = False) -> tuple[ProcessingNode, ...]:
        """Give every node, by id."""
        return tuple(map(node_of, (self._locked if lock else self._every).rows(connection)))

    def keep(self, connection: Connection, kept: Iterable[ProcessingNode]) -> None:
        """Write new and changed nodes."""
        self._keep.many(connection, [node_values(node) for node in kept])

    def remove(self, connection: Connection, ids: Iterable[int]) -> None:
        """Delete nodes."""
        self._delete.run(connection, ids=storable(ids))
