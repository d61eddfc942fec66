"""From a delivery to a command, or to what is wrong with it."""

from orchestrator.bus.port import Delivery
from orchestrator.contract.commands import decode
from orchestrator.domain.commands import Command
from orchestrator.domain.problem import Problem, invalid_field, too_large

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
LONGEST_MESSAGE_ID = 255


def read(delivery: Delivery, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> Command | Problem:
    """Understand a delivery."""
    problem = _envelope_problem(delivery, max_message_bytes=max_message_bytes)
    if problem is not None:
        return problem
    return decode(delivery.name, delivery.body)


def _envelope_problem(delivery: Delivery, *, max_message_bytes: int) -> Problem | None:
    if delivery.size > max_message_bytes:
        return too_large(f"The message has {delivery.size} bytes; at most {max_message_bytes} are taken.")
    if delivery.type and delivery.exchange and delivery.type != delivery.routing_key:
        return invalid_field("type", "The property type and the routing key name different commands.")
    message_id = delivery.message_id
    if message_id is not None and not message_id.isprintable():
        return invalid_field("message_id", "The message id must be printable UTF-8.")
    if message_id is not None and len(message_id) > LONGEST_MESSAGE_ID:
        return invalid_field("message_id", f"The message id is longer than {LONGEST_MESSAGE_ID} characters.")
    if not delivery.name.isprintable():
        return invalid_field("type", "The command's name must be printable UTF-8.")
    return None
