"""What a person types, turned into what the contract wants."""

import json
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.words import option, task_key, uri
from orchestrator.contract.commands import decode


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("dsm=true", True), ("dsm=false", False), ("dsm", True), ("--dsm=true", True), ("dsm=3", 3), ("dsm=-3", -3),
     ("dsm=0.5", 0.5), ("dsm=.5", 0.5), ("dsm=1e3", 1000.0), ("dsm=high", "high"), ("dsm=", ""), ("dsm=a=b", "a=b"),
     ('dsm="5"', "5"), ('dsm="', '"'), ('dsm="a"b"', '"a"b"'), ("dsm=True", "True"), ("dsm=nan", "nan"),
     ("dsm=1_000", "1_000"), ('dsm=[{"x": 1}]', '[{"x": 1}]')],
)  # fmt: skip
def test_an_options_value_has_the_type_it_looks_like(typed, meant):
    made = option(typed)
    assert ("dsm", meant, type(meant)) == (made["name"], made["value"], type(made["value"]))


@pytest.mark.parametrize("typed", ["", "=true", "--"])
def test_an_option_needs_a_name(typed):
    with pytest.raises(typer.BadParameter, match="dsm=true"):
        option(typed)


@given(st.text(max_size=20))
def test_every_option_that_is_read_can_be_sent(value):
    json.dumps(option(f"name={value}"))


@pytest.mark.parametrize("address", ["http://x/a.jpg", "https://x/a", "file:///a/b", "HTTPS://x"])
def test_an_address_stays_as_it_is(address):
    assert address == uri(address)


def test_a_path_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert f"{tmp_path}/a/b.jpg" == uri("a/b.jpg")
    assert f"{tmp_path}/*.jpg" == uri("*.jpg")
    assert f"{tmp_path}/a/" == uri("a/")
    assert "/home/me/a" == uri("~/a")
    assert f"{tmp_path}/~nobody-has-this-name/a" == uri("~nobody-has-this-name/a")
    assert f"{tmp_path}/~a" == uri("./~a")
    assert "/" == uri("/")
    assert "/a" == uri("/a")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=50))
def test_every_path_becomes_one_that_the_contract_takes(text):
    body = json.dumps({"images": [uri(f"./{text}")]}).encode()
    assert Path(uri(f"./{text}")).is_absolute()
    assert "CreateTask" == type(decode("create-task", body)).__name__


@pytest.mark.parametrize(
    ("typed", "meant"), [("134", {"task": 134}), ("survey-7", {"reference": "survey-7"}), ("²", {"reference": "²"})]
)
def test_digits_are_an_id_and_all_else_a_reference(typed, meant):
    assert meant == task_key(typed)
