"""``orchestrator token``: with a daemon and without, for people and for programs."""

import asyncio
import json

import pytest

from orchestrator.api.access.making import digest_of
from orchestrator.store import open_existing

pytestmark = pytest.mark.usefixtures("logs")


def kept(root):
    async def look():
        async with open_existing(f"sqlite+aiosqlite:///{root}/orchestrator.db") as store:
            return await store.api_tokens.every()

    return asyncio.run(look())


def test_the_token_alone_goes_to_standard_output(side, orchestrator):
    result = orchestrator("token", "create", "ci")
    assert (0, 1) == (result.exit_code, result.stdout.count("\n"))
    assert result.stdout.startswith("orc_")
    assert "The token ci (operator) is shown only now" in result.stderr


def test_programs_get_all_of_it(side, orchestrator):
    words = ("--role", "viewer", "--project", "27", "--expires", "90 d", "--json")
    made = json.loads(orchestrator("token", "create", "ci", *words).stdout)
    assert ("ci", "viewer", [27], False) == tuple(made[key] for key in ("name", "role", "projects", "static"))
    assert "2027-02-21T00:00:00.000000Z" == made["expires_at"]
    assert made["token"].startswith("orc_")


def test_tokens_are_listed_without_what_opens(side, orchestrator):
    token = orchestrator("token", "create", "ci", "--project", "27").stdout.strip()
    listed = orchestrator("token", "list")
    assert ["NAME", "ROLE", "PROJECTS"] == listed.stdout.split()[:3]
    assert ["ci", "operator", "27", "2026-11-23T00:00Z", "-", "-"] == listed.stdout.splitlines()[1].split()
    as_json = orchestrator("token", "list", "--json").stdout
    assert ["ci"] == [it["name"] for it in json.loads(as_json)]
    assert token not in listed.stdout + as_json


def test_a_token_is_revoked_once(side, orchestrator):
    orchestrator("token", "create", "ci")
    gone = orchestrator("token", "revoke", "ci")
    assert (0, "The token ci is worth nothing any more.\n") == (gone.exit_code, gone.stdout)
    again = orchestrator("token", "revoke", "ci")
    assert (1, "There is no token ci.\n") == (again.exit_code, again.stderr)
    assert {"revoked": "other"} == json.loads(
        [orchestrator("token", "create", "other"), orchestrator("token", "revoke", "other", "--json")][1].stdout
    )


def test_without_a_daemon_the_store_itself_is_written(root, orchestrator):
    made = orchestrator("token", "create", "admin", "--role", "admin")
    token = made.stdout.strip()
    assert f"No daemon answers; it was written to sqlite+aiosqlite:///{root}/orchestrator.db." in made.stderr
    (found,) = kept(root)
    assert ("admin", digest_of(token)) == (found.name, found.digest)
    assert ["admin"] == [it["name"] for it in json.loads(orchestrator("token", "list", "--json").stdout)]
    taken = orchestrator("token", "create", "admin")
    assert (1, "There is a token admin already; revoke it first, or choose another name.\n") == (
        taken.exit_code, taken.stderr,
    )  # fmt: skip
    assert 0 == orchestrator("token", "revoke", "admin").exit_code
    assert () == kept(root)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--expires", "soon"), 2, "--expires must be a duration"),
        (("--expires", "0"), 1, "more than no time"),
        (("--role", "owner"), 2, "owner"),
        (("--role", "admin", "--project", "27"), 1, "cannot be kept to projects"),
        (("--project", "9"), 1, "There is no project 9."),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(side, orchestrator, words, code, told):
    result = orchestrator("token", "create", "ci", *words)
    assert (code, "") == (result.exit_code, result.stdout)
    assert told in result.stderr
    assert "Traceback" not in result.stderr
