"""The OpenAPI document of the API, made of what its operations declare.

Where the add-in's contract leaves room, this is how it is filled:

- A mail that is not found is 404 when it was asked for alone; among others it is told as `new`
  with an empty `can`.
- An act that does not fit the mail's state changes nothing and answers with the state as it is.
- `skipped` is told before the press already, for a mail that would be left out.
- `reason` is a value of core.states.Reason; `detail` is what a service said, or null.
- `sender` and `alwaysSync` are of a sender outside the company; `sender` is null otherwise.
- The answer `claims` is described, but never made: no call is made on behalf of a person.
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
    """The document, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(base + operation.path, {})[operation.method.lower()] = _described(
            operation
        )
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
    asked = {(o.asks, "validation") for o in operations if o.asks and o.method == "POST"}
    answered = {(o.answers, "serialization") for o in operations if o.answers}
    models: list[Any] = sorted(
        [*asked, *answered, (ProblemShape, "serialization")], key=lambda pair: pair[0].__name__
    )
    _, found = models_json_schema(models, ref_template=_REFERENCE)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if operation.asks and operation.method == "POST":
        described["requestBody"] = {"required": True, "content": _json(operation.asks)}
    elif operation.asks:
        described["parameters"] = _parameters(operation, operation.asks)
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"204": {"description": "Done"}}
    if operation.answers:
        good = {"200": {"description": "Done", "content": _json(operation.answers)}}
    bad = _json(ProblemShape, "application/problem+json")
    return good | {code: {"description": t, "content": bad} for code, t in _PROBLEMS.items()}


def _json(model: type[BaseModel], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _parameters(operation: Operation, asks: type[BaseModel]) -> list[dict[str, Any]]:
    """The properties of a shape as parameters of the path or the query."""
    schema = asks.model_json_schema()
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
