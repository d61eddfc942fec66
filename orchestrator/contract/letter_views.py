"""Dead letters and their replays as the world sees them: JSON-ready, bounded, without secrets."""

from collections.abc import Sequence
from typing import Final

from orchestrator.contract.masking import masked, masked_text
from orchestrator.contract.views import View, utc_text
from orchestrator.domain.dead_letters import Letter, Replay

MOST_SHOWN: Final = 65_536
"""Bytes of a body that are shown."""


def public_letter(letter: Letter, *, replayed: int) -> View:
    """Show a letter in a list: without its headers and body. ``size`` is bytes, ``replayed`` how often."""
    return {
        "id": letter.id,
        "at": utc_text(letter.at) if letter.at else None,
        "command": letter.command,
        "message_id": letter.message_id,
        "error": {
            "type": letter.error_type,
            "detail": letter.error,
            "errors": [{"field": error.field, "message": error.message} for error in letter.errors],
        },
        "size": letter.size,
        "replayed": replayed,
    }


def whole_letter(letter: Letter, replays: Sequence[Replay]) -> View:
    """Show a letter with all that it came with. ``body`` is text, in which bytes that are no UTF-8 are escaped."""
    shown = letter.body[:MOST_SHOWN].decode("utf-8", "backslashreplace")
    return {
        **public_letter(letter, replayed=len(replays)),
        "exchange": letter.exchange,
        "routing_key": letter.routing_key,
        "type": letter.type,
        "reply_to": letter.reply_to,
        "correlation_id": letter.correlation_id,
        "content_type": letter.content_type,
        "content_encoding": letter.content_encoding,
        "priority": letter.priority,
        "sent_at": utc_text(letter.sent_at) if letter.sent_at else None,
        "app_id": letter.app_id,
        "headers": masked(letter.headers),
        "body": masked_text(shown),
        "truncated": letter.size > MOST_SHOWN,
        "replays": [public_replay(replay) for replay in replays],
    }


def public_replay(replay: Replay) -> View:
    """Show a replay."""
    return {
        "letter": replay.letter,
        "at": utc_text(replay.at),
        "by": replay.by,
        "command": replay.command,
        "message_id": replay.message_id,
        "edited": replay.edited,
        "outcome": replay.outcome.value,
        "detail": replay.detail,
    }
