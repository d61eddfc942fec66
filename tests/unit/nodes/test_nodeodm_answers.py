"""How the node's words and statuses are sorted. The texts are those that real servers send."""

import pytest
from yarl import URL

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
)
from orchestrator.nodes.nodeodm.address import Address, checked
from orchestrator.nodes.nodeodm.answers import Answer, complaint, expect_success, expect_uuid, unusable, value_of

UUID = "0b9b9b6e-3a53-4d1f-9f5c-6d2f5a0e8c11"
ADDRESS = Address("http://node:3000", "s3cret token")

COMPLAINTS = {
    "Invalid authentication token: token does not match.": NodeUnauthorized,
    "Invalid authentication IP: IP is not one of authorized IPs.": NodeUnauthorized,
    f"{UUID} not found": JobNotFound,
    f"Invalid route for taskId {UUID}:info, no task table entry.": JobNotFound,
    f"Invalid route for taskId {UUID}, no nodes in routing table.": JobNotFound,
    "Invalid uuid (not found)": JobNotFound,
    "Invalid taskId: the task no longer exists.": JobNotFound,
    "Asset not ready": AssetNotReady,
    f"Invalid route for taskId {UUID}:download/all.zip, no valid route possible.": AssetNotReady,
    "Proxy redirect error: Error: socket hang up": NodeFault,
    "Cannot create task, no nodes are online.": NodeFault,
    "Cannot compute /options, no nodes are online.": NodeFault,
    f"Invalid set-uuid: {UUID}": NodeRefused,
    "Task cannot be restarted": NodeRefused,
    "No nodes available": NodeRefused,
    "Action not supported. Please create a new task.": NodeRefused,
    "5 images uploaded, but this node can only process up to 3.": NodeRefused,
    "ENOSPC: no space left on device, write": NodeRefused,
    "exception": NodeFault,
    "Cannot convert exception to boolean": NodeRefused,
    "something not found": NodeRefused,
}


@pytest.mark.parametrize(("words", "kind"), COMPLAINTS.items())
def test_a_nodes_words_are_sorted_and_kept(words, kind):
    error = complaint(words, ADDRESS, uuid=UUID)
    assert kind is type(error)
    assert words in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NodeUnauthorized),
        (413, NodeRefused),
        *[(status, NodeFault) for status in (201, 204, 301, 304, 400, 403, 404, 408, 429, 500, 502, 503, 504)],
    ],
)
def test_statuses_are_sorted_and_named(status, kind):
    error = unusable(Answer(status, b"<h1>Oh</h1>"), ADDRESS)
    assert kind is type(error)
    assert str(status) in str(error)


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000])
def test_what_is_not_json_is_a_fault(body):
    with pytest.raises(NodeFault, match="not JSON"):
        value_of(Answer(200, body), ADDRESS)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b'{"success": "yes"}', b'{"success": 1}', b'"success"'])
def test_success_must_be_said_plainly(body):
    with pytest.raises(NodeFault, match="does not say success"):
        expect_success(Answer(200, body), ADDRESS, uuid=UUID)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"uuid": 7}', b"true"])
def test_a_uuid_must_come_back(body):
    with pytest.raises(NodeFault, match="uuid"):
        expect_uuid(Answer(200, body), ADDRESS, uuid=UUID)


def test_a_uuid_of_the_nodes_own_is_a_refusal():
    with pytest.raises(NodeRefused, match="too old"):
        expect_uuid(Answer(200, b'{"uuid": "another"}'), ADDRESS, uuid=UUID)


@pytest.mark.parametrize("words", ["", None, 7, ["a"], {"dsm": "Cannot convert maybe to boolean"}])
def test_errors_of_odd_types_are_refusals_with_a_sentence(words):
    error = complaint(words, ADDRESS)
    assert NodeRefused is type(error)
    assert str(error)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('[{"name":"dsm","error":"Cannot convert maybe to boolean"}]', "dsm: Cannot convert maybe to boolean"),
        ('[{"name":"a","error":"b"},{"name":"c","error":"d"}]', "a: b; c: d"),
        *[(words, words) for words in ("[]", "[7]", '[{"name":"a"}]', "[oops", "[{}", "[" * 900)],
    ],
)
def test_what_is_wrong_with_options_is_told_readably(words, told):
    assert told == str(complaint(words, ADDRESS))


