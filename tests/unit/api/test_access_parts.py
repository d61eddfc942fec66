"""The small parts that decide who may come in: names, origins, attempts, addresses, sessions."""

import ipaddress
from datetime import timedelta

import jwt
import pytest
from aiohttp.test_utils import make_mocked_request

from orchestrator.api.access.asking import address_of
from orchestrator.api.access.credentials import Credentials, credentials_of
from orchestrator.api.access.failures import Failures
from orchestrator.api.access.gatekeeper import Gatekeeper
from orchestrator.api.access.making import digest_of, new_token
from orchestrator.api.access.names import Names, host_of, is_lonely
from orchestrator.api.access.origins import ANOTHER_SITE, NOT_ITS_NAME, Origins
from orchestrator.api.access.sessions import LIFETIME, NoSession, SessionExpired, Sessions
from orchestrator.api.rest.faults import Fault
from orchestrator.domain.access import EVERYONE, Role
from orchestrator.domain.errors import StoreError, TokenRefused
from orchestrator.domain.tokens import ApiToken
from tests.unit.api.gates import FakeTokenBook, token_desk
from tests.unit.api.samples import NOW, FixedClock

KEY = b"k" * 32
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


class Watch:
    """Seconds that go when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


# --------------------------------------------------------------------------------------------------------- attempts


def test_ten_wrong_attempts_make_an_address_wait_until_the_first_is_a_minute_old():
    watch = Watch()
    failures = Failures(time=watch)
    for second in range(10):
        assert 0 == failures.wait("203.0.113.1")
        watch.now = second
        failures.add("203.0.113.1")
    assert (51, 0) == (failures.wait("203.0.113.1"), failures.wait("203.0.113.2"))
    watch.now = 59.5
    assert 1 == failures.wait("203.0.113.1")
    watch.now = 60
    assert 0 == failures.wait("203.0.113.1")
    failures.add("203.0.113.1")
    assert 1 == failures.wait("203.0.113.1")


def test_whoever_has_a_network_of_ipv6_is_one():
    failures = Failures(time=Watch(), most=2)
    for number in range(2):
        failures.add(f"2001:db8::{number}")
    assert (60, 0) == (failures.wait("2001:db8::ffff%eth0"), failures.wait("2001:db8:0:1::"))


def test_attempts_take_bounded_memory():
    failures = Failures(time=Watch(), most=1, remembered=100)
    for number in range(10_000):
        failures.add(f"10.0.{number // 256}.{number % 256}")
    assert 100 == len(failures._of)
    failures.add("no address")
    assert (0, 60) == (failures.wait("10.0.0.1"), failures.wait("no address"))


# -------------------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", "198.51.100.7", "203.0.113.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "forged, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "forged, 198.51.100.7, 127.0.0.9", "198.51.100.7"),
        ("127.0.0.1", "unknown", "unknown"),
        ("127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("::ffff:127.0.0.1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_an_address_is_believed_as_far_as_proxies_are(remote, forwarded, expected):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("GET", "/", headers).clone(remote=remote)
    assert expected == address_of(request, LOOPBACK)


# ------------------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "api.localhost"])
def test_some_names_lead_to_this_machine_alone(host):
    assert is_lonely(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "localhost.example.org", "maps", ""])
def test_others_do_not(host):
    assert not is_lonely(host)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Maps.Example.org", "maps.example.org"), ("maps:8000", "maps"), ("[::1]:8000", "::1"), ("maps.:80", "maps"),
        ("", ""), ("a/b", ""), ("user@maps", ""), ("maps:x", ""), ("[::1", ""), ("maps?x", ""),
    ],
)  # fmt: skip
def test_the_host_is_read_out_of_its_header(header, expected):
    assert expected == host_of(header)


def test_a_daemon_goes_by_what_it_is_told_and_by_bare_addresses_only_where_it_listens_on_all():
    lonely = Names("127.0.0.1", public_url="https://Maps.example.org:8443/x", allowed=["orchestrator"])
    everywhere = Names("0.0.0.0")
    asked = ("localhost", "maps.example.org", "orchestrator", "192.168.1.5", "evil.example")
    assert [True, True, True, False, False] == [lonely.have(host) for host in asked]
    assert [True, False, False, True, False] == [everywhere.have(host) for host in asked]


# ---------------------------------------------------------------------------------------------------------- origins

ORIGINS = Origins(Names("127.0.0.1"), public_url="https://maps.example.org/", guests=["https://portal.example.org"])


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("POST", {}, None),
        ("POST", {"Origin": "http://localhost:8000"}, None),
        ("POST", {"Origin": "https://maps.example.org"}, None),
        ("POST", {"Origin": "https://portal.example.org"}, None),
        ("POST", {"Origin": "http://maps.example.org"}, ANOTHER_SITE),
        ("POST", {"Origin": "http://localhost:3000"}, ANOTHER_SITE),
        ("DELETE", {"Origin": "https://evil.example"}, ANOTHER_SITE),
        ("POST", {"Origin": "null"}, ANOTHER_SITE),
        ("GET", {"Origin": "https://evil.example"}, None),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, None),
        ("POST", {"Sec-Fetch-Site": "none"}, None),
        ("PATCH", {"Sec-Fetch-Site": "same-site"}, ANOTHER_SITE),
        ("PUT", {"Sec-Fetch-Site": "cross-site"}, ANOTHER_SITE),
        ("GET", {"Host": "evil.example"}, NOT_ITS_NAME),
        ("GET", {"Host": ""}, NOT_ITS_NAME),
    ],
)
def test_pages_of_other_sites_change_nothing(method, headers, expected):
    request = make_mocked_request(method, "/api/projects/", {"Host": "localhost:8000"} | headers)
    assert expected == ORIGINS.complaint(request)


def test_two_hosts_are_none():
    request = make_mocked_request("GET", "/", [("Host", "localhost"), ("Host", "localhost")])
    assert NOT_ITS_NAME == ORIGINS.complaint(request)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_what_watches_over_the_daemon_calls_it_as_it_likes(path):
    assert ORIGINS.complaint(make_mocked_request("GET", path, {"Host": "10.42.0.7:8000"})) is None


# --------------------------------------------------------------------------------------------------------- sessions


def test_a_session_is_good_for_six_hours_and_only_under_its_own_key():
    session = Sessions(KEY).issue("id", name="anna", now=NOW)
    assert "id" == Sessions(KEY).subject(session, now=NOW + LIFETIME - timedelta(seconds=1))
    with pytest.raises(SessionExpired):
        Sessions(KEY).subject(session, now=NOW + LIFETIME)
    with pytest.raises(NoSession):
        Sessions(b"x" * 32).subject(session, now=NOW)


@pytest.mark.parametrize("claims", [{"sub": "id"}, {"exp": 9e9, "sub": "id"}, {"exp": "x", "sub": "i"}, {"exp": 2**40}])
def test_what_lacks_a_session_s_parts_is_none(claims):
    with pytest.raises(NoSession):
        Sessions(KEY).subject(jwt.encode(claims, KEY), now=NOW)


@pytest.mark.parametrize("text", ["", "a.b.c", "\xff", "....", "x" * 10_000])
def test_nonsense_is_no_session(text):
    with pytest.raises(NoSession):
        Sessions(KEY).subject(text, now=NOW)


# ------------------------------------------------------------------------------------------------------ credentials


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("JWT abc", Credentials("abc", session_only=True)),
        ("bearer abc", Credentials("abc")),
        ("Basic YW5uYTpzOmM=", Credentials("s:c", name="anna")),
        ("Basic ???", Credentials("", name="")),
        ("Basic /w==", Credentials("", name="")),
        ("Bearer", None),
        ("Digest abc", None),
        ("", None),
    ],
)
def test_credentials_are_read_from_the_header(header, expected):
    assert expected == credentials_of(make_mocked_request("GET", "/", {"Authorization": header}))


def test_no_credential_shows_in_its_repr():
    token = ApiToken(id="i", name="anna", role=Role.ADMIN, digest=b"digest")
    assert ("canary" not in repr(Credentials("canary"))) is ("digest" not in repr(token).replace("digest=", "")) is True


def test_a_token_has_256_random_bits_and_says_what_it_is():
    assert ("orc_", 47, True) == ((token := new_token())[:4], len(token), token != new_token())
    assert 32 == len(digest_of("\ud800"))


# ------------------------------------------------------------------------------------------------------- gatekeeper


def gatekeeper(book=None, *, lonely=True, **given):
    parts = {"sessions": Sessions(KEY), "failures": Failures(time=Watch()), "clock": FixedClock()}
    return Gatekeeper(book or FakeTokenBook(), lonely=lonely, **(parts | given))


def asking(header=""):
    return make_mocked_request("GET", "/api/", {"Authorization": header} if header else {})


async def test_a_daemon_that_others_reach_lets_nobody_in_when_its_last_token_is_gone():
    assert EVERYONE == await gatekeeper().authenticate(asking())
    with pytest.raises(Fault, match="403"):
        await gatekeeper(lonely=False).authenticate(asking())
    with pytest.raises(Fault, match="Unable to login"):
        await gatekeeper(lonely=False).sign_in(asking(), "test", "test")


async def test_the_use_of_a_token_is_noted_once_an_hour_and_never_in_the_way():
    book = FakeTokenBook(away=StoreError("The disk is full."))
    _, secret = await token_desk(book).create("anna", role=Role.VIEWER, projects=None, lifetime=None)
    keeper = gatekeeper(book)
    for _ in range(3):
        assert "anna" == (await keeper.authenticate(asking(f"Bearer {secret}"))).name
    assert 1 == len(book.used)


async def test_a_token_of_the_settings_keeps_its_name():
    portal = ApiToken(id="x", name="portal", role=Role.ADMIN, digest=b"x", static=True)
    desk = token_desk(static=[portal])
    with pytest.raises(TokenRefused, match=r"in api\.static_tokens already"):
        await desk.create("portal", role=Role.ADMIN, projects=None, lifetime=None)
    with pytest.raises(TokenRefused, match="take it out there"):
        await desk.revoke("portal")
