"""``orchestrator dead-letters``: what people see, type and are asked."""

import json
import stat
import sys
from pathlib import Path

import pytest

from orchestrator.bus.port import DeadLetter, Delivery
from orchestrator.domain.problem import conflict, invalid_field
from tests.unit.api.samples import NOW, a_project

pytestmark = pytest.mark.usefixtures("logs")


@pytest.fixture
def shelve(side):
    """Puts a letter on the shelf and gives its id."""

    def put(body: bytes = b'{"nam": "x"}', *, tag: int = 1, **fields) -> str:
        delivery = Delivery(tag, 1, "x.commands", "create-project", redelivered=False, body=body, **fields)
        letter = DeadLetter(delivery, invalid_field("nam", "is not a field of create-project; did you mean name?"), NOW)

        async def shelve_it() -> str:
            before = {it.id for it in (await side.rooms.dead_letters().page(limit=100)).letters}
            await side.rooms.bus.dead_letter([letter])
            (new,) = [it.id for it in (await side.rooms.dead_letters().page(limit=100)).letters if it.id not in before]
            return new

        return side.wait(shelve_it())

    return put


def editor(tmp_path: Path, script: str) -> str:
    """Make an editor that runs Python on the file ``path``."""
    program = tmp_path / "editor.py"
    program.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{script}\n")
    return f"{sys.executable} {program}"


def test_an_empty_shelf_is_an_empty_list(side, orchestrator):
    result = orchestrator("dead-letters", "list")
    assert (0, "ID  PUT ASIDE  COMMAND  REPLAYED  WHY\n") == (result.exit_code, result.stdout)


def test_letters_are_listed_with_their_reasons(side, orchestrator, shelve):
    id_ = shelve(message_id="m")
    shelve(b"{}", tag=2)
    lines = orchestrator("dead-letters", "list", "--limit", "1").stdout.splitlines()
    assert 3 == len(lines)
    assert "… 1 more; --offset 1 shows them." == lines[-1]
    whole = orchestrator("dead-letters", "list").stdout
    assert f"{id_}  2026-11-23T00:00:00Z  create-project  0         nam: is not a field of create-project" in whole
    assert 2 == json.loads(orchestrator("dead-letters", "list", "--json").stdout)["total"]


def test_a_letter_is_shown_with_all_that_is_known_of_it(side, orchestrator, shelve):
    id_ = shelve(b'{"nam": "x",\n "token": "canary"}', message_id="m", headers={"x": "\x1b[2J"})
    result = orchestrator("dead-letters", "show", id_[:4].upper())
    assert 0 == result.exit_code
    for part in (id_, "create-project", "x.commands", '{"nam": "x",\n "token": "***"}', "nam: is not a field"):
        assert part in result.stdout
    assert "canary" not in result.stdout
    assert "\x1b" not in result.stdout
    assert id_ == json.loads(orchestrator("dead-letters", "show", id_, "--json").stdout)["id"]


def test_a_letter_that_is_not_there_is_one_sentence(side, orchestrator):
    result = orchestrator("dead-letters", "show", "zzzz")
    assert (1, "There is no dead letter zzzz.\n") == (result.exit_code, result.stderr)


def test_a_letter_is_replayed_as_it_is(side, orchestrator, shelve):
    side.rooms.desk.outcome = a_project()
    id_ = shelve(b'{"name": "x"}', message_id="m")
    result = orchestrator("dead-letters", "replay", id_)
    assert (0, f"{id_}: create-project was accepted: project 27.\n") == (result.exit_code, result.stdout)
    gone = orchestrator("dead-letters", "show", id_).stdout
    assert gone.startswith("It is not on the shelf any more. It was replayed:\nLETTER")
    assert "accepted" in orchestrator("dead-letters", "list", "--replayed").stdout
    assert "accepted" == json.loads(orchestrator("dead-letters", "list", "--replayed", "--json").stdout)[0]["outcome"]


def test_what_is_not_accepted_stays_and_the_exit_code_says_so(side, orchestrator, shelve):
    side.rooms.desk.outcome = conflict("There is no project 9.")
    id_ = shelve(b'{"name": "x"}', message_id="m")
    result = orchestrator("dead-letters", "replay", id_, "--new-id")
    expected = f"{id_}: create-project was rejected: There is no project 9. It stays on the shelf.\n"
    assert (1, expected) == (result.exit_code, result.stdout)
    assert [f"dead-letter/{id_}/1"] == [order.message_id for order in side.rooms.desk.orders]
    assert "1         nam:" in orchestrator("dead-letters", "list").stdout


def test_all_are_replayed_in_lots(side, orchestrator, shelve, monkeypatch):
    monkeypatch.setattr("orchestrator.cli.dead_letters.MOST_AT_ONCE", 2)
    side.rooms.desk.outcome = a_project()
    for tag in range(5):
        shelve(b'{"name": "%d"}' % tag, tag=tag)
    result = orchestrator("dead-letters", "replay", "--all", "--json")
    assert ["accepted"] * 5 == [replay["outcome"] for replay in json.loads(result.stdout)]
    assert 0 == orchestrator("dead-letters", "replay", "--all").exit_code


