"""Builds the OpenAPI document of the API from the declarations of its operations.

The document leaves these points to prose:

- A request about one mail that is not found gets 404; among several mails it is `new` with an
  empty `can`.
- An action that does not fit the mail's state changes nothing and returns the state as it is.
- A mail that the product would skip is `skipped` before the person presses the button.
- `reason` is a value of core.states.Reason; `detail` is what a service said, or null.
- `sender` and `alwaysSync` describe an external sender; `sender` is null otherwise.
- The document names the code `claims`, but the server never sends it: it calls no service on
  behalf of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webcrm_sync.web.api.routes import Operation
from webcrm_sync.web.api.schemas import ProblemShape

_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "The request cannot be read",
    "401": "Not signed in",
    "403": "The person's mailbox is not watched",
    "404": "The mail is not in the person's mailbox",
    "409": "A service refuses",
    "503": "Not possible at this moment",
}


def build_document(operations: Sequence[Operation], *, base: str) -> dict[str, Any]:
    """The document, in OpenAPI 3.1. `base`: the prefix of each path."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = paths.setdefault(base + operation.path, {})
        path[operation.method.lower()] = _operation_object(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "webCRM mail sync", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {"entra": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"entra": []}],
    }


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    read = {(o.request, "validation") for o in operations if o.request and o.method == "POST"}
    written = {(o.answer, "serialization") for o in operations if o.answer}
    models: list[Any] = sorted(
        [*read, *written, (ProblemShape, "serialization")], key=lambda pair: pair[0].__name__
    )
    _, found = models_json_schema(models, ref_template=_REFERENCE)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _operation_object(operation: Operation) -> dict[str, Any]:
    built: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if operation.request and operation.method == "POST":
        built["requestBody"] = {"required": True, "content": _content(operation.request)}
    elif operation.request:
        built["parameters"] = _parameters(operation, operation.request)
    return built


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"204": {"description": "Done"}}
    if operation.answer:
        success = {"200": {"description": "Done", "content": _content(operation.answer)}}
    problem = _content(ProblemShape, "application/problem+json")
    return success | {
        code: {"description": text, "content": problem} for code, text in _PROBLEMS.items()
    }


def _content(model: type[BaseModel], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _parameters(operation: Operation, request: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of the request's model as parameters of the path or the query."""
    schema = request.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in operation.path else "query",
            "required": name in required,
            "schema": {key: value for key, value in shape.items() if key != "title"},
        }
        for name, shape in schema["properties"].items()
    ]
