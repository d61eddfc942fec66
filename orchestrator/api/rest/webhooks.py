"""Subscriptions of programs that are told of events by HTTP: /api/webhooks/. For admins who see all projects."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from orchestrator.api.ports import RestPorts
from orchestrator.api.problems import shown
from orchestrator.api.rest.faults import detail, forbidden, not_found
from orchestrator.api.rest.route import LARGEST_EVENT, Call, Route
from orchestrator.api.rest.webhook_models import (
    CreatedWebhookView,
    FailureView,
    HowMany,
    Page,
    WebhookChange,
    WebhookForm,
    WebhookView,
    failure_view,
    webhook_view,
)
from orchestrator.contract.webhooks import new_secret
from orchestrator.domain.access import Role
from orchestrator.domain.webhooks import Webhook

MOST = 50
"""Subscriptions that there may be."""
EVERY = "/webhooks/"
ONE = "/webhooks/{webhook}/"


class Webhooks:
    """The endpoints."""

    def __init__(self, ports: RestPorts) -> None:
        self._book = ports.webhooks
        self._journal = ports.journal
        self._changed = ports.webhooks_changed

    def routes(self) -> list[Route]:
        """Give them."""
        of_subscriptions = self._of_subscriptions(EVERY, ONE, role=Role.ADMIN)
        return [*of_subscriptions, *self._of_failures(f"{ONE}failures/", role=Role.ADMIN)]

    def _of_subscriptions(self, every: str, one: str, **given: Any) -> list[Route]:
        return [
            Route(
                method="GET", path=every, name="listWebhooks", summary="List webhooks.", handler=self.list,
                answers={200: list[WebhookView]}, **given,
            ),
            Route(
                method="POST", path=every, name="createWebhook", handler=self.create, body=WebhookForm, faults=(409,),
                summary="Create a webhook. Its secret is shown in this answer, and never again.",
                answers={201: CreatedWebhookView}, **given,
            ),
            Route(
                method="GET", path=one, name="getWebhook", summary="Show a webhook.", handler=self.show,
                answers={200: WebhookView}, **given,
            ),
            Route(
                method="PATCH", path=one, name="updateWebhook", handler=self.update, body=WebhookChange, faults=(409,),
                summary="Change a webhook, or switch it on or off. It goes on where it stopped.",
                answers={200: WebhookView}, **given,
            ),
            Route(
                method="DELETE", path=one, name="deleteWebhook", handler=self.delete, faults=(409,),
                summary="Remove a webhook, and what it has not taken.", answers={204: None}, **given,
            ),
        ]  # fmt: skip

    def _of_failures(self, shelf: str, **given: Any) -> list[Route]:
        failure = f"{shelf}{{number}}/"
        return [
            Route(
                method="GET", path=shelf, name="listWebhookFailures", handler=self.failures, query=Page,
                summary="List the events that a webhook did not take, and that are not tried again.",
                answers={200: list[FailureView]}, **given,
            ),
            Route(
                method="POST", path=f"{shelf}replay/", name="replayWebhookFailures", handler=self.replay,
                summary="Try all of them again.", answers={202: HowMany}, **given,
            ),
            Route(
                method="DELETE", path=shelf, name="discardWebhookFailures", handler=self.discard,
                summary="Throw all of them away.", answers={200: HowMany}, **given,
            ),
            Route(
                method="POST", path=f"{failure}replay/", name="replayWebhookFailure", handler=self.replay,
                summary="Try one of them again.", answers={202: HowMany}, **given,
            ),
            Route(
                method="DELETE", path=failure, name="discardWebhookFailure", handler=self.discard,
                summary="Throw one of them away.", answers={200: HowMany}, **given,
            ),
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------------------ subscriptions

    async def list(self, call: Call) -> web.Response:
        """Show all."""
        _all_projects(call)
        return shown([await self._view(webhook) for webhook in await self._book.webhooks()])

    async def show(self, call: Call) -> web.Response:
        """Show one."""
        return shown(await self._view(await self._named(call)))

    async def create(self, call: Call) -> web.Response:
        """Create one."""
        _all_projects(call)
        if len(await self._book.webhooks()) >= MOST:
            raise detail(409, f"There are {MOST} webhooks, and there may be no more.")
        body: WebhookForm = call.body
        secret = body.secret or new_secret()
        wanted: dict[str, Any] = body.sets
        new = Webhook(id=0, url=body.url, secret=secret, created_at=datetime.now(UTC), active=body.active, **wanted)
        added = await self._book.add_webhook(new)
        self._changed()
        return shown({**await self._view(added), "secret": secret}, status=201)

    async def update(self, call: Call) -> web.Response:
        """Change one."""
        webhook = await self._named(call)
        given = call.body.changes
        if webhook.static and given.keys() - {"active"}:
            raise _from_the_settings()
        await self._book.change_webhook(webhook.id, **given)
        self._changed()
        return shown(await self._view(await self._named(call)))

    async def delete(self, call: Call) -> web.Response:
        """Remove one."""
        webhook = await self._named(call)
        if webhook.static:
            raise _from_the_settings()
        await self._book.remove_webhook(webhook.id)
        self._changed()
        return web.Response(status=204)

    # --------------------------------------------------------------------------------------------------------- shelf

    async def failures(self, call: Call) -> web.Response:
        """Show what is on the shelf."""
        webhook, page = await self._named(call), call.query
        found = await self._book.failures(webhook.id, limit=page.limit, offset=page.offset)
        return shown([failure_view(delivery) for delivery in found])

    async def replay(self, call: Call) -> web.Response:
        """Try again."""
        webhook, number = await self._named(call), _number(call)
        count = await self._book.replay_failures(webhook.id, number=number, now=datetime.now(UTC))
        self._changed()
        return _how_many(count, number, status=202)

    async def discard(self, call: Call) -> web.Response:
        """Throw away."""
        webhook, number = await self._named(call), _number(call)
        return _how_many(await self._book.discard_failures(webhook.id, number=number), number)

    async def _view(self, webhook: Webhook) -> dict[str, Any]:
        return webhook_view(webhook, last=(await self._journal.kept()).last)

    async def _named(self, call: Call) -> Webhook:
        _all_projects(call)
        found = await self._book.webhook(call.id("webhook"))
        if found is None:
            raise not_found()
        return found


def _all_projects(call: Call) -> None:
    # Somebody kept to projects could otherwise be told of all the others.
    if call.caller.projects is not None:
        raise forbidden()


def _from_the_settings() -> Exception:
    return detail(409, "This webhook is in the settings file; only whether it is active can be changed here.")


def _number(call: Call) -> int | None:
    return call.id("number", largest=LARGEST_EVENT) if "number" in call.request.match_info else None


def _how_many(count: int, number: int | None, *, status: int = 200) -> web.Response:
    if number is not None and not count:
        raise not_found()
    return shown({"count": count}, status=status)
