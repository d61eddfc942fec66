"""The papers of a run: a one-page PDF, the shots and cameras, and the log."""

import json
from collections.abc import Sequence

from orchestrator.nodes.simulated.console import ENGINE_VERSION
from orchestrator.nodes.simulated.results.dataset import Dataset

__all__ = ["cameras", "log", "pdf", "shots"]

_FOCAL = 0.85


def pdf(lines: Sequence[str]) -> bytes:
    """One A4 page with these lines; the first is the title. Letters outside Western European become `?`."""
    stream = _page_text(lines)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    # The second line, all high bytes, tells programs that the file is binary.
    body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(body)
    # Every entry of the table is exactly twenty bytes, line end included.
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(body)


def shots(dataset: Dataset) -> str:
    """`shots.geojson`: a point for each image."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "filename": shot.name,
                "camera": _camera_name(shot.width, shot.height),
                "focal": _FOCAL,
                "width": shot.width,
                "height": shot.height,
                "translation": [shot.place.longitude, shot.place.latitude, shot.place.altitude],
                "rotation": [0.0, 0.0, 0.0],
            },
            "geometry": {
                "type": "Point",
                "coordinates": [shot.place.longitude, shot.place.latitude, shot.place.altitude],
            },
        }
        for shot in dataset.shots
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def cameras(dataset: Dataset) -> str:
    """`cameras.json`: one camera for each size of image."""
    sizes = sorted({(shot.width, shot.height) for shot in dataset.shots})
    lens = {"focal_x": _FOCAL, "focal_y": _FOCAL, "c_x": 0.0, "c_y": 0.0, "k1": 0.0, "k2": 0.0, "k3": 0.0}
    return json.dumps(
        {
            _camera_name(width, height): {
                "projection_type": "brown",
                "width": width,
                "height": height,
                **lens,
                "p1": 0.0,
                "p2": 0.0,
            }
            for width, height in sizes
        },
        indent=2,
    )


def log(dataset: Dataset) -> str:
    """`log.json`: what ran, on what, and for how long."""
    seconds = (dataset.ended - dataset.started).total_seconds()
    return json.dumps(
        {
            "odmVersion": ENGINE_VERSION,
            "images": len(dataset.images),
            "options": dict(dataset.options),
            "startTime": dataset.started.isoformat(),
            "endTime": dataset.ended.isoformat(),
            "totalTime": round(seconds, 3),
            "success": True,
            "stages": [{"name": "simulation", "totalTime": round(seconds, 3), "messages": list(dataset.output)}],
        },
        ensure_ascii=False,
    )


def _camera_name(width: int, height: int) -> str:
    return f"v2 simulated camera {width} {height} brown {_FOCAL}"


def _page_text(lines: Sequence[str]) -> bytes:
    commands = []
    for index, line in enumerate(lines):
        size, y = (20, 770) if index == 0 else (11, 770 - 18 * index - 14)
        text = line.encode("cp1252", errors="replace")
        escaped = text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        escaped = escaped.replace(b"\r", b" ").replace(b"\n", b" ")
        commands.append(b"BT /F1 %d Tf 56 %d Td (%s) Tj ET" % (size, y, escaped))
    return b"\n".join(commands)
