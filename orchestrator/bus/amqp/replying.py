"""Reply addresses that do harm: RabbitMQ closes the connection of whoever publishes to a malformed one."""

import re
from base64 import b64decode

_DIRECT = "amq.rabbitmq.reply-to"
_FORM = re.compile(r"amq\.rabbitmq\.reply-to\.([A-Za-z0-9+/]+={0,2})\.[A-Za-z0-9+/=_-]+")
# A process id in Erlang's external term format, https://www.erlang.org/doc/apps/erts/erl_ext_dist: version, tag
# (NEW_PID_EXT or PID_EXT), an atom with the node's name (tag, length), and three or four numbers.
_VERSION, _PID_TAGS = 131, {88: 12, 103: 9}
_ATOM_TAGS = {100: 2, 118: 2, 115: 1, 119: 1}


def is_harmless(address: str) -> bool:
    """Say whether an answer may be published there. A plain queue's name always may, known or not."""
    if not address.startswith(_DIRECT):
        return True
    found = _FORM.fullmatch(address)
    return found is not None and _is_process(found[1])


def _is_process(text: str) -> bool:
    try:
        raw = b64decode(text, validate=True)
        if raw[0] != _VERSION:
            return False
        numbers, width = _PID_TAGS[raw[1]], _ATOM_TAGS[raw[2]]
        return len(raw) == 3 + width + int.from_bytes(raw[3 : 3 + width]) + numbers
    except (ValueError, IndexError, KeyError):
        return False
