"""The document that describes the API is valid, and has every route that runs."""

from openapi_spec_validator import validate


async def test_the_document_is_valid_openapi_and_holds_every_route(daemon):
    status, described = await daemon.get("/openapi.json")
    assert (200, "3.1.0") == (status, described["openapi"])
    validate(described)
    assert {"get", "patch", "delete"} <= set(described["paths"]["/projects/{project}/"])
