"""A node's address is stored in one form, whatever form it came in; what is no address is refused."""

import pytest

from orchestrator.contract.addresses import MAX_ADDRESS, Address, from_host, from_url
from orchestrator.domain.problem import FieldError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://node-1:3000", Address("http://node-1:3000")),
        ("http://node-1:3000/", Address("http://node-1:3000")),
        ("HTTP://Node-1:3000", Address("http://node-1:3000")),
        ("http://node-1", Address("http://node-1:80")),
        ("https://node-1", Address("https://node-1:443")),
        ("https://node-1:8443/odm/Cluster/", Address("https://node-1:8443/odm/Cluster")),
        ("http://10.0.0.7:3000", Address("http://10.0.0.7:3000")),
        ("http://[2001:DB8::7]:3000/", Address("http://[2001:db8::7]:3000")),
        ("http://node-1:3000/?token=a%20b", Address("http://node-1:3000", "a b")),
        ("http://node-1:3000?token=", Address("http://node-1:3000", "")),
        ("http://odm_node_1:3000", Address("http://odm_node_1:3000")),
    ],
)
def test_a_url_becomes_the_one_form(url, address):
    assert address == from_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "node-1:3000",
        "ftp://node-1",
        "http://",
        "http://:3000",
        "http://node-1:0",
        "http://node-1:65536",
        "http://node-1:port",
        "http://user@node-1",
        "http://user:secret@node-1",
        "http://node-1/#here",
        "http://node-1/?token=a&token=b",
        "http://node-1/?key=a",
        "http://node-1/?token",
        "http://node-1/?token=%0a",
        "http://node-1/?token=%ff",
        "http://node 1",
        "http://node-1\n",
        "http://nöde",
        "http://-node",
        "http://[::1",
        "http://[fe80::1%25eth0]",
        "http://[v1.a]",
        "http://n/" + "a" * MAX_ADDRESS,
        "http://n/?token=" + "a" * 1025,
    ],
)
def test_what_is_no_address_is_refused_for_the_url(url):
    wrong = from_url(url)
    assert isinstance(wrong, FieldError)
    assert wrong.field == "url"
    assert wrong.message.startswith("must ")


@pytest.mark.parametrize(
    ("hostname", "port", "url"),
    [
        ("node-1", 3000, "http://node-1:3000"),
        ("Node-1.Example.ORG", 443, "https://node-1.example.org:443"),
        ("::1", 3000, "http://[::1]:3000"),
        ("[::1]", 3000, "http://[::1]:3000"),
        ("10.0.0.7", 80, "http://10.0.0.7:80"),
    ],
)
def test_a_host_and_a_port_become_the_one_form(hostname, port, url):
    assert Address(url) == from_host(hostname, port)


@pytest.mark.parametrize(
    "hostname", ["http://node-1", "node-1:3000", "node-1/odm", "user@node-1", "a b", "[]", "fe80::1%eth0"]
)
def test_what_is_no_host_name_is_refused(hostname):
    wrong = from_host(hostname, 3000)
    assert isinstance(wrong, FieldError)
    assert wrong.field == "hostname"


def test_an_address_does_not_show_its_token():
    assert "secret" not in repr(Address("http://node-1:3000", "secret"))
