"""Processing nodes over REST: made known, listed, changed, forgotten; and their token never comes out."""

import json

import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.integration.api.site import site
from tests.integration.api.test_projects import ABSENT
from tests.integration.api.work import send, until

FIRST = {"hostname": "node-1.example.org", "port": 3000}
FIELDS = {
    "id", "hostname", "port", "label", "online", "api_version", "engine", "engine_version", "last_refreshed",
    "queue_count", "max_images", "available_options",
}  # fmt: skip


async def test_a_node_is_made_known_shown_changed_and_forgotten(daemon):
    status, made = await daemon.post("/processingnodes/", json={**FIRST, "label": "First"})
    assert (201, "node-1.example.org", 3000, "First", False) == (
        status, made["hostname"], made["port"], made["label"], made["online"],
    )  # fmt: skip
    assert set(made) >= FIELDS
    path = f"/processingnodes/{made['id']}/"
    assert "First" == (await daemon.get(path))[1]["label"]
    assert "Second" == (await daemon.patch(path, json={"label": "Second"}))[1]["label"]
    moved = (await daemon.call("PUT", path, data={"hostname": "node-2.example.org", "port": "4000"}))[1]
    assert ("node-2.example.org", 4000, "Second") == (moved["hostname"], moved["port"], moved["label"])
    assert 4001 == (await daemon.patch(path, json={"port": 4001}))[1]["port"]
    assert (204, None) == await daemon.delete(path)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        given = {} if method in {"GET", "DELETE"} else {"json": FIRST}
        assert ABSENT == await daemon.call(method, path, **given)


async def test_a_node_without_a_label_goes_by_its_address(daemon):
    _, made = await daemon.post("/processingnodes/", json=FIRST)
    path = f"/processingnodes/{made['id']}/"
    assert "node-1.example.org:3000" == made["label"]
    assert [made["id"]] == [it["id"] for it in (await daemon.get("/processingnodes/?label=node-1.example.org:3000"))[1]]
    assert 200 == (await daemon.call("PUT", path, json=made))[0]
    assert "node-1.example.org:4000" == (await daemon.patch(path, json={"port": 4000}))[1]["label"]


async def test_the_token_goes_in_and_never_comes_out(daemon):
    answers = [await daemon.post("/processingnodes/", json={**FIRST, "token": "canary-1"})]
    path = f"/processingnodes/{answers[0][1]['id']}/"
    answers.append(await daemon.patch(path, json={"token": "canary-2"}))
    answers.append(await daemon.call("PUT", path, json={**FIRST, "token": "canary-3"}))
    answers += [await daemon.get(path), await daemon.get("/processingnodes/")]
    answers.append(await daemon.post("/processingnodes/", json={**FIRST, "token": "canary-4"}))
    answers.append(await daemon.patch(path, json={"token": "canary\n5"}))
    assert [201, 200, 200, 200, 200, 409, 400] == [status for status, _ in answers]
    assert "canary" not in json.dumps(answers)
    (node,) = await daemon.app.store.nodes()
    assert "canary-3" == node.token


async def test_a_change_that_repeats_the_address_keeps_a_longer_one_and_its_token(daemon):
    node = await send(daemon, "add-processing-node", url="https://node.example.org:8443/odm", token="t")
    path = f"/processingnodes/{node['processing_node']['id']}/"
    shown = (await daemon.get(path))[1]
    changed = (await daemon.call("PUT", path, json={**shown, "label": "Odm"}))[1]
    assert ("https://node.example.org:8443/odm", "Odm") == (changed["url"], changed["label"])
    (kept,) = await daemon.app.store.nodes()
    assert "t" == kept.token


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"port": 3000}, {"hostname": ["This field is required."]}),
        ({"hostname": "", "port": 3000}, {"hostname": ["This field may not be blank."]}),
        ({"hostname": "a", "port": 0}, {"port": ["Ensure this value is greater than or equal to 1."]}),
        ({"hostname": "a", "port": "x"}, {"port": ["A valid integer is required."]}),
    ],
)
async def test_wrong_nodes_are_told_by_field(daemon, given, body):
    assert (400, body) == await daemon.post("/processingnodes/", json=given)


async def test_filters_and_orders(folder):
    node = SimulatedNode(SimulatedNodeOptions(port=0, max_images=50))
    await node.start()
    try:
        async with site(folder, node=node) as daemon:
            for number in (2, 3):
                given = {"hostname": f"node-{number}.invalid", "port": 4000 - number}
                await daemon.post("/processingnodes/", json=given)
            found = (await until(daemon, "/processingnodes/", lambda nodes: nodes[0]["online"]))[0]
            for query, expected in (
                ("", [1, 2, 3]), ("id=2", [2]), ("hostname=node-3.invalid", [3]), ("port=3998", [2]),
                ("label=", [1, 2, 3]),
                ("max_images=50", [1]), ("queue_count=0", [1, 2, 3]), ("queue_count=7", []),
                (f"engine={found['engine']}", [1]), (f"engine_version={found['engine_version']}", [1]),
                (f"api_version={found['api_version']}", [1]), ("has_available_options=true", [1]),
                ("has_available_options=false", [2, 3]), ("ordering=-id", [3, 2, 1]), ("ordering=-port&id=2", [2]),
                ("ordering=engine", [2, 3, 1]), ("ordering=nothing", [1, 2, 3]),
            ):  # fmt: skip
                status, nodes = await daemon.get(f"/processingnodes/?{query}")
                assert (query, 200, expected) == (query, status, [each["id"] for each in nodes])
            assert 400 == (await daemon.get("/processingnodes/?port=x"))[0]
            status, options = await daemon.get("/processingnodes/options/")
            assert (200, True) == (status, any(option["name"] == "dsm" for option in options))
            assert {"domain", "help", "name", "type", "value"} == set(options[0])
    finally:
        await node.stop()


async def test_without_an_online_node_there_are_no_options(daemon):
    await daemon.post("/processingnodes/", json=FIRST)
    assert (200, []) == await daemon.get("/processingnodes/options/")
