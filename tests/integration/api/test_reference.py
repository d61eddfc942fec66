"""docs/reference/rest.md has a row for every endpoint that runs, and every test that it names exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/rest.md").read_text()
ROW = re.compile(r"^\| `(?P<endpoint>[A-Z]+ /\S*)` \|.*\| (?P<tests>[^|]*) \|$", re.MULTILINE)
NAMED = re.compile(r"`(?P<file>(?:\w+/)*test_\w+\.py)::(?P<name>\w+)`")
COMING = "to come"
ROWS = {row["endpoint"]: row["tests"] for row in ROW.finditer(PAGE.replace(r"\|", "/"))}


async def test_every_endpoint_that_runs_has_a_row_with_a_test(daemon):
    _, described = await daemon.get("/openapi.json")
    endpoints = {f"{method.upper()} {path}" for path, each in described["paths"].items() for method in each}
    assert set() == endpoints - ROWS.keys()
    assert [] == [endpoint for endpoint in sorted(endpoints) if not NAMED.search(ROWS[endpoint])]


async def test_every_row_is_of_an_endpoint_that_runs_or_says_that_it_is_to_come(daemon):
    _, described = await daemon.get("/openapi.json")
    endpoints = {f"{method.upper()} {path}" for path, each in described["paths"].items() for method in each}
    other = {endpoint for endpoint, tests in ROWS.items() if tests != COMING} - endpoints
    assert {"GET /docs/"} == other


def test_every_test_that_the_page_names_exists():
    named = {(row["file"], row["name"]) for row in NAMED.finditer(PAGE)}
    assert len(named) > 20
    for file, name in sorted(named):
        path = ROOT / "tests" / (file if "/" in file else f"integration/api/{file}")
        defined = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, DEFINITIONS)}
        assert name in defined, f"{path} has no test {name}"


DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
