"""Webhooks: created over REST, signed as Standard Webhooks has it, tried again, shelved, replayed."""

import asyncio
import json

import pytest

from tests.integration.api.receiving import LOOPBACK, SECRET, endpoint
from tests.integration.api.site import site
from tests.integration.api.streaming import LONG_AGO, all_sent, until
from tests.integration.api.work import draft
from tests.integration.api.work import until as until_shown

QUICK = {"allow_private_addresses": LOOPBACK, "retry_delay": 0.05, "answer_timeout": 5.0}
ABSENT = (404, {"detail": "Not found."})


@pytest.fixture
async def daemon(folder):
    async with site(folder, webhooks=QUICK) as running:
        yield running


async def subscribe(daemon, url, **given):
    status, made = await daemon.post("/webhooks/", json={"url": url, "secret": SECRET, **given})
    assert 201 == status, made
    return made["id"]


async def shown(daemon, hook, when=lambda _: True):
    """Give the webhook, once it is so."""
    return await until_shown(daemon, f"/webhooks/{hook}/", when)


async def drafts(daemon, count):
    return [f"tasks/{await draft(daemon, f'Field {number}')}" for number in range(count)]


# -------------------------------------------------------------------------------------------------------- subscriptions


async def test_a_secret_is_shown_once_and_never_again(daemon):
    status, made = await daemon.post("/webhooks/", json={"url": "https://example.org/a"})
    assert (201, True, "whsec_") == (status, made["active"], made["secret"][:6])
    secret = made.pop("secret")
    assert (200, made) == await daemon.get(f"/webhooks/{made['id']}/")
    assert (200, [made]) == await daemon.get("/webhooks/")
    status, changed = await daemon.patch(f"/webhooks/{made['id']}/", json={"secret": SECRET, "types": ["task.created"]})
    assert (200, {**made, "types": ["task.created"]}) == (status, changed)
    assert SECRET == (await daemon.app.store.webhook_book.webhook(made["id"])).secret != secret


