"""The shape of the node's answers: errors are 200 JSON, unknown paths are HTML, JSON has a weak ETag."""

import base64
import hashlib
import json
from html import escape

from aiohttp import web

__all__ = ["Refusal", "cannot", "json_answer", "plain_error"]


class Refusal(Exception):
    """The node says no: ends the request with `{"error": text}` and the extra keys, status 200."""

    def __init__(self, text: str, **extra: object) -> None:
        super().__init__(text)
        self.payload: dict[str, object] = {**extra, "error": text}


def json_answer(request: web.Request, payload: object) -> web.Response:
    """The payload as Express sends it; a GET that already has it gets 304."""
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode().rstrip("=")
    etag = f'W/"{len(body):x}-{digest}"'
    if request.method in ("GET", "HEAD") and request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(body=body, content_type="application/json", charset="utf-8", headers={"ETag": etag})


def plain_error(status: int, text: str) -> web.Response:
    """A bare error page of the web server itself, not of the application."""
    return web.Response(status=status, text=text, content_type="text/plain")


def cannot(request: web.Request) -> web.Response:
    """404 for an unknown path or a wrong method."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {request.method} {escape(request.path)}</pre>\n</body>\n</html>\n"
    )
    return web.Response(status=404, text=page, content_type="text/html")
