"""Tickets for downloads: each opens one file for five minutes, to whoever may see it, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.api.access.sessions import TICKET_LIFETIME, Sessions

NOT_FOUND = (404, {"detail": "Not found."})
NOBODY = (403, {"detail": "Authentication credentials were not provided."})
NOT_OURS = (403, {"detail": "Error decoding signature."})
EXPIRED = (403, {"detail": "Signature has expired."})
ORTHO = b"0123456789"


@pytest.fixture
async def task(daemon):
    """A task with an orthophoto and a report: the path of its downloads."""
    _, made = await daemon.post("/projects/1/tasks/", json={"partial": True, "name": "Field"})
    for name in ("odm_orthophoto/odm_orthophoto.tif", "odm_report/report.pdf"):
        path = daemon.app.settings.files.root / "tasks" / str(made["id"]) / "assets" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(ORTHO)
    return f"/projects/1/tasks/{made['id']}"


async def ticket_for(guarded, path, token):
    status, made = await guarded.site.post(f"{path}/ticket/", headers={"Authorization": f"Bearer {token}"})
    assert (201, 300) == (status, made["expires_in"]), made
    return {"ticket": made["ticket"]}


async def old_ticket(guarded, path, *, age):
    key = await guarded.site.app.store.api_tokens.signing_key(b"another")
    (kept,) = await guarded.site.app.store.api_tokens.every()
    return {"ticket": Sessions(key).issue_ticket(kept.id, path=f"/api{path}", now=datetime.now(UTC) - age)}


async def test_a_ticket_opens_the_download_it_was_asked_for(guarded, task):
    ortho = f"{task}/download/orthophoto.tif"
    ticket = await ticket_for(guarded, ortho, await guarded.token("anna", role="viewer"))
    assert NOBODY == await guarded.site.get(ortho)
    assert (200, ORTHO) == await guarded.site.get(ortho, params=ticket)
    assert (206, ORTHO[4:]) == await guarded.site.get(ortho, params=ticket, headers={"Range": "bytes=4-"})
    assert (200, None) == await guarded.site.call("HEAD", ortho, params=ticket)


async def test_a_ticket_opens_nothing_else(guarded, task):
    ortho = f"{task}/download/orthophoto.tif"
    ticket = await ticket_for(guarded, ortho, await guarded.token("anna", role="admin"))
    others = ("/", "/assets/odm_report/report.pdf", "/download/report.pdf", "/download/orthophoto.png")
    for path in ("/projects/", *(task + other for other in others)):
        assert NOT_OURS == await guarded.site.get(path, params=ticket), path
    for method, path in (("POST", f"{ortho}/ticket/"), ("POST", f"{task}/remove/"), ("DELETE", f"{task}/")):
        assert NOBODY == await guarded.site.call(method, path, params=ticket), path


async def test_a_ticket_is_no_session_and_no_session_is_a_ticket(guarded, task):
    token = await guarded.token("anna", role="admin")
    ortho = f"{task}/download/orthophoto.tif"
    text = (await ticket_for(guarded, ortho, token))["ticket"]
    for header in (f"JWT {text}", f"Bearer {text}"):
        assert NOT_OURS == await guarded.site.get(ortho, headers={"Authorization": header})
    assert NOT_OURS == await guarded.site.get(ortho, params={"jwt": text})
    for wrong in (await guarded.session("anna", token), token, "nonsense"):
        assert NOT_OURS == await guarded.site.get(ortho, params={"ticket": wrong})
    assert (200, ORTHO) == await guarded.site.get(ortho, params={"jwt": await guarded.session("anna", token)})


async def test_a_ticket_runs_out_and_that_is_no_attempt(guarded, task):
    await guarded.token("anna")
    ortho = f"{task}/download/orthophoto.tif"
    soon = await old_ticket(guarded, ortho, age=TICKET_LIFETIME - timedelta(minutes=1))
    assert (200, ORTHO) == await guarded.site.get(ortho, params=soon)
    over = await old_ticket(guarded, ortho, age=TICKET_LIFETIME)
    for _ in range(12):
        assert EXPIRED == await guarded.site.get(ortho, params=over)


async def test_a_ticket_is_worth_nothing_once_its_token_is_revoked(guarded, task):
    ortho = f"{task}/download/orthophoto.tif"
    ticket = await ticket_for(guarded, ortho, await guarded.token("anna"))
    await guarded.token("bert")
    await guarded.control("POST", "/tokens/anna/revoke", json={})
    assert NOT_OURS == await guarded.site.get(ortho, params=ticket)


async def test_who_does_not_see_a_task_gets_no_ticket(guarded, task):
    _, other = await guarded.site.post("/projects/", json={"name": "Other"})
    token = await guarded.token("anna", projects=[other["id"]])
    headers = {"Authorization": f"Bearer {token}"}
    assert NOT_FOUND == await guarded.site.post(f"{task}/download/all.zip/ticket/", headers=headers)
    assert NOBODY == await guarded.site.post(f"{task}/download/all.zip/ticket/")


async def test_a_daemon_without_tokens_gives_tickets_that_are_worth_nothing_once_there_is_one(guarded, task):
    ortho = f"{task}/download/orthophoto.tif"
    status, made = await guarded.site.post(f"{ortho}/ticket/")
    assert (201, 200) == (status, (await guarded.site.get(ortho, params={"ticket": made["ticket"]}))[0])
    await guarded.token("anna")
    assert NOT_OURS == await guarded.site.get(ortho, params={"ticket": made["ticket"]})
