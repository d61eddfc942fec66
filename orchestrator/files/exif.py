"""The pixel dimensions in a photo's EXIF block, overwritten where they stand.

Everything else (GPS, maker notes with their absolute offsets) keeps its place, byte for byte: writing the block anew
would break maker notes. WebODM sets the same two tags when it resizes.
"""

import struct

_HEADER = b"Exif\0\0"
_EXIF_IFD = 0x8769
_DIMENSIONS = {0xA002: 0, 0xA003: 1}
_SHORT, _LONG = 3, 4
_ENTRY = 12


def with_dimensions(block: bytes, *, width: int, height: int) -> bytes:
    """Give the block with these dimensions; a block that cannot be understood comes back as it was."""
    try:
        return _overwritten(block, (width, height))
    except (struct.error, KeyError):
        return block


def _overwritten(block: bytes, dimensions: tuple[int, int]) -> bytes:
    start = len(_HEADER) if block.startswith(_HEADER) else 0
    order = {b"II": "<", b"MM": ">"}[block[start : start + 2]]
    changed = bytearray(block)
    first = _unpack(order + "I", block, start + 4)
    for at, tag, kind in _entries(block, start=start, offset=first, order=order):
        if tag == _EXIF_IFD and kind == _LONG:
            inner = _unpack(order + "I", block, at + 8)
            for at_inner, tag_inner, kind_inner in _entries(block, start=start, offset=inner, order=order):
                if tag_inner in _DIMENSIONS and kind_inner in {_SHORT, _LONG}:
                    form = order + ("H" if kind_inner == _SHORT else "I")
                    struct.pack_into(form, changed, at_inner + 8, dimensions[_DIMENSIONS[tag_inner]])
    return bytes(changed)


def _entries(block: bytes, *, start: int, offset: int, order: str) -> list[tuple[int, int, int]]:
    """Give position, tag and type of each entry of one directory."""
    count = _unpack(order + "H", block, start + offset)
    places = [start + offset + 2 + index * _ENTRY for index in range(count)]
    return [(at, _unpack(order + "H", block, at), _unpack(order + "H", block, at + 2)) for at in places]


def _unpack(form: str, block: bytes, at: int) -> int:
    value: int = struct.unpack_from(form, block, at)[0]
    return value
