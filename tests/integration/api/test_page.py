"""The page's files: served as they are, kept by browsers for as long as they hold, and packed with the product."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "orchestrator/api/page/static"
NAMED = re.compile(r'(?:href|src)="(/page/[^"]+)"')


@pytest.fixture
def fetch(daemon):
    """Ask for something beside the API: gives status, headers and text."""

    async def ask(path, **headers):
        async with daemon.session.get(daemon.url + path, headers=headers) as answer:
            return answer.status, answer.headers, await answer.text()

    return ask


async def test_the_page_is_asked_for_anew_and_all_that_it_names_is_there_to_be_kept(fetch):
    status, headers, page = await fetch("/")
    assert (200, "no-cache", "text/html; charset=utf-8") == (status, headers["Cache-Control"], headers["Content-Type"])
    named = NAMED.findall(page)
    assert {"app.js", "tokens.css", "icon.svg"} <= {path.rpartition("/")[2] for path in named}
    for path in named:
        status, headers, body = await fetch(path)
        assert (200, "public, max-age=31536000, immutable") == (status, headers["Cache-Control"]), path
        assert (STATIC / path.split("/", 3)[3]).read_text() == body


async def test_what_has_not_changed_is_not_sent_again(fetch):
    _, headers, _ = await fetch("/")
    assert (304, "") == (await fetch("/", **{"If-None-Match": headers["ETag"]}))[::2]
    assert 200 == (await fetch("/", **{"If-None-Match": '"other"'}))[0]


async def test_files_of_another_version_are_answered_but_kept_by_nobody(fetch):
    status, headers, body = await fetch("/page/0123456789abcdef/scripts/app.js")
    assert (200, "no-cache") == (status, headers["Cache-Control"])
    assert (STATIC / "scripts/app.js").read_text() == body


@pytest.mark.parametrize("path", ["scripts/none.js", "../serving.py", "%2e%2e/serving.py", "index.html/", "scripts"])
async def test_nothing_else_is_served(fetch, path):
    assert 404 == (await fetch(f"/page/x/{path}"))[0]


async def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(fetch):
    _, headers, page = await fetch("/")
    policy = headers["Content-Security-Policy"]
    assert {"default-src 'self'", "img-src 'self' blob: data:", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert [] == re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?://", page)


def test_no_script_reads_data_as_html():
    for script in STATIC.rglob("*.js"):
        assert [] == re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script.read_text())


def test_every_module_that_is_imported_exists():
    for script in (STATIC / "scripts").rglob("*.js"):
        for name in re.findall(r'from "(\.[^"]+)"', script.read_text()):
            assert (script.parent / name).is_file(), f"{script.name} imports {name}"


def test_the_files_of_the_page_are_packed_with_the_product(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if "/api/page/static/" in name}
    assert {str(file.relative_to(ROOT)) for file in STATIC.rglob("*") if file.is_file()} == packed
