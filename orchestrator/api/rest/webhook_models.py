"""Webhooks as forms and views. No view has a secret, but the answer that creates one."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from orchestrator.api.rest.route import Form
from orchestrator.contract.event_filter import place_of
from orchestrator.contract.fields import Id
from orchestrator.contract.views import utc_text
from orchestrator.contract.webhooks import MAX_URL, check_secret, check_type, check_url
from orchestrator.domain.webhooks import Delivery, Webhook

MOST_CHOSEN = 1000
_Url = Annotated[str, Field(max_length=MAX_URL), AfterValidator(check_url)]
_Secret = Annotated[str, Field(max_length=200), AfterValidator(check_secret)]
_Ids = Annotated[list[Id], Field(max_length=MOST_CHOSEN)]
_Types = Annotated[list[Annotated[str, AfterValidator(check_type)]], Field(max_length=20)]
_SETS = ("projects", "tasks", "types")


class _Wanted(Form):
    projects: _Ids | None = None
    """Only events of tasks in these projects; null or none: of all."""
    tasks: _Ids | None = None
    """Only events of these tasks."""
    types: _Types | None = None
    """Only events of these types, such as task.status-changed."""

    @field_validator(*_SETS, mode="before")
    @classmethod
    def _read_text(cls, given: Any) -> Any:
        """Read JSON, as forms give it."""
        if isinstance(given, str):
            try:
                return json.loads(given)
            except (ValueError, RecursionError):
                raise ValueError("Value must be valid JSON.") from None
        return given

    @property
    def sets(self) -> dict[str, frozenset[Any] | None]:
        """What was chosen of what was given."""
        given = {name: getattr(self, name) for name in _SETS if name in self.model_fields_set}
        return {name: frozenset(chosen) if chosen else None for name, chosen in given.items()}


class WebhookForm(_Wanted):
    """A new webhook."""

    url: _Url
    """Where events are sent to, by POST."""
    secret: _Secret | None = None
    """What they are signed with: whsec_ and 24 to 64 bytes in base64. One is made if none is given."""
    active: bool = True


class WebhookChange(_Wanted):
    """Changes to a webhook; what is left out stays as it is."""

    url: _Url | None = None
    secret: _Secret | None = None
    active: bool | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What is to be changed."""
        plain = {name: getattr(self, name) for name in ("url", "secret", "active")}
        return {name: value for name, value in plain.items() if value is not None} | self.sets


class Page(Form):
    """Which of many."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    offset: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class _View(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


class WebhookView(_View):
    """A webhook."""

    id: int
    url: str
    projects: list[int] | None
    tasks: list[int] | None
    types: list[str] | None
    active: bool
    static: bool
    """From the settings file."""
    created_at: str
    problem: str
    """Why the last attempt failed, or why it was switched off; empty when all is well."""
    failing_since: str | None
    last_event: int
    """Number of the last event that was taken, not wanted, or put aside to be tried again."""
    behind: int
    """Events that came after that one."""


class CreatedWebhookView(WebhookView):
    """A new webhook, with its secret."""

    secret: str


class FailureView(_View):
    """An event that was not taken, and is not tried again."""

    number: int
    """The event's, as the id in /api/events."""
    id: str
    type: str
    attempts: int
    problem: str
    """Why the last attempt failed."""
    failed_at: str


class HowMany(_View):
    """What was done."""

    count: int


def webhook_view(webhook: Webhook, *, last: int) -> dict[str, Any]:
    """Show a webhook, without its secret. ``last``: the number of the last event."""
    sets = {name: getattr(webhook, name) for name in _SETS}
    return {
        "id": webhook.id,
        "url": webhook.url,
        **{name: None if chosen is None else sorted(chosen) for name, chosen in sets.items()},
        "active": webhook.active,
        "static": webhook.static,
        "created_at": utc_text(webhook.created_at),
        "problem": webhook.problem,
        "failing_since": utc_text(webhook.failing_since) if webhook.failing_since else None,
        "last_event": webhook.cursor,
        "behind": max(0, last - webhook.cursor),
    }


def failure_view(delivery: Delivery) -> dict[str, Any]:
    """Show what is on the shelf."""
    return {
        "number": delivery.number,
        "id": delivery.id,
        "type": place_of(delivery.routing_key).type,
        "attempts": delivery.attempts,
        "problem": delivery.problem,
        "failed_at": utc_text(delivery.failed_at),
    }
