"""What messages carry around their bodies: AMQP properties by name, and the headers that are ours."""

from typing import Final

from orchestrator.domain.commands import COMMAND_NAMES

COMMANDS: Final = tuple(COMMAND_NAMES.values())
"""The name of every command: its routing key and its property ``type``."""

# AMQP 0-9-1 basic properties that mean something here.
TYPE: Final = "type"
MESSAGE_ID: Final = "message_id"
REPLY_TO: Final = "reply_to"
CORRELATION_ID: Final = "correlation_id"
CONTENT_TYPE: Final = "content_type"

TRACEPARENT: Final = "traceparent"
"""Header of the W3C Trace Context recommendation, on commands and on events."""

ERROR_TYPE: Final = "x-orchestrator-error-type"
"""On a dead letter: the problem's ``type``."""
ERROR: Final = "x-orchestrator-error"
"""On a dead letter: the problem's ``detail``."""
ERROR_FIELDS: Final = "x-orchestrator-error-fields"
"""On a dead letter: the wrong fields, as JSON text of the problem's ``errors``."""
ORIGINAL_EXCHANGE: Final = "x-orchestrator-exchange"
"""On a dead letter: the exchange to which it was published."""
ORIGINAL_ROUTING_KEY: Final = "x-orchestrator-routing-key"
"""On a dead letter: the routing key with which it was published."""
FAILED_AT: Final = "x-orchestrator-failed-at"
"""On a dead letter: when it was put aside, ISO 8601 in UTC."""

JSON: Final = "application/json"
"""Content type of commands and answers."""
CLOUDEVENT: Final = "application/cloudevents+json"
"""Content type of events: CloudEvents 1.0, JSON event format, structured mode."""
