"""Whatever makes something durable has a crash point: a method or a place in the code that is new fails here."""

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path

import orchestrator
from orchestrator.bus.port import Bus, Shelf
from orchestrator.crashing import COMMITS, POINTS
from orchestrator.crashing.bus import BusAtPoints, _ShelfAtPoints
from orchestrator.crashing.nodes import POINTS_OF
from orchestrator.crashing.store import WRITING, WRITING_TOKENS, WRITING_WEBHOOKS, said
from orchestrator.domain.task import Stage
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import NodeClient
from orchestrator.store import SqlStore
from orchestrator.store.tokens import SqlTokens
from orchestrator.store.webhook_book import SqlWebhooks
from tests.unit.crashing.places import DURABLE, NOTHING_LOST
from tools.lifecycle_cells import sample_task

ROOT = Path(orchestrator.__file__).parent


def public(port: type) -> set[str]:
    return {name for name in vars(port) if not name.startswith("_")}


# ------------------------------------------------------------------------------------------------------------ commits


def writers(book: type) -> set[str]:
    """Give the public methods in whose code, or in what they call of the class, a transaction is opened."""
    (tree,) = ast.parse(inspect.getsource(book)).body
    methods = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    named = {name: {at.attr for at in ast.walk(of) if isinstance(at, ast.Attribute)} for name, of in methods.items()}
    found = {name for name, attributes in named.items() if attributes & {"write", "turn"}}
    for _ in methods:
        found |= {name for name, attributes in named.items() if attributes & found & methods.keys()}
    return {name for name in found if not name.startswith("_")}


def test_every_method_of_the_store_that_commits_has_its_points():
    # A task that was let go of is claimed at the next start as one that was not: it makes no difference for who dies.
    assert writers(SqlStore) == {"begin", "let_go", *WRITING}
    assert writers(SqlTokens) == WRITING_TOKENS.keys()
    assert writers(SqlWebhooks) == WRITING_WEBHOOKS.keys()
    assert {*WRITING.values(), *WRITING_TOKENS.values(), *WRITING_WEBHOOKS.values()} <= COMMITS.keys()


def test_nothing_else_of_the_store_opens_a_transaction():
    opening = {"write", "turn", "begin", "commit"}
    places = {place for place, call in calls(ROOT / "store") if name_of(call) in opening}
    others = {
        place
        for place in places
        if not place.startswith(("store/store.py:", "store/tokens.py:", "store/webhook_book.py:"))
    }
    assert {
        "store/migrate.py:ensure_head",  # commit.migration
        "store/migrations/env.py:_migrate_alone",  # What alembic's own command would do; the daemon gives a connection.
        # What the above is made of:
        "store/sqlite.py:SqliteDatabase.open", "store/sqlite.py:SqliteDatabase.read",
        "store/sqlite.py:SqliteDatabase.write", "store/sqlite.py:_commit",
        "store/postgres.py:PostgresDatabase._transaction",
    } == others  # fmt: skip


def test_every_part_of_what_a_turn_commits_is_named():
    without = {"owner", "begun", "sources", "outbox"}  # They come with a task or a node.
    alone = {
        "created": {1: None}, "updated": {1: sample_task(Stage.DRAFT, None)}, "removed": {1}, "gone_jobs": {"x"},
        "projects": {1: None}, "gone_projects": {1}, "nodes": {1: None}, "gone_nodes": {1}, "answers": {"x": None},
        "sent": [1],
    }  # fmt: skip
    parts = {each.name for each in dataclasses.fields(Changes)} - without - {"jobs"}  # A job comes with its task.
    assert parts == alone.keys()
    for name, value in alone.items():
        (what,) = said(Changes(owner="x", **{name: value}))
        assert what in COMMITS


# --------------------------------------------------------------------------------------------------- bus and nodes


def test_every_method_of_the_bus_has_its_points_unless_nothing_durable_comes_of_it():
    nothing_durable = {"run", "until", "watch", "give_back", "holds"}
    assert public(Bus) - public(BusAtPoints) == nothing_durable
    assert public(Shelf) == public(_ShelfAtPoints)


def test_every_call_to_a_node_has_its_points():
    assert public(NodeClient) == {*POINTS_OF, "upload", "download"}
    assert {f"node.{name}.before" for name in POINTS_OF.values()} <= POINTS.keys()


# ------------------------------------------------------------------------------------------------------------- files

ON_PATHS = {"rename", "unlink", "rmdir", "touch", "write_text", "write_bytes", "symlink_to", "hardlink_to"}
OF_MODULES = {"link", "remove", "rmtree", "move", "copyfile", "copytree", "replace", "truncate", "ftruncate"}


def calls(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    """Give the calls in a folder, each with where it is."""
    for path in sorted(folder.rglob("*.py")):
        yield from _calls(ast.parse(path.read_text()), f"{path.relative_to(ROOT)}:", "")


def _calls(node: ast.AST, file: str, within: str) -> Iterator[tuple[str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inner = within
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{within}.{child.name}" if within else child.name
        elif isinstance(child, ast.Call):
            yield f"{file}{within}", child
        yield from _calls(child, file, inner)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def is_on_disk(call: ast.Call) -> bool:
    """Whether it changes what is on disk, and not text, a set or a dataclass."""
    if isinstance(call.func, ast.Name):
        return call.func.id in {"delete_tree", "delete_file", "link"}
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
    if name_of(call) == "replace":
        return len(call.args) == 1 and not call.keywords
    return name_of(call) in (ON_PATHS if owner not in {"os", "shutil"} else ON_PATHS | OF_MODULES)


def test_every_place_that_changes_what_is_on_disk_has_its_points():
    not_the_daemon = ("crashing/", "cli/", "nodes/simulated/")
    places = {place for place, call in calls(ROOT) if is_on_disk(call) and not place.startswith(not_the_daemon)}
    assert places - {"bus/rabbitmq.py:RabbitBus.__init__"} == DURABLE.keys() | NOTHING_LOST.keys()
    assert {point for points in DURABLE.values() for point in points} <= POINTS.keys()
