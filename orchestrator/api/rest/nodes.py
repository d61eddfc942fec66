"""Processing nodes over REST: /api/processingnodes/. A token goes in and never comes out.

Nodes are few and are read as a whole with every placement, so they are filtered here and not by the store.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest.commanding import settle_named
from orchestrator.api.rest.faults import not_found
from orchestrator.api.rest.fields import NUMBER, SearchText, Whole
from orchestrator.api.rest.listing import Filters, ordering
from orchestrator.api.rest.route import Call, Form, Route
from orchestrator.contract.fields import MAX_TEXT, MAX_TOKEN
from orchestrator.contract.view_models import NodeOptionView, NodeView
from orchestrator.contract.views import public_node, public_option
from orchestrator.domain.access import Role
from orchestrator.domain.node import NodeOption, ProcessingNode

Hostname = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Port = Annotated[int, Field(ge=1, le=65535), NUMBER]
Token = Annotated[str, Field(max_length=MAX_TOKEN)]
Label = Annotated[str, Field(max_length=MAX_TEXT)]

View = Mapping[str, Any]

_ORDERS: Final = (
    "id", "hostname", "port", "label", "online", "api_version", "engine", "engine_version", "last_refreshed",
    "queue_count", "max_images",
)  # fmt: skip


class NodeFilters(Filters):
    """Which nodes, and in which order."""

    id: Whole | None = None
    hostname: SearchText | None = None
    port: Whole | None = None
    api_version: SearchText | None = None
    queue_count: Whole | None = None
    max_images: Whole | None = None
    label: SearchText | None = None
    engine: SearchText | None = None
    engine_version: SearchText | None = None
    has_available_options: bool | None = None
    ordering: SearchText | None = None
    """The field to order by, with - from the largest down; by default id. An unknown field is ignored."""


class NodeForm(Form):
    """A node, by its address. What else is left out stays as it is."""

    hostname: Hostname
    port: Port
    """443 means https."""
    label: Label | None = None
    token: Token | None = None
    """What the node was started with as --token; it never comes out again."""


class NodeChange(Form):
    """Changes to a node; what is left out stays as it is."""

    hostname: Hostname | None = None
    port: Port | None = None
    label: Label | None = None
    token: Token | None = None
    """The token of a node that moves is for its old address, and is forgotten unless it is given again."""


class Forced(Filters):
    """How a node is removed."""

    force: bool = False
    """Even while it has live jobs: their tasks are then as on a node that was lost."""


class Nodes:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._ports = ports

    def routes(self) -> list[Route]:
        """Give them."""
        every, one = "/processingnodes/", "/processingnodes/{node}/"
        return [
            Route(
                method="GET", path=every, name="listProcessingNodes", summary="List processing nodes.",
                handler=self.listed, query=NodeFilters, answers={200: list[NodeView]},
            ),
            Route(
                method="POST", path=every, name="addProcessingNode", summary="Add a processing node.",
                handler=self.create, role=Role.ADMIN, body=NodeForm, answers={201: NodeView}, faults=(409,),
            ),
            Route(
                method="GET", path=f"{every}options/", name="listOptions", handler=self.options,
                summary="List the options that every online processing node knows.",
                answers={200: list[NodeOptionView]},
            ),
            Route(
                method="GET", path=one, name="getProcessingNode", summary="Show a processing node.",
                handler=self.show, answers={200: NodeView},
            ),
            Route(
                method="PUT", path=one, name="replaceProcessingNode", handler=self.update, role=Role.ADMIN,
                summary="Change a processing node, with its address at least.", body=NodeForm,
                answers={200: NodeView}, faults=(409,),
            ),
            Route(
                method="PATCH", path=one, name="updateProcessingNode", summary="Change a processing node.",
                handler=self.update, role=Role.ADMIN, body=NodeChange, answers={200: NodeView}, faults=(409,),
            ),
            Route(
                method="DELETE", path=one, name="removeProcessingNode", summary="Remove a processing node.",
                handler=self.delete, role=Role.ADMIN, query=Forced, answers={204: None}, faults=(409,),
            ),
        ]  # fmt: skip

    async def listed(self, call: Call) -> web.Response:
        """List them."""
        given: NodeFilters = call.query
        nodes: Iterable[ProcessingNode] = await self._ports.library.nodes()
        if given.has_available_options is not None:
            nodes = (node for node in nodes if bool(node.options) is given.has_available_options)
        wanted = given.model_dump(exclude={"ordering", "has_available_options"}, exclude_none=True)
        views = [view for view in map(public_node, nodes) if all(view[name] == it for name, it in wanted.items())]
        by = ordering(given.ordering, _ORDERS)
        if given.ordering and by.field in _ORDERS:
            views.sort(key=_by(by.field), reverse=by.descending)
        return shown(views)

    async def create(self, call: Call) -> web.Response:
        """Make one known."""
        return shown(await settle_named(self._ports.desk, "add-processing-node", call.body.given()), status=201)

    async def options(self, _: Call) -> web.Response:
        """List what every online node knows."""
        known = [{each.name: each for each in node.options} for node in await self._online()]
        return shown([public_option(option) for option in reduce(_common, known).values()] if known else [])

    async def show(self, call: Call) -> web.Response:
        """Show one."""
        return shown(public_node(await self._named(call)))

    async def update(self, call: Call) -> web.Response:
        """Change one."""
        node = await self._named(call)
        changes = call.body.given()
        address = {"hostname": changes.pop("hostname", node.hostname), "port": changes.pop("port", node.port)}
        if changes.get("label") == node.name:
            del changes["label"]  # It is shown where there is none, and comes back from clients that send all of it.
        if address != {"hostname": node.hostname, "port": node.port}:
            changes |= address  # Else a node that is known by an address of more parts would lose them.
        if not changes:
            return shown(public_node(node))
        command = {"processing_node": node.id, **changes}
        return shown(await settle_named(self._ports.desk, "update-processing-node", command))

    async def delete(self, call: Call) -> web.Response:
        """Forget one."""
        node = await self._named(call)
        command = {"processing_node": node.id, "force": call.query.force}
        await settle_named(self._ports.desk, "remove-processing-node", command)
        return web.Response(status=204)

    async def _named(self, call: Call) -> ProcessingNode:
        id_ = call.id("node")
        found = next((node for node in await self._ports.library.nodes() if node.id == id_), None)
        if found is None:
            raise not_found()
        return found

    async def _online(self) -> list[ProcessingNode]:
        return [node for node in await self._ports.library.nodes() if node.online]


def _common(one: dict[str, NodeOption], other: Mapping[str, NodeOption]) -> dict[str, NodeOption]:
    return {name: option for name, option in one.items() if name in other}


def _by(field: str) -> Callable[[View], tuple[bool, Any]]:
    """Order by a field, with nothing before all that is."""
    return lambda view: (view[field] is not None, view[field])
