"""The settings file that is shipped and the reference page say what the tree says."""

import re
import tomllib
from pathlib import Path

from orchestrator.settings import Settings, load
from tools import reference

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "config" / "orchestrator.toml"
OPTION = re.compile(r"^#([a-z_]+ = .*)$", re.MULTILINE)


def uncommented(text: str) -> dict:
    return tomllib.loads(OPTION.sub(r"\1", text))


def test_the_shipped_file_changes_nothing_as_it_is():
    assert load() == load(SHIPPED)


def test_the_shipped_file_has_every_setting_and_no_other():
    given = uncommented(SHIPPED.read_text())
    settings = load()
    tree = {name: set(type(getattr(settings, name)).model_fields) for name in Settings.model_fields}
    assert tree == {section: set(keys) for section, keys in given.items()}


def test_the_shipped_file_names_the_defaults(toml):
    assert load() == load(toml(OPTION.sub(r"\1", SHIPPED.read_text())))


def test_each_option_of_the_shipped_file_comes_with_a_reason():
    for section in SHIPPED.read_text().split("\n["):
        for block in section.split("\n\n"):
            if OPTION.search(block):
                assert block.lstrip().startswith("# "), block


def test_the_generated_pages_are_fresh(capsys):
    assert 0 == reference.main(["--check"]), capsys.readouterr().err


def test_a_stale_page_is_told_and_then_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert 1 == reference.main(["--check"])
    assert "docs/reference/settings.md is stale" in capsys.readouterr().err
    assert 0 == reference.main([])
    assert 0 == reference.main(["--check"])
