"""What the client library raises, in words for people."""

from orchestrator.bus.amqp.address import Address
from orchestrator.domain.connecting import why_not_connected


def said(error: BaseException, address: Address) -> str:
    """Give the reason as a clause."""
    return (
        why_not_connected(error, place=address.place)
        or " ".join(str(part) for part in error.args if part)
        or type(error).__name__
    )
