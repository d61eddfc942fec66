"""Secrets never show, and may lie in files of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.settings import SettingsError, load
from orchestrator.settings.kinds import masked

SECRET = "s3cr3t-Wört"


@pytest.fixture
def everything(toml):
    return load(
        toml(
            f'[bus]\nurl = "amqp://user:{SECRET}@host:5672/vhost"\n'
            f'[store]\nurl = "postgresql+asyncpg://u:{SECRET}@db/name?password={SECRET}"\n'
            f'[[nodes.static]]\nurl = "http://n:3000?token={SECRET}"\ntoken = "{SECRET}"\n'.replace("ö", "o")
        )
    )


def test_no_secret_shows_in_repr_or_str(everything):
    shown = f"{everything!r} {everything} {everything.nodes.static[0]!r} {everything.bus.url!r}"
    assert SECRET.replace("ö", "o") not in shown
    assert "host:5672/vhost" in shown


def test_the_secret_itself_is_there_for_those_who_ask(everything):
    assert "amqp://user:s3cr3t-Wort@host:5672/vhost" == everything.bus.url.get_secret_value()
    assert "s3cr3t-Wort" == everything.nodes.static[0].token.get_secret_value()


def test_no_complaint_repeats_a_secret(toml):
    config = toml(
        f'[bus]\nurl = "htp://user:{SECRET}@host"\nurl_file = 3\n[[nodes.static]]\nurl = "x?token={SECRET}"\n'
    )
    with pytest.raises(SettingsError) as caught:
        load(config)
    assert SECRET not in str(caught.value)
    assert 3 == len(caught.value.problems)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory://", "memory://"),
        ("amqp://user:pw@host:5672/vhost", "amqp://user:***@host:5672/vhost"),
        ("amqp://user@host", "amqp://user@host"),
        ("amqp://u:p@w@host/", "amqp://u:***@host/"),
        ("amqps://host/v?password=x&name=y", "amqps://host/v?password=***&name=***"),
        ("sqlite+aiosqlite:////var/lib/o.db", "sqlite+aiosqlite:////var/lib/o.db"),
        ("no url at all", "***"),
        ("http://[broken", "***"),
        ("amqp://user:pw@host:port", "***"),
    ],
)
def test_a_url_shows_without_password_and_query(url, shown):
    assert shown == masked(url)


@given(st.text(alphabet="abcXYZ019-_.~!$&'()*+,;=%", min_size=1))
def test_no_password_gets_through_the_mask(password):
    marked = f"pw{password}pw"
    assert marked not in masked(f"amqp://user:{marked}@host/vhost")


def test_a_secret_may_lie_in_a_file_of_its_own(toml, tmp_path):
    (tmp_path / "url").write_text("amqp://u:p@host\n")
    (tmp_path / "token").write_text("t0ken\n")
    config = toml(
        f'[bus]\nurl_file = "{tmp_path}/url"\n[[nodes.static]]\nurl = "http://n"\ntoken_file = "{tmp_path}/token"\n'
    )
    settings = load(config)
    assert "amqp://u:p@host" == settings.bus.url.get_secret_value()
    assert "t0ken" == settings.nodes.static[0].token.get_secret_value()


def test_the_daemons_own_tokens_may_be_out_of_its_clients_reach(toml):
    config = toml(
        '[api]\nport = 7\n[[api.static_tokens]]\nname = "a"\ntoken_file = "/nowhere/at/all"\n'
        '[[nodes.static]]\nurl = "http://n"\ntoken_file = "/nowhere/at/all"\n'
    )
    settings = load(config, secrets_needed=False)
    assert (7, (), ()) == (settings.api.port, settings.api.static_tokens, settings.nodes.static)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(config)


def test_a_token_from_a_file_opens_the_api(toml, tmp_path):
    (tmp_path / "token").write_text("t0ken" * 8 + "\n")
    config = toml(f'[[api.static_tokens]]\nname = "a"\nrole = "admin"\ntoken_file = "{tmp_path}/token"\n')
    (token,) = load(config).api.static_tokens
    assert ("a", "admin", "t0ken" * 8) == (token.name, token.role, token.token.get_secret_value())
    assert "t0ken" not in f"{token!r} {token}"


def test_systemds_credentials_are_found(monkeypatch, toml, tmp_path):
    (tmp_path / "bus-url").write_text("amqp://credential@host")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    config = toml('[bus]\nurl_file = "${CREDENTIALS_DIRECTORY}/bus-url"\n')
    assert "amqp://credential@host" == load(config).bus.url.get_secret_value()


def test_a_secret_from_a_file_can_be_overridden(monkeypatch, toml, tmp_path):
    (tmp_path / "url").write_text("amqp://file@host")
    monkeypatch.setenv("ORCHESTRATOR__BUS__URL", "amqp://environment@host")
    assert "amqp://environment@host" == load(toml(f'[bus]\nurl_file = "{tmp_path}/url"\n')).bus.url.get_secret_value()


def test_a_secret_from_a_file_overrides_as_well(monkeypatch, toml, tmp_path):
    (tmp_path / "url").write_text("amqp://file@host")
    monkeypatch.setenv("ORCHESTRATOR__BUS__URL_FILE", str(tmp_path / "url"))
    assert "amqp://file@host" == load(toml('[bus]\nurl = "amqp://toml@host"\n')).bus.url.get_secret_value()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('url = "memory://"\nurl_file = "/x"', "url and url_file must not both be given"),
        ('url_file = "/nowhere/at/all"', "url_file: /nowhere/at/all cannot be read: no such file or directory"),
        ('url_file = "$NOT_SET/x"', "url_file names an environment variable that is not set"),
        ("url_file = 3", "url_file must be the path of a file"),
        ('url_file = "/dev/null"', "url_file: /dev/null is empty"),
    ],
)
def test_a_secret_file_that_does_not_serve_is_told(toml, given, told):
    with pytest.raises(SettingsError) as caught:
        load(toml(f"[bus]\n{given}\n"))
    assert told in str(caught.value)


def test_a_secret_file_in_another_encoding_is_told_without_its_text(toml, tmp_path):
    (tmp_path / "url").write_bytes(b"amqp://geheim\xe4@host")
    with pytest.raises(SettingsError, match="is not UTF-8 text") as caught:
        load(toml(f'[bus]\nurl_file = "{tmp_path}/url"\n'))
    assert "geheim" not in str(caught.value)


def test_a_client_passes_over_secrets_that_are_not_for_it(toml):
    config = toml('[bus]\nurl_file = "${CREDENTIALS_DIRECTORY}/bus-url"\nprefix = "mine"\n')
    settings = load(config, secrets_needed=False)
    assert ("memory://", "mine") == (settings.bus.url.get_secret_value(), settings.bus.prefix)
