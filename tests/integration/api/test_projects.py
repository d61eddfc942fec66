"""Projects over REST, as WebODM has them."""

import pytest

ABSENT = (404, {"detail": "Not found."})


async def test_a_project_is_created_shown_changed_and_deleted(daemon):
    status, made = await daemon.post("/projects/", json={"name": "Fields", "description": "North"})
    assert (201, "Fields", "North", []) == (status, made["name"], made["description"], made.get("tasks", []))
    path = f"/projects/{made['id']}/"
    assert (200, "Fields") == ((shown := await daemon.get(path))[0], shown[1]["name"])
    status, changed = await daemon.patch(path, json={"name": "Meadows"})
    assert (200, "Meadows", "North", []) == (status, changed["name"], changed["description"], changed["tasks"])
    assert (204, None) == await daemon.delete(path)
    assert ABSENT == await daemon.get(path)


@pytest.mark.parametrize("given", [{"data": {"name": "Fields"}}, {"json": {"name": "Fields", "unknown": 1}}])
async def test_forms_and_json_are_taken_alike_and_unknown_fields_ignored(daemon, given):
    assert 201 == (await daemon.post("/projects/", **given))[0]


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        ({"json": {}}, 400, {"name": ["This field is required."]}),
        ({"json": {"name": ""}}, 400, {"name": ["This field may not be blank."]}),
        ({"json": {"name": "x" * 256}}, 400, {"name": ["Ensure this field has no more than 255 characters."]}),
        ({"json": {"name": True}}, 400, {"name": ["Not a valid string."]}),
        ({"json": [1]}, 400, {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, 415,
         {"detail": 'Unsupported media type "text/plain" in request.'}),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_in_webodms_shapes(daemon, given, status, body):
    assert (status, body) == await daemon.post("/projects/", **given)


async def test_broken_json_is_told_where_it_breaks(daemon):
    status, body = await daemon.post("/projects/", data=b"{", headers={"Content-Type": "application/json"})
    assert (400, "JSON parse error - ") == (status, body["detail"][:19])


@pytest.mark.parametrize("id", ["9999", "abc", "-1", "0", "99999999999999999999"])
async def test_ids_that_name_nothing_are_not_found(daemon, id):
    assert ABSENT == await daemon.get(f"/projects/{id}/")


async def test_a_method_that_is_not_there_is_told_so(daemon):
    assert (405, {"detail": 'Method "PUT" not allowed.'}) == await daemon.call("PUT", "/projects/")


async def test_paths_end_in_a_slash(daemon):
    async with daemon.session.get(f"{daemon.url}/api/projects/1", allow_redirects=False) as response:
        assert (301, "/api/projects/1/") == (response.status, response.headers["Location"])


async def test_what_is_nowhere_is_not_found_in_json(daemon):
    assert ABSENT == await daemon.get("/nothing/")


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="n\x11"\r\n\r\nx',
        b"Content-Disposition: form-data\r\n\r\nx",
        b'Content-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=none\r\n\r\nx',
        b'Content-Disposition: form-data; name="name"\r\n\r\n\xff',
        b"",
    ],
)  # fmt: skip
async def test_a_form_that_is_none_is_told_so(daemon, part):
    status, body = await daemon.post(
        "/projects/",
        data=b"--x\r\n" + part + b"\r\n--x--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert (400, "Multipart form parse error - ") == (status, body.get("detail", "")[:29]), body
