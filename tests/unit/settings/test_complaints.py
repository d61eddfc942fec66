"""Every problem is one plain sentence that names the setting as it was given, and what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.settings import SettingsError, load

NAMED = "is not a setting; they are named ORCHESTRATOR__<SECTION>__<KEY>"
HOOK = "[[webhooks.static]]\nurl = 'https://x/'\nsecret = 'whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo='\n"


def problems_of(config=None, overrides=None):
    with pytest.raises(SettingsError) as caught:
        load(config, overrides)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[bus]\nurll = "x"', "bus.urll is not a setting; did you mean bus.url?"),
        ("[api]\nprot = 1", "api.prot is not a setting; did you mean api.port?"),
        ("port = 1", "port is not a setting; did you mean api.port?"),
        ("[tasks]\npoll_interval = 1", "tasks.poll_interval is not a setting; did you mean nodes.poll_interval?"),
        ("[node]\npoll_interval = 1", "node is not a setting; did you mean nodes?"),
        ("[bus]\nqwertz = 1", "bus.qwertz is not a setting."),
        ("[bus]\nprefetch = 'many'", "bus.prefetch must be a whole number."),
        ("[bus]\nprefetch = true", "bus.prefetch must be a whole number."),
        ("[bus]\nprefetch = 0", "bus.prefetch must be at least 1."),
        ("[bus]\nprefix = 3", "bus.prefix must be text."),
        ("bus = 3", "bus must be a table of keys and values."),
        ("[api]\nport = 70000", "api.port must be at most 65535."),
        ("[api]\nhost = ''", "api.host must be text that is not empty."),
        ("[log]\nlevel = 'loud'", "log.level must be one of 'debug', 'info', 'warning' or 'error'."),
        ("[files]\nimport_roots = 3", "files.import_roots must be a list."),
        ("[files]\nimport_roots = '[1'", "files.import_roots must be a list; this JSON cannot be read."),
        ("[files]\nmax_image_bytes = '3 parsecs'", "files.max_image_bytes must be a size"),
        ("[nodes]\npoll_interval = '5 fortnights'", "nodes.poll_interval must be a duration"),
        ("[nodes]\npoll_interval = 0", "nodes.poll_interval must be more than 0."),
        ("[nodes]\nnode_lost_after = 5", "nodes: node_lost_after must be at least offline_after"),
        ("[bus]\nurl = 'http://x'", "bus.url must be a URL such as memory:// or amqp://"),
        ("[store]\nurl = 'postgresql://x'", "store.url must be a URL such as sqlite+aiosqlite://"),
        ("[bus]\nsource = 'a b'", "bus.source: The events' source must be a URI"),
        ("[bus]\nprefix = 'amq.x'", "bus.prefix: The prefix must not begin with amq."),
        ("[api]\npublic_url = 'maps'", "api.public_url must be an address such as https://"),
        ("[api]\npublic_url = 'http://[x'", "api.public_url must be an address such as https://"),
        ("[api]\nallowed_hosts = ['http://maps']", "api.allowed_hosts[0] must be the name of a host"),
        ("[api]\ncors_origins = ['https://maps/x']", "api.cors_origins[0] must be an origin such as https://"),
        ("[api]\ncors_origins = ['*']", "api.cors_origins[0] must be an origin such as https://"),
        ("[api]\ntrusted_proxies = ['maps']", "api.trusted_proxies[0] must be a network such as 10.0.0.0/8"),
        ("[files]\nallow_private_addresses = [3.5]", "files.allow_private_addresses[0] must be a network such as"),
        ("[files]\nallow_private_addresses = 3", "files.allow_private_addresses must be a list."),
        ("[[api.static_tokens]]\nname = 'a'\ntoken = 'short'", "api.static_tokens[0].token must be random, and at"),
        (f"[[api.static_tokens]]\nname = 'a:b'\ntoken = '{'x' * 32}'", "api.static_tokens[0].name must begin with a"),
        (f"[[api.static_tokens]]\nname = 'a'\nrole = 'b'\ntoken = '{'x' * 32}'", "api.static_tokens[0].role must be"),
        ("[[nodes.static]]\nurl = 'node-1:3000'", "nodes.static[0].url must begin with http:// or https://"),
        ("[[nodes.static]]\nlabel = 'x'", "nodes.static[0].url is required."),
        ("[[webhooks.static]]\nurl = 'ftp://x'\nsecret_file = '/dev/null/x'", "webhooks.static[0]: secret_file"),
        ("[[webhooks.static]]\nurl = 'https://x/'\nsecret = 'x'", "webhooks.static[0].secret: Enter whsec_ and"),
        (f"{HOOK}{HOOK}projects = [2]", "webhooks.static must have each url once; give those of one"),
        ("[webhooks]\nallow_private_addresses = ['10.0.0.1/8']", "webhooks.allow_private_addresses[0]"),
        ("[[nodes.static]]\nurl = 'http://n'\ntokn = 'x'", "nodes.static[0].tokn is not a setting."),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(toml, text, told):
    config = toml(text)
    (problem,) = problems_of(config)
    assert problem.startswith(f"{config}: {told}")


def test_all_problems_are_told_at_once_each_in_the_words_of_its_source(monkeypatch, toml):
    monkeypatch.setenv("ORCHESTRATOR__API__PORT", "eighty")
    monkeypatch.setenv("ORCHESTRATOR__BUSS__URL", "memory://")
    monkeypatch.setenv("ORCHESTRATOR__BUS", "memory://")
    config = toml("[bus]\nprefetch = 0\n")
    told = problems_of(config, {"tasks": {"max_attempts": 0}})
    assert [
        f"ORCHESTRATOR__BUS {NAMED}.",
        f"ORCHESTRATOR__BUSS__URL {NAMED}; did you mean the section BUS?",
        f"{config}: bus.prefetch must be at least 1.",
        "ORCHESTRATOR__API__PORT must be a whole number.",
        "tasks.max_attempts (given as a flag) must be at least 1.",
    ] == told


def test_invalid_toml_is_told_with_its_line(toml):
    (problem,) = problems_of(toml('[bus]\nurl = "memory://"\nprefix orchestrator\n'))
    assert "is not valid TOML" in problem
    assert "line 3" in problem


def test_a_file_in_another_encoding_is_told(tmp_path):
    config = tmp_path / "latin.toml"
    config.write_bytes(b'[bus]\nprefix = "\xe4"\n')
    assert [f"{config} is not UTF-8 text."] == problems_of(config)


@given(st.dictionaries(st.text(max_size=8), st.dictionaries(st.text(max_size=12), st.integers() | st.text(max_size=9))))
def test_whatever_is_given_either_loads_or_is_explained(overrides):
    problems: tuple[str, ...] = ("loaded",)
    try:
        load(None, overrides)
    except SettingsError as error:
        problems = error.problems
    assert problems
    assert all("something else" not in problem for problem in problems)
