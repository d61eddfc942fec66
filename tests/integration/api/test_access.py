"""Who may use the REST API: tokens, sessions and roles."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from orchestrator.api.access.sessions import Sessions
from tests.integration.api.guarded import Guarded
from tests.integration.api.site import site

NOBODY = (403, {"detail": "Authentication credentials were not provided."})
NOT_OURS = (403, {"detail": "Error decoding signature."})
EXPIRED = (403, {"detail": "Signature has expired."})
MAY_NOT = (403, {"detail": "You do not have permission to perform this action."})
NO_LOGIN = (400, {"non_field_errors": ["Unable to login with provided credentials."]})
REQUIRED = ["This field is required."]
STATIC = "f2b4c7d90a1e4b6c8d3f5a7e9b1c2d4e6f8a"


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def admin(**changes: Any) -> dict[str, Any]:
    return {"name": "anna", "role": "admin", "projects": None, "sign_in_needed": True} | changes


async def test_without_any_token_everybody_on_this_machine_may_do_everything(guarded):
    everyone = {"name": "anonymous", "role": "admin", "projects": None, "sign_in_needed": False}
    assert (200, everyone) == await guarded.whoami()
    session = await guarded.session("test", "test")
    for header in (f"JWT {session}", "JWT nonsense", "Basic bm9ib2R5Om5vdGhpbmc="):
        assert 201 == (await guarded.site.post("/projects/", json={"name": "A"}, headers={"Authorization": header}))[0]


async def test_from_the_first_token_on_nobody_gets_in_without_one(guarded):
    before = await guarded.session("test", "test")
    await guarded.token("anna", role="admin")
    assert NOBODY == await guarded.site.get("/projects/1/")
    assert NOT_OURS == await guarded.site.get("/projects/1/", headers={"Authorization": f"JWT {before}"})
    nobody = {"name": None, "role": None, "projects": None, "sign_in_needed": True}
    assert (200, nobody) == await guarded.whoami()
    assert 200 == (await guarded.site.get("/openapi.json"))[0]


async def test_the_root_answers_everybody_with_where_the_lists_are(guarded):
    """Clients look there whether anybody is at home, before they sign in."""
    await guarded.token("anna")
    api = f"{guarded.site.url}/api"
    lists = {"projects": f"{api}/projects/", "processingnodes": f"{api}/processingnodes/"}
    for path in ("/", "", "/?format=json"):
        assert (200, lists) == await guarded.site.get(path)


async def test_a_token_opens_by_every_way_in(guarded):
    token = await guarded.token("anna", role="admin")
    session = await guarded.session("anna", token)
    headers = (f"JWT {session}", f"jwt {session}", f"Bearer {session}", f"Bearer {token}", basic("anna", token))
    for header in headers:
        assert (200, admin()) == await guarded.whoami(header)
    assert (200, admin()) == await guarded.whoami(params={"jwt": session})
    assert (200, {"token"}) == ((answer := await guarded.site.post(
        "/token-auth/", json={"username": "anna", "password": token}))[0], set(answer[1]))  # fmt: skip


async def test_a_token_itself_is_not_taken_from_an_address(guarded):
    token = await guarded.token("anna")
    assert NOT_OURS == await guarded.whoami(params={"jwt": token})
    assert NOT_OURS == await guarded.whoami(f"JWT {token}")


async def test_a_session_is_for_six_hours_and_signed_with_hs256(guarded):
    session = await guarded.session("anna", await guarded.token("anna"))
    claims = jwt.decode(session, options={"verify_signature": False})
    assert ("HS256", 6 * 3600) == (jwt.get_unverified_header(session)["alg"], claims["exp"] - claims["iat"])
    assert "anna" == claims["username"]


async def test_wrong_credentials_are_told_in_webodms_words(guarded):
    token = await guarded.token("anna")
    session = await guarded.session("anna", token)
    head, body, signature = session.split(".")
    unsigned = jwt.encode(jwt.decode(session, options={"verify_signature": False}), None, algorithm="none")
    assert NOBODY == await guarded.site.get("/projects/1/", headers={"Authorization": "Digest x"})
    for wrong in (f"JWT {head}.{body}.{signature[::-1]}", f"JWT {unsigned}", "Bearer orc_wrong", "Bearer \xff"):
        assert NOT_OURS == await guarded.whoami(wrong)
    for name, secret in (("bert", token), ("anna", "wrong")):
        assert (403, {"detail": "Invalid username/password."}) == await guarded.whoami(basic(name, secret))
        assert NO_LOGIN == await guarded.sign_in(name, secret)
    assert (400, {"username": REQUIRED, "password": REQUIRED}) == await guarded.site.post("/token-auth/", json={})
    assert (400, {"username": REQUIRED}) == await guarded.site.post("/token-auth/", data={"password": "x"})


async def test_an_expired_session_is_told_so_and_is_no_attempt(guarded):
    token = await guarded.token("anna")
    key = await guarded.site.app.store.api_tokens.signing_key(b"another")
    (kept,) = await guarded.site.app.store.api_tokens.every()
    old = Sessions(key).issue(kept.id, name="anna", now=datetime.now(UTC) - timedelta(hours=6))
    for _ in range(15):
        assert EXPIRED == await guarded.whoami(f"JWT {old}")
    assert 200 == (await guarded.sign_in("anna", token))[0]


async def test_a_revoked_token_is_worth_nothing_at_once_nor_are_its_sessions(guarded):
    await guarded.token("bert")
    token = await guarded.token("anna", role="admin")
    session = await guarded.session("anna", token)
    assert (200, {"revoked": "anna"}) == await guarded.control("POST", "/tokens/anna/revoke", json={})
    assert NOT_OURS == await guarded.whoami(f"JWT {session}")
    again = await guarded.token("anna", role="viewer")
    assert NOT_OURS == await guarded.whoami(f"JWT {session}")
    assert NOT_OURS == await guarded.whoami(f"Bearer {token}")
    assert (200, admin(role="viewer")) == await guarded.whoami(f"Bearer {again}")


async def test_a_token_ends_when_it_was_to_end(guarded):
    token = await guarded.token("anna", lifetime=3600)
    assert 200 == (await guarded.whoami(f"Bearer {token}"))[0]
    short = await guarded.token("bert", lifetime=0.05)
    async with asyncio.timeout(20):
        while 200 == (found := await guarded.whoami(f"Bearer {short}"))[0]:
            await asyncio.sleep(0.02)
    assert NOT_OURS == found


async def test_each_role_may_do_its_part(guarded):
    made = []
    for role in ("viewer", "operator", "admin"):
        headers = {"Authorization": f"Bearer {await guarded.token(role, role=role)}"}
        made.append(await guarded.site.post("/projects/", json={"name": role}, headers=headers))
    assert MAY_NOT == made[0]
    assert [201, 201] == [status for status, _ in made[1:]]


async def test_projects_of_others_do_not_exist_for_who_is_kept_to_some(guarded):
    ids = [(await guarded.site.post("/projects/", json={"name": name}))[1]["id"] for name in "AB"]
    headers = {"Authorization": f"Bearer {await guarded.token('anna', projects=[ids[0]])}"}
    found = [await guarded.site.get(f"/projects/{id}/", headers=headers) for id in ids]
    assert (200, (404, {"detail": "Not found."})) == (found[0][0], found[1])
    assert [ids[0]] == (await guarded.site.get("/whoami/", headers=headers))[1]["projects"]


async def test_wrong_attempts_are_counted_by_address(guarded):
    token = await guarded.token("anna")
    for _ in range(10):
        assert NO_LOGIN == await guarded.sign_in("anna", "wrong")
    async with guarded.site.session.post(
        f"{guarded.site.url}/api/token-auth/", json={"username": "anna", "password": token}
    ) as answer:
        assert (429, True) == (answer.status, 0 < int(answer.headers["Retry-After"]) <= 60)
    assert 429 == (await guarded.whoami("Bearer wrong"))[0]
    # A good token needs no patience, and an address behind a trusted proxy is another one.
    assert 200 == (await guarded.whoami(f"Bearer {token}"))[0]
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    wrong = {"username": "anna", "password": "wrong"}
    assert NO_LOGIN == await guarded.site.post("/token-auth/", json=wrong, headers=elsewhere)


async def test_a_session_outlives_the_daemon(folder):
    async with site(folder) as first:
        guarded = Guarded(first, folder)
        session = await guarded.session("anna", await guarded.token("anna"))
    async with site(folder) as second:
        assert 200 == (await Guarded(second, folder).whoami(f"JWT {session}"))[0]


async def test_static_tokens_open_until_they_are_taken_out(folder):
    api = {"static_tokens": ({"name": "portal", "role": "operator", "token": STATIC},)}
    async with site(folder, api=api) as running:
        guarded = Guarded(running, folder)
        assert NOBODY == await running.get("/projects/1/")
        portal = admin(name="portal", role="operator")
        session = await guarded.session("portal", STATIC)
        assert [(200, portal)] * 2 == [await guarded.whoami(f"{it}") for it in (f"Bearer {STATIC}", f"JWT {session}")]
        ((listed,),) = [(await guarded.control("GET", "/tokens"))[1]]
        assert ("portal", "operator", True) == (listed["name"], listed["role"], listed["static"])
        await guarded.token("anna")
    async with site(folder) as running:
        guarded = Guarded(running, folder)
        assert [NOT_OURS] * 2 == [await guarded.whoami(f"{it}") for it in (f"Bearer {STATIC}", f"JWT {session}")]


async def test_what_is_kept_of_a_token_opens_nothing(guarded, folder):
    token = await guarded.token("anna")
    await guarded.session("anna", token)
    status, listed = await guarded.control("GET", "/tokens")
    assert (200, ["anna"]) == (status, [it["name"] for it in listed])
    assert listed[0]["last_used_at"] is not None
    assert token not in json.dumps(listed)
    stored = b"".join(path.read_bytes() for path in (folder / "data").glob("orchestrator.db*"))
    assert token.encode() not in stored


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"name": "a:b"}, "must begin with a letter or digit"),
        ({"name": "anna", "role": "owner"}, "role is not as a new token has it"),
        ({"name": "anna", "projects": [99]}, "There is no project 99."),
        ({"name": "anna", "role": "admin", "projects": [1]}, "An admin cannot be kept to projects"),
        ({"name": "anna", "lifetime": 0}, "A token is good for more than no time"),
        ({"name": "anna", "secret": "x"}, "secret is not as a new token has it"),
        ({"name": "taken"}, "There is a token taken already"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(guarded, asked, told):
    await guarded.token("taken")
    status, body = await guarded.control("POST", "/tokens", json=asked)
    assert (422, True) == (status, told in body["error"]["detail"]), body


async def test_a_token_that_is_not_there_cannot_be_revoked(guarded):
    status, body = await guarded.control("POST", "/tokens/nobody/revoke", json={})
    assert (422, "There is no token nobody.") == (status, body["error"]["detail"])
