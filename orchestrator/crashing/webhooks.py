"""Deliveries to webhooks with a point on each side."""

from datetime import datetime

from orchestrator.crashing.trigger import Trigger
from orchestrator.domain.webhooks import Webhook
from orchestrator.webhooks.sending import Event, Outcome
from orchestrator.webhooks.worker import Send


def sending_at_points(send: Send, trigger: Trigger) -> Send:
    """Wrap what sends."""

    async def sent(webhook: Webhook, event: Event, *, now: datetime) -> Outcome:
        trigger.reached("hook.before")
        outcome = await send(webhook, event, now=now)
        trigger.reached("hook.after")
        return outcome

    return sent
