"""The files in deploy/ do what they say: systemd takes the unit, the settings the examples, and the image is sound."""

import configparser
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.settings import load
from tests.acceptance import plain_yaml
from tests.services.packages import INSTALL_SECONDS, Package

pytestmark = pytest.mark.usefixtures("bare_environment")

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd/orchestrator.service"
COMPOSE = plain_yaml.read((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
IMAGE_NAME = re.compile(r"([a-z0-9_-]+/)?[a-z0-9_-]+(:[a-z0-9._-]+)?")
MOST_EXPOSED = 2.0

BARE_OF_WRITABLE_CODE = """
import ctypes, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
import uvloop, aiohttp, aio_pika, aiosqlite, asyncpg, alembic, PIL.Image, rich, sqlalchemy.ext.asyncio, ssl, structlog
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
async def main():
    async with SimulatedNode(SimulatedNodeOptions(port=0)) as node, aiohttp.ClientSession() as session:
        async with session.get(f"{node.url}/info") as answer:
            assert answer.status == 200
uvloop.run(main())
"""


@dataclass(frozen=True)
class Tool(Package):
    """A program that tests run, as opposed to a server that they speak to."""

    def advice(self) -> str:
        return (
            f"{self.program} is needed and not installed: install it (Debian and Ubuntu: apt-get install {self.name})."
        )


SYSTEMD = Tool(title="systemd", name="systemd", program="systemd-analyze", folders=("usr/bin", "bin"), variable="")
installs_what_it_needs = pytest.mark.timeout(INSTALL_SECONDS + 60)


@pytest.fixture(scope="session")
def analyze() -> str:
    return str(SYSTEMD.folder() / SYSTEMD.program)


def unit_values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def assignments(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="], strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("[env]\n" + path.read_text())
    return dict(parser["env"])


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


# ------------------------------------------------------------------------------------------------------------ systemd


@installs_what_it_needs
def test_systemd_finds_nothing_wrong_with_the_unit(analyze: str, tmp_path: Path):
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/orchestrator/bin/orchestrator", sys.executable))
    verified = run(analyze, "verify", here)
    assert (0, "", "") == (verified.returncode, verified.stdout, verified.stderr)


@installs_what_it_needs
def test_the_service_is_exposed_to_little(analyze: str):
    rated = run(analyze, "security", "--offline=true", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+) (\w+)", rated.stdout)
    assert found, rated.stdout + rated.stderr
    assert "OK" == found[2]
    assert float(found[1]) <= MOST_EXPOSED


def test_the_unit_is_started_watched_and_stopped_as_the_daemon_expects():
    expected = {
        "Type": "notify", "NotifyAccess": "main", "WatchdogSec": "60", "Restart": "on-failure", "KillSignal": "SIGTERM",
        "TimeoutStopSec": "45", "User": "orchestrator", "StateDirectory": "orchestrator", "UMask": "0027",
        "ExecStart": "/opt/orchestrator/bin/orchestrator serve",
        "EnvironmentFile": "-/etc/orchestrator/orchestrator.env",
    }  # fmt: skip
    assert expected == {key: " ".join(unit_values(key)) for key in expected}


def test_the_units_credentials_are_the_settings_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secrets = {"bus-url": "amqp://me:one@broker/", "store-url": "postgresql+asyncpg://me:two@base/orchestrator"}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret + "\n")
    for line in unit_values("Environment"):
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value.replace("%d", str(tmp_path)))
    settings = load()
    assert [f"{name}:/etc/orchestrator/{name}" for name in secrets] == unit_values("LoadCredential")
    assert list(secrets.values()) == [settings.bus.url.get_secret_value(), settings.store.url.get_secret_value()]


def test_the_services_user_is_the_one_that_is_made():
    made = [line for line in (DEPLOY / "systemd/orchestrator.sysusers").read_text().splitlines() if line[0] != "#"]
    assert [["u", *unit_values("User")]] == [line.split()[:2] for line in made]


def test_the_settings_take_the_example_environment_file(monkeypatch: pytest.MonkeyPatch):
    given = assignments(DEPLOY / "systemd/orchestrator.env.example")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert all(name.startswith("ORCHESTRATOR__") for name in given)
    assert (Path("/srv/flights"),) == settings.files.import_roots
    assert 600.0 == settings.nodes.node_lost_after


def test_the_daemon_needs_no_memory_that_is_both_writable_and_code():
    assert ["yes"] == unit_values("MemoryDenyWriteExecute")
    child = run(sys.executable, "-c", BARE_OF_WRITABLE_CODE)
    if child.returncode == 77:
        pytest.skip("this kernel (before 6.3) cannot refuse such memory to one process")
    assert 0 == child.returncode, child.stderr


# ------------------------------------------------------------------------------------------------------------ compose


def test_compose_has_a_broker_a_database_a_node_and_the_daemon():
    assert {"rabbitmq", "postgres", "nodeodm", "migrate", "orchestrator"} == set(SERVICES)
    assert "opendronemap/nodeodm" == SERVICES["nodeodm"]["image"]
    assert (4, "management") == (int(SERVICES["rabbitmq"]["image"][9]), SERVICES["rabbitmq"]["image"][11:])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_a_service_comes_back_and_is_asked_how_it_is(name: str):
    service = SERVICES[name]
    assert "unless-stopped" == service["restart"]
    assert name == "orchestrator" or service["healthcheck"]["test"][0] == "CMD"


def test_the_tables_are_brought_up_to_date_before_the_daemon_starts():
    assert ["/opt/orchestrator/bin/orchestrator migrate"] == unit_values("ExecStartPre")
    assert (["migrate"], "no") == (SERVICES["migrate"]["command"], SERVICES["migrate"]["restart"])
    assert "service_completed_successfully" == SERVICES["orchestrator"]["depends_on"]["migrate"]["condition"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_names_only_what_there_is_and_listens_only_here(name: str):
    service = SERVICES[name]
    assert IMAGE_NAME.fullmatch(service["image"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    named = [volume.split(":")[0] for volume in service.get("volumes", []) if re.match(r"[a-z]", volume)]
    assert set(named) <= set(COMPOSE["volumes"])


def test_compose_takes_every_secret_from_the_environment_file():
    text = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"\$\{([A-Z_]+)", text))
    required = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    example = assignments(DEPLOY / "compose.env.example")
    assert wanted == required == set(example)
    assert [""] * 4 == [value for name, value in example.items() if name != "FLIGHTS"]
    assert "/compose.env" in (DEPLOY / ".gitignore").read_text().splitlines()


def test_the_settings_take_what_compose_gives_the_daemon(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVICES["orchestrator"]["environment"].items():
        given = re.sub(r"\$\{API_TOKEN[^}]*\}", "c0ffee" * 8, value)
        monkeypatch.setenv(name, re.sub(r"\$\{[^}]+\}", "c0ffee", given))
    settings = load()
    assert "amqp://orchestrator:c0ffee@rabbitmq:5672/" == settings.bus.url.get_secret_value()
    assert "c0ffee@postgres:5432" in settings.store.url.get_secret_value()
    assert ["http://nodeodm:3000"] == [node.url.get_secret_value() for node in settings.nodes.static]
    assert "c0ffee" == settings.nodes.static[0].token.get_secret_value()
    assert [("admin", "admin")] == [(token.name, token.role) for token in settings.api.static_tokens]
    assert ("orchestrator",) == settings.api.allowed_hosts


# ---------------------------------------------------------------------------------------------------------- the image


def test_the_image_is_built_in_one_stage_and_runs_in_another_as_nobody_special():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    last = stages[-1]
    assert 2 == len(stages)
    assert all(IMAGE_NAME.fullmatch(stage.split()[0]) and stage.split()[0].endswith("-slim") for stage in stages)
    assert ["orchestrator"] == re.findall(r"^USER (.+)$", last, re.MULTILINE)
    assert "pip install" not in last
    assert ["orchestrator"] == json.loads(re.findall(r"^ENTRYPOINT (.+)$", last, re.MULTILINE)[0])


def test_the_image_is_made_of_what_is_there_and_let_through():
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", line)]
    sources = {source.removeprefix("./") for line in copied for source in line}
    assert allowed == sources
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_has_the_locked_versions_and_the_driver_for_postgresql(tmp_path: Path):
    program = re.findall(r"sed -E '([^']+)'", DOCKERFILE)[0]
    constraints = run("sed", "-E", program, ROOT / "requirements-dev.txt").stdout
    lines = [line for line in constraints.splitlines() if not line.lstrip().startswith("#")]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert lines
    assert all(re.fullmatch(r"[a-z0-9._-]+==\S+( ; .+)?", line) for line in lines)
    assert "postgres" in extras
    assert "'.[postgres]'" in DOCKERFILE