async def test_forms_are_taken_as_well_and_empty_lists_mean_any(daemon):
    given = {"url": "https://example.org/a", "projects": "[1, 2]", "types": "[]", "active": "false"}
    status, made = await daemon.post("/webhooks/", data=given)
    assert (201, [1, 2], None, False) == (status, made["projects"], made["types"], made["active"])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "url"), ({"url": "ftp://x/"}, "url"), ({"url": "https://user:secret@x/"}, "url"),
        ({"url": "https://x/#a"}, "url"), ({"url": "https://x:99999/"}, "url"), ({"url": "http:///a"}, "url"),
        ({"url": "https://x/", "secret": "whsec_short"}, "secret"),
        ({"url": "https://x/", "secret": "x" * 60}, "secret"), ({"url": "https://x/", "types": ["task.gone"]}, "types"),
        ({"url": "https://x/", "projects": "1,2"}, "projects"), ({"url": "https://x/", "tasks": [0]}, "tasks"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(daemon, given, name):
    status, body = await daemon.post("/webhooks/", json=given)
    assert (400, [name]) == (status, list(body))


async def test_one_that_is_removed_is_gone(daemon):
    hook = await subscribe(daemon, "https://example.org/a")
    assert (204, None) == await daemon.delete(f"/webhooks/{hook}/")
    for answer in (
        await daemon.get(f"/webhooks/{hook}/"),
        await daemon.delete(f"/webhooks/{hook}/"),
        await daemon.get(f"/webhooks/{hook}/failures/"),
        await daemon.post(f"/webhooks/{hook}/failures/replay/"),
    ):
        assert ABSENT == answer


# ------------------------------------------------------------------------------------------------------------- delivery


async def test_events_come_in_order_signed_as_they_are_on_the_bus(daemon):
    async with endpoint() as receiver:
        hook = await subscribe(daemon, receiver.url)
        subjects = await drafts(daemon, 30)
        await until(lambda: 30 <= len(receiver.taken))
        assert (subjects, subjects) == (receiver.subjects, [event["subject"] for event in receiver.came])
        stored = await daemon.app.store.events(after=0, limit=1)
        assert json.loads(stored[0].body) == receiver.taken[0]
        assert ("", True) == ((now := await shown(daemon, hook))["problem"], now["active"])


async def test_only_what_was_asked_for_is_sent(daemon):
    async with endpoint() as receiver:
        project = (await daemon.post("/projects/", json={"name": "North"}))[1]["id"]
        await subscribe(daemon, receiver.url, projects=[project])
        await draft(daemon)
        mine = await draft(daemon, project=project)
        await until(lambda: receiver.taken)
        assert [f"tasks/{mine}"] == receiver.subjects


async def test_a_change_holds_at_once(daemon):
    async with endpoint() as first, endpoint() as second:
        hook = await subscribe(daemon, first.url)
        await draft(daemon)
        await until(lambda: first.taken)
        await daemon.patch(f"/webhooks/{hook}/", json={"url": second.url})
        await daemon.patch(f"/webhooks/{hook}/", json={"active": False})
        later = await drafts(daemon, 2)
        assert [] == second.came
        await daemon.patch(f"/webhooks/{hook}/", json={"active": True})
        await until(lambda: set(later) <= set(second.subjects))


async def test_one_that_fails_at_first_is_tried_again_and_the_others_go_on(daemon):
    async with endpoint() as receiver, endpoint() as healthy:
        failing = set()

        def answer(event):
            again = event["subject"] in failing
            failing.add(event["subject"])
            return 204 if again else 500

        receiver.answer = answer
        hook = await subscribe(daemon, receiver.url)
        await subscribe(daemon, healthy.url)
        subjects = await drafts(daemon, 5)
        await until(lambda: subjects == healthy.subjects)
        await until(lambda: 5 == len(receiver.taken))
        assert set(subjects) == set(receiver.subjects)
        await shown(daemon, hook, lambda it: not it["problem"])


async def test_an_endpoint_that_is_away_gets_everything_when_it_is_back(daemon):
    async with endpoint() as gone:
        url, port = gone.url, int(gone.url.split(":")[2].split("/")[0])
    hook = await subscribe(daemon, url)
    subjects = await drafts(daemon, 5)
    await shown(daemon, hook, lambda it: "nobody listens" in it["problem"])
    async with endpoint(port) as back:
        await until(lambda: 5 <= len(back.taken))
        assert set(subjects) == set(back.subjects)


async def test_what_fails_too_often_is_put_on_the_shelf_and_replayed_or_discarded(folder):
    async with (
        site(folder, webhooks={**QUICK, "max_attempts": 2}) as daemon,
        endpoint(answer=lambda _: 500) as receiver,
    ):
        hook = await subscribe(daemon, receiver.url)
        first, second, _ = await drafts(daemon, 3)
        found = await until_shown(daemon, f"/webhooks/{hook}/failures/", lambda shelf: len(shelf) == 3)
        assert [(1, "task.created", 2, "It answered 500."), (2,), (3,)] == [
            (found[0]["number"], found[0]["type"], found[0]["attempts"], found[0]["problem"]),
            *((each["number"],) for each in found[1:]),
        ]
        assert [found[1]] == (await daemon.get(f"/webhooks/{hook}/failures/?limit=1&offset=1"))[1]
        receiver.answer = lambda _: 200
        assert (200, {"count": 1}) == await daemon.delete(f"/webhooks/{hook}/failures/3/")
        assert ABSENT == await daemon.delete(f"/webhooks/{hook}/failures/3/")
        assert (202, {"count": 1}) == await daemon.post(f"/webhooks/{hook}/failures/1/replay/")
        await until(lambda: [first] == receiver.subjects)
        assert (202, {"count": 1}) == await daemon.post(f"/webhooks/{hook}/failures/replay/")
        await until(lambda: [first, second] == receiver.subjects)
        assert (200, {"count": 0}) == await daemon.delete(f"/webhooks/{hook}/failures/")


async def test_an_endpoint_that_says_gone_is_switched_off_and_goes_on_where_it_stopped(daemon):
    async with endpoint(answer=lambda _: 410) as receiver:
        hook = await subscribe(daemon, receiver.url)
        subjects = await drafts(daemon, 2)
        assert "It answered 410." == (await shown(daemon, hook, lambda it: not it["active"]))["problem"]
        receiver.answer = lambda _: 200
        await daemon.patch(f"/webhooks/{hook}/", json={"active": True})
        await until(lambda: subjects == receiver.subjects)


async def test_one_that_takes_nothing_for_long_is_switched_off(folder):
    async with (
        site(folder, webhooks={**QUICK, "give_up_after": 0.2}) as daemon,
        endpoint(answer=lambda _: 503) as receiver,
    ):
        hook = await subscribe(daemon, receiver.url)
        await draft(daemon)
        off = await shown(daemon, hook, lambda it: not it["active"])
        assert "Nothing was taken for too long. It answered 503." == off["problem"]


async def test_one_that_does_not_answer_costs_the_others_nothing(folder):
    async with (
        site(folder, webhooks={**QUICK, "answer_timeout": 0.2}) as daemon,
        endpoint(hang=asyncio.Event()) as hanging,
        endpoint() as receiver,
    ):
        hook = await subscribe(daemon, hanging.url)
        await subscribe(daemon, receiver.url)
        subjects = await drafts(daemon, 5)
        await until(lambda: subjects == receiver.subjects)
        await shown(daemon, hook, lambda it: it["problem"] == "There was no answer within 0.2 s.")


@pytest.mark.parametrize("status", [301, 307])
async def test_a_redirect_is_not_followed(daemon, status):
    async with endpoint() as elsewhere, endpoint(answer=lambda _: status) as receiver:
        receiver.headers["Location"] = elsewhere.url
        hook = await subscribe(daemon, receiver.url)
        await draft(daemon)
        told = (await shown(daemon, hook, lambda it: it["problem"]))["problem"]
        assert f"It answered {status}; redirects are not followed." == told
        assert [] == elsewhere.came


async def test_an_address_that_is_not_public_is_not_reached(folder):
    async with site(folder) as daemon, endpoint() as receiver:
        hook = await subscribe(daemon, receiver.url)
        await draft(daemon)
        await shown(daemon, hook, lambda it: "not public" in it["problem"])
        assert [] == receiver.came


# ---------------------------------------------------------------------------------------------------- over its lifetime


async def test_what_could_not_be_delivered_is_delivered_by_the_next_run(folder):
    async with endpoint(answer=lambda _: 500) as receiver:
        async with site(folder, webhooks={**QUICK, "retry_delay": 0.5}) as daemon:
            await subscribe(daemon, receiver.url)
            subjects = await drafts(daemon, 3)
            await until(lambda: receiver.came)
        receiver.answer = lambda _: 200
        async with site(folder, webhooks=QUICK):
            await until(lambda: set(subjects) == set(receiver.subjects))


async def test_no_event_is_forgotten_that_has_to_be_delivered_yet(folder):
    async with (
        site(folder, webhooks={**QUICK, "retry_delay": 3600.0}) as daemon,
        endpoint(answer=lambda _: 500) as receiver,
    ):
        await subscribe(daemon, receiver.url)
        await drafts(daemon, 4)
        await until(lambda: 1 == len(receiver.came))
        await all_sent(daemon)
        # The first is a delivery by now, and needs the journal no more.
        (hook,) = await until_shown(daemon, "/webhooks/", lambda hooks: hooks[0]["last_event"] == 1)
        assert 1 == await daemon.app.store.forget_events(before=LONG_AGO, most=1)
        assert 3 == (await shown(daemon, hook["id"]))["behind"]


async def test_those_of_the_settings_are_there_and_can_only_be_switched_off(folder):
    async with endpoint() as receiver:
        static = ({"url": receiver.url, "secret": SECRET, "types": ["task.created"]},)
        async with site(folder, webhooks={**QUICK, "static": static}) as daemon:
            (hook,) = await until_shown(daemon, "/webhooks/", lambda hooks: hooks)
            assert (True, ["task.created"]) == (hook["static"], hook["types"])
            subjects = await drafts(daemon, 2)
            await until(lambda: subjects == receiver.subjects)
            path = f"/webhooks/{hook['id']}/"
            assert [409, 409, 200] == [
                (await daemon.delete(path))[0],
                (await daemon.patch(path, json={"url": "https://example.org/"}))[0],
                (await daemon.patch(path, json={"active": False}))[0],
            ]
        async with site(folder, webhooks=QUICK) as daemon:
            await until_shown(daemon, "/webhooks/", lambda hooks: hooks == [])
