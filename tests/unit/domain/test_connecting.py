"""Reasons for a missing connection, as each library wraps them."""

import errno

import pytest

from orchestrator.domain.connecting import why_not_connected

REFUSED = "nobody listens at node:3000 (connection refused)"
CASES = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 3000)"), REFUSED),
    (RuntimeError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 3000)"), REFUSED),
    (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect"), REFUSED),
    (OSError(-2, "Name or service not known"), "the name node is not known"),
    (OSError(errno.EHOSTUNREACH, "x"), "there is no way to node:3000 (no route to host)"),
    (OSError(errno.ECONNRESET, "x"), "node:3000 broke the connection off (connection reset)"),
    (OSError(errno.EACCES, "x"), None),
    (ValueError("ACCESS_REFUSED - Login was refused"), None),
    (TimeoutError(), None),
]


@pytest.mark.parametrize(("error", "told"), CASES, ids=repr)
def test_a_reason_is_said_in_plain_words(error, told):
    assert told == why_not_connected(error, place="node:3000")
