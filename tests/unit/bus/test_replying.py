"""Only well-formed addresses get answers: a malformed direct one costs the connection."""

from base64 import b64encode

import pytest

from orchestrator.bus.amqp.replying import is_harmless


def direct(raw: bytes, key: str = "K1q2") -> str:
    return f"amq.rabbitmq.reply-to.{b64encode(raw).decode()}.{key}"


NUMBERS = bytes(12)


@pytest.mark.parametrize(
    "address",
    [
        "amq.gen-x", "no such queue", "", "\udcff", "amq.rabbitmq.trace",
        direct(bytes([131, 88, 119, 3]) + b"a@b" + NUMBERS),
        direct(bytes([131, 88, 100, 0, 3]) + b"a@b" + NUMBERS, key="a-b_c=="),
        direct(bytes([131, 103, 118, 0, 3]) + b"a@b" + NUMBERS[:9]),
    ],
)  # fmt: skip
def test_an_answer_may_go_there(address):
    assert is_harmless(address)


@pytest.mark.parametrize(
    "address",
    [
        "amq.rabbitmq.reply-to", "amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.x", "amq.rabbitmq.reply-to.!.x",
        "amq.rabbitmq.reply-to.g1h2AA.x==", "amq.rabbitmq.reply-to..x", "amq.rabbitmq.reply-to-x",
        direct(b""), direct(b"\x83"), direct(b"\x83\x58"), direct(b"\x82" + bytes(20)),
        direct(bytes([131, 88, 119, 3]) + b"a@b" + NUMBERS[:11]),
        direct(bytes([131, 88, 119, 200]) + b"a@b" + NUMBERS),
        direct(bytes([131, 88, 77, 3]) + b"a@b" + NUMBERS),
        direct(bytes([131, 97, 1])), direct(bytes([131, 88, 119, 3]) + b"a@b" + NUMBERS, key="a.b"),
    ],
)  # fmt: skip
def test_an_answer_may_not_go_there(address):
    assert not is_harmless(address)
