"""What a webhook did not take, by the numbers of its events, however many there have been."""

from datetime import UTC, datetime

from orchestrator.domain.webhooks import Delivery, Progress

LATE = 2**31 + 7


async def test_a_late_event_is_replayed_and_discarded_by_its_number(daemon):
    _, hook = await daemon.post("/webhooks/", json={"url": "https://example.org/hook", "active": False})
    left = Delivery(
        webhook=hook["id"], number=LATE, id="a", routing_key="task.created.null.1.1", body=b"{}", attempts=12,
        problem="It answered 500.", failed_at=datetime.now(UTC), next_at=None,
    )  # fmt: skip
    shelf = f"/webhooks/{hook['id']}/failures/"
    for method, path, status in (("POST", f"{LATE}/replay/", 202), ("DELETE", f"{LATE}/", 200)):
        progress = Progress(webhook=hook["id"], cursor=LATE, active=False, failed=(left,))
        await daemon.app.store.webhook_book.note_progress(progress)
        assert [LATE] == [failure["number"] for failure in (await daemon.get(shelf))[1]]
        assert (status, {"count": 1}) == await daemon.call(method, shelf + path)
    _, document = await daemon.get("/openapi.json")
    parameters = document["paths"]["/webhooks/{webhook}/failures/{number}/"]["delete"]["parameters"]
    assert [2**31 - 1, 10**18 - 1] == [parameter["schema"]["maximum"] for parameter in parameters]