@pytest.mark.parametrize("words", [["replay"], ["purge"], ["replay", "abcd", "--all"], ["purge", "abcd", "--all"]])
def test_it_must_be_said_which(side, orchestrator, words):
    result = orchestrator("dead-letters", *words)
    assert (2, "Name the letters, or say --all.\n") == (result.exit_code, result.stderr)


def test_a_body_is_corrected_in_the_editor(side, orchestrator, shelve, tmp_path, monkeypatch):
    side.rooms.desk.outcome = a_project()
    id_ = shelve(b'{"nam": "x", "token": "canary"}')
    seen = tmp_path / "seen"
    script = f"pathlib.Path({str(seen)!r}).write_text(f'{{path.stat().st_mode:o}} {{path}} {{path.read_text()}}')\n"
    monkeypatch.setenv("EDITOR", editor(tmp_path, script + 'path.write_text(\'{"name": "x"}\')'))
    result = orchestrator("dead-letters", "edit", id_)

    assert (0, f"{id_}: create-project was accepted: project 27.\n") == (result.exit_code, result.stdout)
    mode, path, body = seen.read_text().split(" ", 2)
    assert (0o600, '{"nam": "x", "token": "canary"}') == (stat.S_IMODE(int(mode, 8)), body)
    assert not Path(path).exists()


def test_what_is_still_wrong_is_said_and_what_was_written_is_kept(side, orchestrator, shelve, tmp_path, monkeypatch):
    id_ = shelve()
    monkeypatch.setenv("VISUAL", editor(tmp_path, "path.write_text('{\"name\": 1}')"))
    result = orchestrator("dead-letters", "edit", id_)
    assert 1 == result.exit_code
    assert f"{id_}: create-project was refused: name must be text. It stays on the shelf.\n" == result.stdout
    kept = Path(result.stderr.removeprefix("What you wrote is kept in ").removesuffix(".\n"))
    assert '{"name": 1}' == kept.read_text()
    kept.unlink()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("pass", "Nothing was changed, so nothing was replayed; 'dead-letters replay' sends it as it is."),
        ("path.write_text('{}'); sys.exit(3)", "The editor ended with code 3, so nothing was replayed."),
    ],
)
def test_an_editor_that_gives_up_replays_nothing(side, orchestrator, shelve, script, told):
    id_ = shelve()
    result = orchestrator("dead-letters", "edit", id_, env={"EDITOR": editor(side.root, script)})
    assert (1, f"{told}\n") == (result.exit_code, result.stderr)
    assert [] == side.rooms.book.rows


def test_an_editor_that_is_not_there_is_one_sentence(side, orchestrator, shelve, monkeypatch):
    id_ = shelve()
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    told = "The editor /no/such/editor cannot be started; set EDITOR, or give --body FILE.\n"
    result = orchestrator("dead-letters", "edit", id_)
    assert (2, told) == (result.exit_code, result.stderr)


@pytest.mark.parametrize("given", ["body.json", "-"])
def test_a_body_may_come_from_a_file_or_standard_input(side, orchestrator, shelve, tmp_path, given):
    side.rooms.desk.outcome = a_project()
    (tmp_path / "body.json").write_text('{"name": "x"}')
    id_ = shelve()
    result = orchestrator("dead-letters", "edit", id_, "--body", given, "--json", input='{"name": "x"}')
    (replay,) = json.loads(result.stdout)
    assert ("accepted", True) == (replay["outcome"], replay["edited"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "nowhere.json cannot be read: no such file or directory.\n"),
        (b"\xff", "The body is not UTF-8 text (byte 0).\n"),
    ],
)
def test_a_body_that_cannot_be_read_is_one_sentence(orchestrator, shelve, content, told):
    if content is not None:
        Path("nowhere.json").write_bytes(content)
    result = orchestrator("dead-letters", "edit", shelve(), "--body", "nowhere.json")
    assert (2, told) == (result.exit_code, result.stderr)


def test_a_purge_asks_and_says_how_many(side, orchestrator, shelve):
    ids = [shelve(tag=tag, message_id=str(tag)) for tag in range(3)]
    refused = orchestrator("dead-letters", "purge", "--all", input="n\n")
    assert (1, "Throw away 3 dead letters, for good? [y/N]: n\n", "Nothing was thrown away.\n") == (
        refused.exit_code, refused.stdout, refused.stderr,
    )  # fmt: skip
    one = orchestrator("dead-letters", "purge", ids[0], input="y\n")
    assert one.stdout.endswith("[y/N]: y\n1 dead letter thrown away.\n")
    assert "2 dead letters thrown away.\n" == orchestrator("dead-letters", "purge", "--all", "--yes").stdout
    assert {"purged": 0} == json.loads(orchestrator("dead-letters", "purge", "--all", "--json").stdout)
