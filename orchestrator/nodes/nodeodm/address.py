"""Where a node is, and what must never be seen of it: addresses carry the token, so texts are cleared of it."""

import re
from urllib.parse import quote, quote_plus

from yarl import URL

from orchestrator.domain.errors import NodeRefused, NodeUnreachable

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""Version 4, lower case: all servers take it, and they compare it as it is written."""

HIDDEN = "***"
PAGE = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
SNIPPET = 120
WORDS = 1_000


class Address:
    """A node's base address, with a path prefix where it has one, and its token.

    The token goes into the query, once: it is ignored anywhere else, and refused when it is there twice.
    """

    def __init__(self, url: str, token: str) -> None:
        self._base, self.problem = _parsed(url)
        self._query = f"token={quote(token, safe='')}" if token else ""
        self._secrets = _spellings(token)

    def __repr__(self) -> str:
        """Safe to log: without the token."""
        return f"Address({self._base!r})"

    def url(self, path: str, *, query: str = "") -> URL:
        """Give the full address of ``path``. Raises ``NodeUnreachable`` when the base cannot be called."""
        if self.problem:
            raise NodeUnreachable(self.problem)
        together = f"{query}&{self._query}" if query and self._query else query or self._query
        return URL(f"{self._base}{path}?{together}" if together else f"{self._base}{path}", encoded=True)

    def scrub(self, text: str) -> str:
        """Hide the token, however it is spelt."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def words(self, text: str, *, limit: int = WORDS) -> str:
        """Make foreign text fit for a sentence: one line, bounded, without control characters or the token."""
        # Bounded before as well as after: a hostile node's answer is not worked through letter by letter.
        clean = UNPRINTABLE.sub(" ", self.scrub(text)[: limit * 8]).strip()
        return clean if len(clean) <= limit else clean[: limit - 1] + "…"

    def snippet(self, body: bytes) -> str:
        """Give the beginning of an unexpected answer as people would read it, markup left out."""
        text = self.scrub(body.decode("utf-8", "replace"))[: SNIPPET * 32]
        return self.words(PAGE.sub(" ", text), limit=SNIPPET)

    def leads_elsewhere(self, url: URL) -> bool:
        """Whether something else than the node would be asked; the same host by https still is the node."""
        base = URL(self._base, encoded=True)
        upgraded = url.scheme == "https" and url.raw_host == base.raw_host
        return not upgraded and url.origin() != base.origin()

    def without_token(self, url: URL) -> URL:
        """Take our token out of an address that leads elsewhere, and leave the rest of it exactly as it is."""
        bare, _, query = str(url.with_fragment(None)).partition("?")
        kept = [pair for pair in query.split("&") if pair.partition("=")[2] not in self._secrets]
        return URL(f"{bare}?{'&'.join(kept)}" if kept else bare, encoded=True)


def checked(uuid: str) -> str:
    """Let only a uuid as we make them into a path: NodeODM trips over others (``/task/__proto__/info``)."""
    if UUID.fullmatch(uuid) is None:
        raise NodeRefused(f"{uuid[:60]!r} is not a version 4 uuid in lower case, so the node was not asked.")
    return uuid


def _parsed(url: str) -> tuple[str, str]:
    try:
        base = URL(url)
        if base.scheme in {"http", "https"} and base.host:
            return str(base.with_query(None).with_fragment(None)).rstrip("/"), ""
    except ValueError:
        pass
    return "", "The node's address is no http or https address."


def _spellings(token: str) -> tuple[str, ...]:
    return tuple(sorted({token, quote(token, safe=""), quote_plus(token)}, key=len, reverse=True)) if token else ()
