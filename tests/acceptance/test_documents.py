"""What README and docs show is true: every block of code runs, or is read by what it is meant for."""

import configparser
import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from orchestrator.contract import examples
from orchestrator.contract.answers import rejected
from orchestrator.contract.commands import BODIES, decode
from orchestrator.contract.event_models import NodeEventView, TaskEventView
from orchestrator.contract.events import EVENT_TYPES
from orchestrator.contract.view_models import AcceptedView, RejectedView, TaskView
from orchestrator.contract.views import public_task
from orchestrator.domain import errors, problem
from orchestrator.domain.events import TaskEventType
from orchestrator.domain.problem import Problem
from orchestrator.domain.task import PendingAction, Stage, Status
from orchestrator.settings import load
from tests.acceptance.documents import PAGES, ROOT, Block, anchors_of, blocks, blocks_of, prose_of
from tests.acceptance.shell_words import is_known

pytestmark = pytest.mark.usefixtures("bare_environment")

LANGUAGES = {"caddy", "ini", "json", "mermaid", "python", "sh", "toml"}
COMMANDS = [block for block in blocks("json") if block.words[0] in BODIES]
REFERENCE = ROOT / "docs/reference"
PROBLEMS = {
    made.type: made
    for made in (
        problem.invalid(""), problem.not_found("", ""), problem.conflict(""), problem.too_large(""),
        problem.internal(""), decode("create-task", b"["), decode("nonsense", b"{}"),
    )
    if isinstance(made, Problem)
}  # fmt: skip


def decoded(block: Block) -> object:
    return decode(block.words[0], block.text.encode())


# -------------------------------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path):
    assert {block.language for block in blocks_of(page)} <= LANGUAGES
    known = {*BODIES, "accepted", "event", "rejected", "task"}
    assert all(block.words and block.words[0] in known for block in blocks_of(page) if block.language == "json")


@pytest.mark.parametrize("block", [block for block in COMMANDS if "wrong" not in block.words], ids=str)
def test_a_command_that_is_shown_is_taken(block: Block):
    assert not isinstance(decoded(block), Problem), decoded(block)


@pytest.mark.parametrize("block", [block for block in COMMANDS if "wrong" in block.words], ids=str)
def test_a_wrong_command_gets_the_answer_that_is_shown_below_it(block: Block):
    following = blocks_of(block.page)
    answer = following[following.index(block) + 1]
    refused = decoded(block)
    assert isinstance(refused, Problem)
    assert rejected(block.words[0], refused) == json.loads(answer.text)


@pytest.mark.parametrize("block", blocks("json", "rejected"), ids=str)
def test_a_rejection_that_is_shown_is_one_that_there_is(block: Block):
    shown = RejectedView.model_validate_json(block.text).error
    made = PROBLEMS[shown.type]
    assert (made.status, made.title) == (shown.status, shown.title)


@pytest.mark.parametrize("block", blocks("json", "accepted"), ids=str)
def test_an_answer_that_is_shown_has_every_field(block: Block):
    shown = json.loads(block.text)
    view = AcceptedView.model_validate_json(block.text)
    assert set(view.model_dump(exclude_unset=True)) == set(shown)
    subject = next(key for key in ("task", "project", "processing_node") if key in shown)
    left_out = {"tasks"} if subject == "project" else set()
    fields = type(getattr(view, subject)).model_fields
    assert set(fields) - left_out == set(shown[subject])


@pytest.mark.parametrize("block", blocks("json", "event"), ids=str)
def test_an_event_that_is_shown_is_complete(block: Block):
    kind = block.words[1]
    shown = json.loads(block.text)
    is_task = kind.startswith("task.")
    (TaskEventView if is_task else NodeEventView).model_validate_json(block.text)
    sample = examples.task_event(TaskEventType(kind)) if is_task else examples.node_event()
    assert (kind, list(sample)) == (shown["type"], list(shown))
    subject = "task" if is_task else "processing_node"
    assert list(sample["data"][subject]) == list(shown["data"][subject])
    assert not is_task or shown["sequence"] == shown["data"]["task"]["version"]


