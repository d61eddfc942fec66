"""Bodies of the commands about processing nodes, and what each means."""

from typing import Annotated

from pydantic import Field

from orchestrator.contract.addresses import MAX_ADDRESS, Address, from_host, from_url
from orchestrator.contract.complaints import refuse
from orchestrator.contract.fields import MAX_TEXT, Id, Name, Port, Token, Wire
from orchestrator.domain.commands import UNSET, AddProcessingNode, RemoveProcessingNode, UpdateProcessingNode
from orchestrator.domain.problem import FieldError, Problem

Hostname = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Url = Annotated[str, Field(min_length=1, max_length=MAX_ADDRESS)]

_EITHER_ADDRESS = {"anyOf": [{"required": ["url"]}, {"required": ["hostname", "port"]}]}


class NodeBody(Wire):
    """A body that may say where a node is: by ``hostname`` and ``port``, or by ``url``."""

    hostname: Hostname | None = None
    port: Port | None = None
    """With hostname; 443 means https."""
    url: Url | None = Field(default=None, repr=False)
    """In place of hostname and port; ?token=… in it counts as the token."""
    token: Token | None = Field(default=None, repr=False)
    """What the node was started with as --token; it never comes out again."""
    label: Name | None = None

    def address(self) -> Address | FieldError | None:
        """Give where the node is; None: the body does not say."""
        if self.url is not None:
            if self.hostname is not None or self.port is not None:
                return FieldError("url", "must be given without hostname and port, or they without url")
            return self._with_one_token(from_url(self.url))
        if self.hostname is None and self.port is None:
            return None
        if self.hostname is None or self.port is None:
            missing = "port" if self.port is None else "hostname"
            return FieldError(missing, "must be given: hostname and port go together")
        return from_host(self.hostname, self.port)

    def _with_one_token(self, address: Address | FieldError) -> Address | FieldError:
        if isinstance(address, Address) and self.token is not None and address.token not in (None, self.token):
            return FieldError("token", "must be given once, in url or in token")
        return address


class AddProcessingNodeBody(NodeBody, json_schema_extra=_EITHER_ADDRESS):
    """Add a processing node."""

    def command(self) -> AddProcessingNode | Problem:
        """Give what is meant, or what is wrong with the address."""
        address = self.address() or FieldError("hostname", "must be given with port; or give url")
        if isinstance(address, FieldError):
            return refuse([address])
        return AddProcessingNode(url=address.url, token=self.token or address.token or "", label=self.label or "")


class UpdateProcessingNodeBody(NodeBody):
    """Change a processing node; fields that are left out, or null, stay as they are."""

    processing_node: Id

    def command(self) -> UpdateProcessingNode | Problem:
        """Give what is meant, or what is wrong with the address."""
        address = self.address()
        if isinstance(address, FieldError):
            return refuse([address])
        token = self.token if self.token is not None or address is None else address.token
        return UpdateProcessingNode(
            processing_node=self.processing_node,
            url=UNSET if address is None else address.url,
            token=UNSET if token is None else token,
            label=UNSET if self.label is None else self.label,
        )


class RemoveProcessingNodeBody(Wire):
    """Remove a processing node."""

    processing_node: Id
    force: bool = False
    """Even while it has live jobs: their tasks are then as on a node that was lost."""

    def command(self) -> RemoveProcessingNode:
        """Give what is meant."""
        return RemoveProcessingNode(processing_node=self.processing_node, force=self.force)
