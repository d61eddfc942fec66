"""API tokens and the key for sessions are kept alike on every database."""

from dataclasses import replace

from orchestrator.domain.access import Role
from orchestrator.domain.tokens import ApiToken
from orchestrator.store import SqlStore, open_store
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON


def a_token(name: str, **fields) -> ApiToken:
    given = {"id": f"id-{name}", "role": Role.OPERATOR, "digest": name.encode().ljust(32, b"\0"), "created_at": NOON}
    return ApiToken(name=name, **(given | fields))


class Keeping:
    async def test_tokens_are_found_by_digest_and_by_id_and_listed_by_name(self, store: SqlStore):
        book = store.api_tokens
        assert ((), False) == (await book.every(), await book.some())
        kept = a_token("survey", projects=frozenset({27, 3}), expires_at=NOON + MINUTE)
        other = a_token("ci", role=Role.ADMIN, projects=frozenset())
        assert [True, True] == [await book.add(each) for each in (kept, other)]
        assert (True, (other, kept)) == (await book.some(), await book.every())
        assert [kept, kept] == [await book.by_digest(kept.digest), await book.by_id("id-survey")]
        assert [None, None, None] == [await book.by_digest(b"x"), await book.by_id("x"), await book.by_id("\0")]

    async def test_a_name_is_taken_only_once(self, store: SqlStore):
        book = store.api_tokens
        assert await book.add(a_token("ci"))
        assert not await book.add(a_token("ci", id="another", digest=b"another"))
        assert 1 == len(await book.every())

    async def test_a_token_goes_by_its_name(self, store: SqlStore):
        book = store.api_tokens
        await book.add(a_token("ci"))
        assert [False, False, True, False] == [await book.remove(name) for name in ("x", "\0", "ci", "ci")]
        assert not await book.some()

    async def test_the_last_use_is_written_down(self, store: SqlStore):
        book, token = store.api_tokens, a_token("ci")
        await book.add(token)
        await book.use(token.id, at=NOON + MINUTE)
        assert (replace(token, last_used_at=NOON + MINUTE),) == await book.every()

    async def test_the_first_key_for_sessions_stays(self, store: SqlStore):
        assert [b"one", b"one"] == [await store.api_tokens.signing_key(fresh) for fresh in (b"one", b"two")]


class TestInFile(InFile, Keeping):
    async def test_they_outlive_the_daemon(self, url: str):
        async with open_store(url, migrate=True) as store:
            await store.api_tokens.add(a_token("ci"))
            await store.api_tokens.signing_key(b"one")
        async with open_store(url) as store:
            assert ["ci"] == [token.name for token in await store.api_tokens.every()]
            assert b"one" == await store.api_tokens.signing_key(b"two")


class TestInMemory(InMemory, Keeping):
    pass


class TestOnServer(OnServer, Keeping):
    pass