@pytest.mark.parametrize("block", blocks("json", "task"), ids=str)
def test_a_task_that_is_shown_has_every_field_in_order(block: Block):
    TaskView.model_validate_json(block.text)
    assert list(public_task(examples.TASK)) == list(json.loads(block.text))


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_settings_file_that_is_shown_is_taken(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for secret in re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w-]+)", block.text):
        (tmp_path / secret).write_text("a secret of more than 32 characters")
    path = tmp_path / "orchestrator.toml"
    path.write_text(block.text)
    settings = load(path)
    assert set(tomllib.loads(block.text)) <= settings.model_fields_set


@pytest.mark.parametrize("block", blocks("caddy"), ids=str)
def test_a_proxy_that_is_shown_leads_to_where_the_daemon_listens(block: Block):
    api = load().api
    assert [f"{api.host}:{api.port}"] == re.findall(r"^    reverse_proxy (\S+)$", block.text, re.MULTILINE)


@pytest.mark.parametrize("block", blocks("ini"), ids=str)
def test_a_drop_in_that_is_shown_changes_lines_that_the_unit_has(block: Block):
    drop_in = configparser.ConfigParser(interpolation=None)
    drop_in.optionxform = str  # type: ignore[assignment,method-assign]
    drop_in.read_string(block.text)
    unit = (ROOT / "deploy/systemd/orchestrator.service").read_text()
    assert all(f"\n{key}=" in unit for section in drop_in.sections() for key in drop_in[section])


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_a_shell_block_does_only_what_is_known(block: Block):
    assert [] == [line for line in block.text.splitlines() if not is_known(line)]


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_a_python_block_can_be_read_and_imports_what_there_is(block: Block):
    # test_examples.py runs them, on a real broker.
    compile(block.text, str(block), "exec")
    for names in re.findall(r"^import (.+)$", block.text, re.MULTILINE):
        for name in names.split(", "):
            importlib.import_module(name)


# ----------------------------------------------------------------------------------------------------------- reference


def test_the_reference_shows_every_command():
    page = REFERENCE / "commands.md"
    assert set(BODIES) == {block.words[0] for block in blocks_of(page) if block.language == "json"} & set(BODIES)
    assert set(BODIES) <= anchors_of(page)
    fields = {field for body in BODIES.values() for field in body.model_fields}
    assert [] == [field for field in sorted(fields) if f"`{field}`" not in page.read_text() and field != "task"]


def test_the_reference_shows_every_event():
    page = REFERENCE / "events.md"
    assert list(EVENT_TYPES) == sorted(
        {block.words[1] for block in blocks_of(page) if block.words[:1] == ("event",)}, key=EVENT_TYPES.index
    )


def test_the_reference_shows_every_problem_and_every_error():
    text = (REFERENCE / "errors.md").read_text()
    rows = {made.type: f"| `{made.type}` | {made.status} | {made.title} |" for made in PROBLEMS.values()}
    codes = [
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OrchestratorError)
    ]
    assert [] == [name for name, row in rows.items() if row not in text or f"### {name}\n" not in text]
    assert [] == [code for code in codes if f"`{code}`" not in text]


def test_the_reference_shows_every_code():
    text = (REFERENCE / "status-codes.md").read_text()
    rows = [f"| {code.value} | {code.name} |" for code in (*Status, *PendingAction)] + [
        f"| `{it.value}` |" for it in Stage
    ]
    assert [] == [row for row in rows if row not in text]


# --------------------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not target.startswith("https://") and (not place.is_file() or (anchor and anchor not in anchors_of(place))):
            broken.append(target)
    assert [] == broken


def test_decisions_are_numbered_and_dated():
    found = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [f"{number:04}" for number in range(1, len(found) + 1)] == [page.name[:4] for page in found]
    for page in found:
        heading, _, date, *_ = page.read_text().splitlines()
        assert re.fullmatch(rf"# {int(page.name[:4])}\. \S.+", heading)
        assert re.match(r"20\d\d-\d\d-\d\d\. Accepted\.", date)