def test_failure_without_a_reason_is_a_refusal():
    with pytest.raises(NodeRefused, match="no reason"):
        value_of(Answer(200, b'{"success": false}'), ADDRESS)


def test_a_null_error_is_none():
    assert {"error": None, "uuid": UUID} == value_of(
        Answer(200, f'{{"error": null, "uuid": "{UUID}"}}'.encode()), ADDRESS
    )


def test_snippets_are_short_readable_and_without_the_token():
    page = (
        b"<html><style>p {}</style><h1>502\x00 Bad\r\nGateway</h1>/info?token=s3cret%20token&s3cret+token "
        + b"x" * 9_000
    )
    error = unusable(Answer(502, page), ADDRESS)
    assert "502 Bad Gateway" in str(error)
    assert "s3cret" not in str(error)
    assert len(str(error)) < 200


def test_words_have_no_halves_of_signs_nor_control_characters():
    assert "half of it" == str(complaint("half\ud800of\x00\x1bit", ADDRESS))


def test_long_words_are_cut():
    assert 1_000 == len(str(complaint("no " * 9_000, ADDRESS)))


def test_a_redirects_target_is_named_without_the_token():
    error = unusable(Answer(301, b"", "https://node:3000/info?token=s3cret%20token"), ADDRESS)
    assert "'https://node:3000/info?token=***'" in str(error)


@pytest.mark.parametrize(
    ("base", "token", "expected"),
    [
        ("http://node:3000", "", "http://node:3000/info?a=1"),
        ("http://node:3000/", "t", "http://node:3000/info?a=1&token=t"),
        ("https://host/some/prefix/", "a b&c=d", "https://host/some/prefix/info?a=1&token=a%20b%26c%3Dd"),
        ("https://[::1]:3000?x=y#z", "ü", "https://[::1]:3000/info?a=1&token=%C3%BC"),
    ],
)
def test_addresses_have_prefix_and_token_once(base, token, expected):
    assert expected == str(Address(base, token).url("/info", query="a=1"))


def test_an_address_without_query_and_token_is_bare():
    assert "http://node:3000/info" == str(Address("http://node:3000", "").url("/info"))


@pytest.mark.parametrize("base", ["", "node:3000", "ftp://node", "http://", "http://[::1", "/info"])
def test_addresses_that_cannot_be_called_are_unreachable(base):
    with pytest.raises(NodeUnreachable, match="no http or https address"):
        Address(base, "t").url("/info")


def test_addresses_do_not_show_their_token():
    assert "s3cret" not in repr(ADDRESS)


@pytest.mark.parametrize(
    "uuid",
    ["", "__proto__", "../x", UUID.upper(), UUID + "\n", UUID.replace("4d1f", "7d1f"), UUID.replace("9f5c", "cf5c")],
)
def test_only_our_uuids_get_into_a_path(uuid):
    with pytest.raises(NodeRefused, match="not a version 4 uuid"):
        checked(uuid)


@pytest.mark.parametrize(
    ("base", "target", "expected"),
    [
        ("http://node:3000", "http://node:3000/x", False),
        ("http://node:80", "https://node/x", False),
        ("https://node", "http://node/x", True),
        ("http://node:3000", "http://node:9000/x", True),
        ("http://node:3000", "https://bucket.s3/x", True),
    ],
)
def test_it_is_known_when_a_redirect_leaves_the_node(base, target, expected):
    assert expected == Address(base, "t").leads_elsewhere(URL(target))


def test_only_our_token_is_taken_out_of_a_foreign_address():
    signed = "https://s3/all.zip?X-Amz-Signature=a%2Fb&token=s3cret%20token&X-Amz-Security-Token=xyz"
    expected = "https://s3/all.zip?X-Amz-Signature=a%2Fb&X-Amz-Security-Token=xyz"
    assert expected == str(ADDRESS.without_token(URL(signed, encoded=True)))
    assert "https://s3/all.zip" == str(
        ADDRESS.without_token(URL("https://s3/all.zip?token=s3cret+token", encoded=True))
    )
