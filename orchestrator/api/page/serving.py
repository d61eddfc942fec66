"""Serves the page from the files of this package. They are read once, at the start, and named by what is in them.

The page itself is asked for anew each time; it names its files under ``/page/<version>/``, so that a browser may keep
them for ever and still never mixes the files of two versions.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import ETag, web
from aiohttp.typedefs import Handler

KINDS: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Media types by the end of the name; nothing else is served."""

INDEX: Final = "index.html"
VERSION: Final = b"{version}"
"""Stands in the index for the version of the files."""

ASKED_ANEW: Final = "no-cache"
KEPT: Final = "public, max-age=31536000, immutable"

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file: its bytes, their media type, and a name for just these bytes."""

    body: bytes
    kind: str
    tag: str


def page_file(name: str, body: bytes) -> PageFile:
    """Make one of bytes."""
    return PageFile(body, KINDS[_ending(name)], hashlib.sha256(body).hexdigest()[:16])


def page_files(folder: Traversable) -> dict[str, PageFile]:
    """Read a folder whole; names are paths within it."""
    found = {name: page_file(name, body) for name, body in _walk(folder, "")}
    index = found[INDEX]
    found[INDEX] = page_file(INDEX, index.body.replace(VERSION, version_of(found).encode()))
    return found


def version_of(found: Mapping[str, PageFile]) -> str:
    """Give one name for all files as they are."""
    told = "".join(f"{name} {file.tag}\n" for name, file in sorted(found.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def add_page(application: web.Application) -> None:
    """Add ``/`` and the files that the page names."""
    folder = files("orchestrator.api.page") / "static"
    found = page_files(folder)
    current = found[INDEX].body.partition(b"/page/")[2].partition(b"/")[0].decode()
    application.router.add_get("/", _index(found[INDEX]))
    application.router.add_get("/page/{version}/{path:.+}", _files(found, current))


def _index(index: PageFile) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return _shown(request, index, ASKED_ANEW)

    return answer


def _files(found: Mapping[str, PageFile], current: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        file = found.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        # A daemon that was upgraded meanwhile, or another one of several, gives its own files; nobody keeps those.
        return _shown(request, file, KEPT if request.match_info["version"] == current else ASKED_ANEW)

    return answer


def _shown(request: web.Request, file: PageFile, keeping: str) -> web.Response:
    headers = {**HEADERS, "Cache-Control": keeping}
    known = request.if_none_match or ()
    unchanged = any(tag.value in {file.tag, "*"} for tag in known)
    answer = web.Response(status=304, headers=headers) if unchanged else _whole(file, headers)
    answer.etag = ETag(file.tag)
    return answer


def _whole(file: PageFile, headers: Mapping[str, str]) -> web.Response:
    answer = web.Response(body=file.body, content_type=file.kind, charset="utf-8", headers=headers)
    answer.enable_compression()
    return answer


def _walk(folder: Traversable, before: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = before + entry.name
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif _ending(name) in KINDS:
            found.append((name, entry.read_bytes()))
    return found


def _ending(name: str) -> str:
    return "." + name.rpartition(".")[2]
