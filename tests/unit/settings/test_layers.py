"""File < environment < flags, and where the file is found."""

from pathlib import Path

import pytest

from orchestrator.settings import SettingsError, find_config, load, loading


def test_without_anything_said_the_defaults_hold():
    settings = load()
    assert "memory://" == settings.bus.url.get_secret_value()
    assert ("127.0.0.1", 8000) == (settings.api.host, settings.api.port)
    assert (10, 5, 30, 600) == (
        settings.nodes.probe_interval,
        settings.nodes.poll_interval,
        settings.nodes.offline_after,
        settings.nodes.node_lost_after,
    )
    assert (3, 2) == (settings.tasks.max_attempts, settings.tasks.progress_interval)
    assert ("info", "auto") == (settings.log.level, settings.log.format)


def test_flags_go_above_the_environment_and_that_above_the_file(monkeypatch, toml):
    config = toml('[bus]\nprefix = "file"\nprefetch = 7\nsource = "/file"\n')
    monkeypatch.setenv("ORCHESTRATOR__BUS__PREFIX", "environment")
    monkeypatch.setenv("ORCHESTRATOR__BUS__SOURCE", "/environment")
    settings = load(config, {"bus": {"source": "/flag", "url": None}})
    assert (7, "environment", "/flag") == (settings.bus.prefetch, settings.bus.prefix, settings.bus.source)


def test_a_file_named_by_the_flag_goes_before_the_environments(monkeypatch, toml, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_CONFIG", "/named/by/environment.toml")
    assert Path("/named/by/environment.toml") == find_config()
    assert tmp_path / "flag.toml" == find_config(tmp_path / "flag.toml")


def test_the_systems_file_counts_only_if_it_exists(monkeypatch, toml):
    assert find_config() is None
    monkeypatch.setattr(loading, "DEFAULT_CONFIG", toml("[api]\nport = 1\n"))
    assert 1 == load().api.port


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read: no such file"):
        load(tmp_path / "nowhere.toml")


def test_database_and_socket_follow_the_root(toml):
    settings = load(toml('[files]\nroot = "/srv/maps"\n[store]\nlease_ttl = 5\n'))
    assert "sqlite+aiosqlite:////srv/maps/orchestrator.db" == settings.store.url.get_secret_value()
    assert Path("/srv/maps/control.sock") == settings.api.control_socket
    assert 5 == settings.store.lease_ttl


def test_database_and_socket_stay_where_they_are_said_to_be():
    given = {
        "files": {"root": "/srv"},
        "store": {"url": "postgresql+asyncpg://db/o"},
        "api": {"control_socket": "/run/o"},
    }
    settings = load(None, given)
    assert "postgresql+asyncpg://db/o" == settings.store.url.get_secret_value()
    assert Path("/run/o") == settings.api.control_socket


def test_a_service_keeps_its_files_in_the_folder_that_systemd_made(monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/orchestrator:/var/lib/other")
    settings = load()
    assert Path("/var/lib/orchestrator") == settings.files.root
    assert Path("/var/lib/orchestrator/control.sock") == settings.api.control_socket


def test_a_root_that_is_said_goes_before_the_services(monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/orchestrator")
    assert Path("/srv") == load(None, {"files": {"root": "/srv"}}).files.root


@pytest.mark.parametrize("text", ["/a:/b", '["/a", "/b"]'])
def test_the_environment_gives_folders_as_a_path_or_as_json(monkeypatch, text):
    monkeypatch.setenv("ORCHESTRATOR__FILES__IMPORT_ROOTS", text)
    assert (Path("/a"), Path("/b")) == load().files.import_roots


def test_home_folders_are_found_and_strange_names_stay(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert Path("/home/me/maps/control.sock") == load(None, {"files": {"root": "~/maps"}}).api.control_socket
    assert Path("~nobody-has-this-name") == load(None, {"files": {"root": "~nobody-has-this-name"}}).files.root


def test_an_empty_variable_counts_as_not_given(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR__BUS__URL", "")
    assert "memory://" == load().bus.url.get_secret_value()


def test_nodes_come_from_the_file_or_as_json_from_the_environment(monkeypatch, toml):
    config = toml('[[nodes.static]]\nurl = "http://node-1:3000"\ntoken = "t"\n[[nodes.static]]\nurl = "https://n2"\n')
    assert ["http://node-1:3000", "https://n2"] == [it.url.get_secret_value() for it in load(config).nodes.static]
    monkeypatch.setenv("ORCHESTRATOR__NODES__STATIC", '[{"url": "http://other:1", "label": "L"}]')
    (node,) = load(config).nodes.static
    assert ("http://other:1", "", "L") == (node.url.get_secret_value(), node.token.get_secret_value(), node.label)


def test_addresses_and_names_come_as_lists_or_with_commas_from_the_environment(monkeypatch, toml):
    config = toml(
        '[api]\nallowed_hosts = ["Maps.LAN."]\ncors_origins = ["https://Portal.example.org/"]\n'
        'trusted_proxies = []\n[files]\nallow_private_addresses = ["10.0.0.0/8", "fd00::1"]\n'
    )
    api, files = load(config).api, load(config).files
    assert (("maps.lan",), ("https://portal.example.org",), ()) == (
        api.allowed_hosts, api.cors_origins, api.trusted_proxies,
    )  # fmt: skip
    assert ["10.0.0.0/8", "fd00::1/128"] == [str(network) for network in files.allow_private_addresses]
    monkeypatch.setenv("ORCHESTRATOR__FILES__ALLOW_PRIVATE_ADDRESSES", "192.168.0.0/16, fd00::/8")
    monkeypatch.setenv("ORCHESTRATOR__API__ALLOWED_HOSTS", '["a", "b"]')
    assert ["192.168.0.0/16", "fd00::/8"] == [str(network) for network in load(config).files.allow_private_addresses]
    assert ("a", "b") == load(config).api.allowed_hosts


def test_the_tree_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        setattr(load().bus, "prefix", "other")  # noqa: B010  (mypy knows that it cannot)
