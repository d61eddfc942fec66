"""The commands about the daemon itself."""

import dataclasses
import inspect
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.cli import serving, simulating
from orchestrator.contract.asyncapi import document
from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNodeOptions
from orchestrator.settings import load


@pytest.fixture
def served(monkeypatch):
    """Settings that a daemon was started with; it ends at once with ``code``."""
    seen = SimpleNamespace(settings=None, code=0)

    async def serve(settings):
        seen.settings = settings
        return seen.code

    monkeypatch.setitem(sys.modules, "orchestrator.service", SimpleNamespace(serve=serve))
    return seen


def test_serve_takes_flags_above_all_else(served, orchestrator, tmp_path):
    flags = ["--bus-url", "amqp://mq", "--store-url", "postgresql+asyncpg://db/o", "--root", "/srv", "--host", "::"]
    flags += [
        "--port",
        "0",
        "--import-root",
        "in",
        "--import-root",
        "/b",
        "--log-level",
        "debug",
        "--log-format",
        "json",
    ]
    assert 0 == orchestrator("serve", *flags, root_given=False).exit_code
    settings = served.settings
    assert "amqp://mq" == settings.bus.url.get_secret_value()
    assert "postgresql+asyncpg://db/o" == settings.store.url.get_secret_value()
    assert (Path("/srv"), (tmp_path / "in", Path("/b"))) == (settings.files.root, settings.files.import_roots)
    assert ("::", 0, "debug", "json") == (settings.api.host, settings.api.port, settings.log.level, settings.log.format)


def test_serve_ends_with_the_daemons_exit_code(served, orchestrator):
    served.code = 1
    assert 1 == orchestrator("serve").exit_code


def test_serve_with_wrong_settings_does_not_begin(served, orchestrator):
    result = orchestrator("serve", "--log-level", "loud")
    assert (2, None) == (result.exit_code, served.settings)
    assert result.stderr.startswith("log.level (given as a flag) must be one of")


def test_serve_runs_without_uvloop_as_well(served, orchestrator, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert 0 == orchestrator("serve").exit_code


def test_check_config_prints_what_holds_without_secrets(orchestrator, tmp_path):
    config = tmp_path / "o.toml"
    config.write_text(
        '[bus]\nurl = "amqp://u:geheim@mq"\n[[nodes.static]]\nurl = "http://n"\ntoken = "geheim"\n'
        '[tasks]\ndraft_ttl = "90 s"\n'
    )
    result = orchestrator("check-config", "--config", str(config))
    assert 0 == result.exit_code
    assert "geheim" not in result.stdout
    assert f"# From {config}" in result.stdout
    assert 'url = "amqp://u:***@mq"' in result.stdout
    assert "draft_ttl = 90\n" in result.stdout
    assert "[[nodes.static]]" in result.stdout


def test_what_check_config_prints_is_a_settings_file(orchestrator, root, tmp_path):
    printed = orchestrator("check-config").stdout
    copy = tmp_path / "copy.toml"
    copy.write_text(printed)
    assert load(None, {"files": {"root": root}}) == load(copy)


def test_tokens_networks_and_names_are_shown_as_they_are_given_and_tokens_not_at_all(orchestrator, tmp_path):
    config = tmp_path / "own.toml"
    config.write_text(
        '[api]\nallowed_hosts = ["maps"]\ntrusted_proxies = ["10.0.0.0/8"]\n'
        f'[[api.static_tokens]]\nname = "a"\ntoken = "{"geheim" * 6}"\n'
    )
    printed = orchestrator("check-config", "--config", str(config)).stdout
    assert 'allowed_hosts = ["maps"]' in printed
    assert 'trusted_proxies = ["10.0.0.0/8"]' in printed
    assert '[[api.static_tokens]]\nname = "a"\nrole = "operator"\ntoken = "**********"' in printed


def test_check_config_prints_json(orchestrator, root):
    shown = json.loads(orchestrator("check-config", "--json").stdout)
    assert (str(root), [], None) == (shown["files"]["root"], shown["nodes"]["static"], shown["api"]["public_url"])


def test_contract_prints_the_document_of_this_installation(orchestrator):
    result = orchestrator("contract", root_given=False, env={"ORCHESTRATOR__BUS__PREFIX": "mine"})
    assert document(Topology(prefix="mine")) == json.loads(result.stdout)


def test_migrate_brings_the_database_up_and_may_be_repeated(orchestrator, root):
    for _ in range(2):
        result = orchestrator("migrate")
        assert 0 == result.exit_code, result.output
        assert result.stdout.startswith("The database is at revision ")
    assert (root / "orchestrator.db").exists()


def test_migrate_without_a_database_server_is_one_sentence(orchestrator):
    result = orchestrator("migrate", "--store-url", "postgresql+asyncpg://u:geheim@127.0.0.1:1/o")
    assert (2, "") == (result.exit_code, result.stdout)
    assert "geheim" not in result.stderr
    assert 1 == result.stderr.count("\n")


def test_simulate_node_has_every_option_with_the_same_default():
    flags = {name: it.default for name, it in inspect.signature(simulating.simulate_node).parameters.items()}
    fields = {it.name: it.default for it in dataclasses.fields(SimulatedNodeOptions)}
    assert fields == flags


def test_simulate_node_runs_with_what_was_said(orchestrator, monkeypatch):
    seen = []

    async def run(options):
        seen.append(options)

    monkeypatch.setattr(simulating, "_run", run)
    words = ["--port", "3005", "--seconds", "1", "--fail-rate", "0.5", "--forget", "--token", "t", "--data", "/d"]
    assert 0 == orchestrator("simulate-node", *words, root_given=False).exit_code
    assert [SimulatedNodeOptions(port=3005, seconds=1, fail_rate=0.5, forget=True, token="t", data=Path("/d"))] == seen


def test_simulate_node_refuses_nonsense(orchestrator):
    result = orchestrator("simulate-node", "--fail-rate", "2", root_given=False)
    assert (2, "simulated node: fail_rate must be from 0 to 1, not 2.0.\n") == (result.exit_code, result.stderr)


def test_demo_runs_and_ends_with_its_exit_code(orchestrator, monkeypatch):
    asked = []

    async def run_demo(**given):
        asked.append(given)
        return 1

    monkeypatch.setitem(sys.modules, "orchestrator.cli.demo", SimpleNamespace(run_demo=run_demo))
    assert 1 == orchestrator("demo", "--bus", "rabbitmq", "--save-svg", "end.svg", root_given=False).exit_code
    assert [{"bus": "rabbitmq", "save_svg": Path("end.svg")}] == asked


def test_every_command_says_what_it_does():
    assert all(
        function.__doc__
        for function in (serving.serve, serving.check_config, serving.migrate, serving.contract, simulating.demo)
    )
