"""Who may do what: roles, each of which may do all that the lesser ones may, and the projects someone is kept to."""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What someone may do, from the least to the most."""

    VIEWER = 1
    """Look at everything."""
    OPERATOR = 2
    """Create, change and remove projects and tasks, too."""
    ADMIN = 3
    """Change processing nodes, subscriptions and tokens, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking. ``projects``: the only ones that exist for them; None: all."""

    name: str
    role: Role
    projects: frozenset[int] | None = None

    def may(self, role: Role) -> bool:
        """Whether the caller has this role, or a greater one."""
        return self.role >= role

    def sees(self, project: int) -> bool:
        """Whether a project exists for the caller."""
        return self.projects is None or project in self.projects


EVERYONE = Caller(name="anonymous", role=Role.ADMIN)
"""Whoever reaches a daemon without any token: it listens to its own machine only."""
