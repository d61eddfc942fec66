"""API tokens as the world sees them: JSON-ready, and nothing in them that opens anything."""

from datetime import datetime

from orchestrator.contract.views import View, utc_text
from orchestrator.domain.tokens import ApiToken


def public_token(token: ApiToken) -> View:
    """Show a token."""
    return {
        "name": token.name,
        "role": token.role.name.lower(),
        "projects": None if token.projects is None else sorted(token.projects),
        "created_at": _text(token.created_at),
        "expires_at": _text(token.expires_at),
        "last_used_at": _text(token.last_used_at),
        "static": token.static,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
