"""API tokens: who may come in, as what and until when. Of the secret itself only a digest is known."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from orchestrator.domain.access import Caller, Role

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
"""No colon, so that it fits before one in Basic."""
NAME_SENTENCE: Final = "must begin with a letter or digit and have up to 64 of: letters, digits, _ . @ -"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token, as it is kept. ``static``: it comes from the settings, and is not in the store."""

    id: str
    """Unlike the name it is never given twice."""
    name: str
    role: Role
    digest: bytes = field(repr=False)
    projects: frozenset[int] | None = None
    """The only projects that exist for its holder; None: all."""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    """Within an hour."""
    static: bool = False

    @property
    def caller(self) -> Caller:
        """Who its holder is."""
        return Caller(name=self.name, role=self.role, projects=self.projects)

    def is_good(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at
