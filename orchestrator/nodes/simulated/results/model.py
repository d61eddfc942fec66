"""A small textured model: one square, as OBJ with its material and as binary glTF."""

import json
import struct

__all__ = ["MATERIAL_NAME", "TEXTURE_NAME", "glb", "material", "wavefront"]

MATERIAL_NAME = "odm_textured_model_geo.mtl"
TEXTURE_NAME = "odm_textured_model_geo_material0000_map_Kd.png"

_CORNERS = ((-24.0, -24.0, 0.0), (24.0, -24.0, 0.0), (24.0, 24.0, 4.0), (-24.0, 24.0, 4.0))
_TEXTURE_CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_TRIANGLES = (0, 1, 2, 0, 2, 3)
_FLOAT, _UNSIGNED_SHORT = 5126, 5123
_ARRAY, _ELEMENTS = 34_962, 34_963
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942


def wavefront() -> str:
    """The OBJ file."""
    lines = [f"mtllib {MATERIAL_NAME}"]
    lines += [f"v {x} {y} {z}" for x, y, z in _CORNERS]
    lines += [f"vt {u} {v}" for u, v in _TEXTURE_CORNERS]
    lines += ["usemtl material0000", "f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]
    return "\n".join(lines) + "\n"


def material() -> str:
    """The MTL file."""
    return f"newmtl material0000\nKa 1 1 1\nKd 1 1 1\nillum 1\nmap_Kd {TEXTURE_NAME}\n"


def glb() -> bytes:
    """The GLB file: one mesh of two triangles, everything in its one buffer."""
    positions = struct.pack("<12f", *(value for corner in _CORNERS for value in corner))
    indices = struct.pack("<6H", *_TRIANGLES)
    text = json.dumps(_scene(len(positions), len(indices)), separators=(",", ":")).encode()
    # Chunks are padded to four bytes: JSON with blanks, binary with zeros.
    text += b" " * (-len(text) % 4)
    binary = positions + indices
    binary += b"\0" * (-len(binary) % 4)
    body = struct.pack("<II", len(text), _JSON_CHUNK) + text + struct.pack("<II", len(binary), _BINARY_CHUNK) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def _scene(positions: int, indices: int) -> dict[str, object]:
    low, high = ([pick(axis) for axis in zip(*_CORNERS, strict=True)] for pick in (min, max))
    return {
        "asset": {"version": "2.0", "generator": "simulated node"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.6, 0.3, 1.0], "metallicFactor": 0.0}}],
        "accessors": [
            {"bufferView": 0, "componentType": _FLOAT, "count": 4, "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": _UNSIGNED_SHORT, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": positions, "target": _ARRAY},
            {"buffer": 0, "byteOffset": positions, "byteLength": indices, "target": _ELEMENTS},
        ],
        "buffers": [{"byteLength": positions + indices}],
    }
