"""The OpenAPI 3.1 document, made from the routes and models that run, so that it cannot drift from them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from orchestrator import __version__
from orchestrator.api.rest.route import JSON, LARGEST_EVENT, MULTIPART, Form, Route
from orchestrator.contract.fields import LARGEST_ID

_NUMBERS: Final = {**dict.fromkeys(("project", "task", "node", "webhook"), LARGEST_ID), "number": LARGEST_EVENT}
"""Parameters of paths that are numbers, and how large those may be."""

_REF: Final = "#/components/schemas/{model}"
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+*-]+")

_FAULTS: Mapping[int, str] = {
    400: "Something in the request is wrong; nothing has changed.",
    403: "Credentials are missing, wrong, or do not suffice; or a page of another site asks.",
    404: "There is no such thing, or not for the caller.",
    409: "It does not fit the state of what it is for; nothing has changed.",
    408: "Nothing came for too long.",
    413: "The body is larger than is taken in.",
    415: "The body is in no form that is read here.",
    416: "No part of the file lies in the range that was asked for.",
    429: "Too many failed attempts; try again later.",
    507: "The disk has not enough room.",
    503: "The daemon cannot answer just now; the same again may do later.",
}

_DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
_FAULT = {
    "description": "A sentence; or, for wrong fields, sentences by field; or, for a broken rule, a list of sentences.",
    "anyOf": [
        _DETAIL,
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        {"type": "array", "items": {"type": "string"}},
    ],
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Give the document."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orchestrator",
            "version": __version__,
            "description": "WebODM's task API, and what is ours beside it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": {"Fault": _FAULT, **schemas.found}, "securitySchemes": _SECURITY},
        "security": [{"token": []}, {"basic": []}, {}],
    }


_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token, or a JWT from /token-auth/."},
    "basic": {"type": "http", "scheme": "basic", "description": "A token, with its name as the user's."},
}


class _Schemas:
    """Collects the models that the document refers to."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def of(self, kind: Any, *, mode: JsonSchemaMode) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(
            ref_template=_REF, mode=mode, schema_generator=GenerateJsonSchema, union_format="any_of"
        )
        self.found.update(schema.pop("$defs", {}))
        return schema


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.template.split("/")[1] or "root"],
        "parameters": [*map(_in_path, route.parameters), *_in_query(route.query, schemas)],
        "responses": _responses(route, schemas),
    }
    if route.body is not None or route.files:
        operation["requestBody"] = _request_body(route, schemas)
    if route.public:
        operation["security"] = []
    return operation


def _in_path(name: str) -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": _NUMBERS.get(name)}
    schema = number if name in _NUMBERS else {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(query: type[Form] | None, schemas: _Schemas) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = schemas.of(query, mode="validation")
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, **_parameter(each)}
        for name, each in schema["properties"].items()
    ]


def _parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a parameter: one that is left out is not null, for an address has no null."""
    given = {name: value for name, value in schema.items() if name not in {"title", "description"}}
    if "anyOf" in given:
        kinds = [kind for kind in given.pop("anyOf") if kind != {"type": "null"}]
        given |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if given.get("default", ...) is None:
        del given["default"]
    words = {"description": schema["description"]} if "description" in schema else {}
    return {**words, "schema": given}


def _request_body(route: Route, schemas: _Schemas) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if route.body:
        schema = schemas.of(route.body, mode="validation")
    if route.files:
        files = {"type": "array", "items": {"type": "string", "format": "binary"}}
        with_files = {**schema, "properties": {**schema["properties"], "images": files}}
        return {"content": {MULTIPART: {"schema": with_files}}}
    return {"content": {kind: {"schema": schema} for kind in route.kinds}}


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    answers: dict[str, Any] = {str(status): _answer(kind, schemas) for status, kind in route.answers.items()}
    statuses = {*route.faults, 403, 503}
    if not route.public:
        statuses.add(429)
    if route.parameters:
        statuses.add(404)
    if route.query or route.body or route.files:
        statuses.add(400)
    if route.body or route.files:
        statuses |= {413, 415}
    faults = {JSON: {"schema": {"$ref": _REF.format(model="Fault")}}}
    for status in sorted(statuses):
        answers[str(status)] = {"description": _FAULTS[status], "content": faults}
    return answers


def _answer(kind: Any, schemas: _Schemas) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done."}
    if isinstance(kind, tuple):
        contents = [_answer(each, schemas)["content"] for each in kind]
        return {"description": "Done.", "content": {media: it for each in contents for media, it in each.items()}}
    if isinstance(kind, str) and _MEDIA_TYPE.fullmatch(kind):
        return {"description": "The file.", "content": {kind: {}}}
    return {"description": "Done.", "content": {JSON: {"schema": schemas.of(kind, mode="serialization")}}}
