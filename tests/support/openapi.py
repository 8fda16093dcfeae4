"""Checks calls against Microsoft's and webCRM's own OpenAPI descriptions.

Environment variables name the two files. Without them nothing is checked, and the test run says so
in one line.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import yaml
from jsonschema_rs import Draft4, Draft4Validator, Registry

from webcrm_sync_sandbox.journal import Exchange

VARIABLES = {
    "graph": "WEBCRM_SYNC_GRAPH_OPENAPI",
    "webcrm": "WEBCRM_SYNC_WEBCRM_OPENAPI",
}
#: The base URI of references within a description.
_HERE = "urn:description"
#: Parameters in links that Graph returns and clients follow unchanged.
_OPAQUE = {"$deltatoken", "$skiptoken", "$skip"}
#: Described by the pages on attachments, users and groups, but not by the OpenAPI description.
_IN_PROSE_ONLY = re.compile(
    r"/users/[^/]+/messages/[^/]+/attachments/[^/]+/\$value|/users"
    r"|/groups/[^/]+(/members/microsoft\.graph\.user)?"
)
#: How many calls of one kind are checked per test: later ones hardly differ.
_OF_A_KIND = 4


@dataclass(slots=True)
class Description:
    """One service's description."""

    document: dict[str, Any]
    prefix: str
    paths: list[tuple[re.Pattern[str], dict[str, Any]]] = field(default_factory=list)
    #: by the identity of their schemas, which are parts of the document
    validators: dict[int, Draft4Validator] = field(default_factory=dict)
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.registry = Registry([(_HERE, self.document)], draft=Draft4)
        templates = sorted(self.document["paths"], key=lambda p: (p.count("{"), -len(p)))
        self.paths = [(_pattern(t), self.document["paths"][t]) for t in templates]

    @property
    def is_swagger(self) -> bool:
        """True for the older form, which webCRM uses."""
        return "swagger" in self.document

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation of a call; None when it is not described."""
        for pattern, item in self.paths:
            if method.lower() in item and pattern.fullmatch(path):
                operation = dict(item[method.lower()])
                shared = item.get("parameters", [])
                operation["parameters"] = [*shared, *operation.get("parameters", [])]
                return operation
        return None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node, or the target of its reference."""
        while "$ref" in node:
            at: Any = self.document
            for part in node["$ref"].removeprefix(f"{_HERE}#/").split("/"):
                at = at[part.replace("~1", "/")]
            node = at
        return node

    def validator(self, schema: dict[str, Any]) -> Draft4Validator:
        """A validator for a schema of this document."""
        if id(schema) not in self.validators:
            self.validators[id(schema)] = Draft4Validator(
                schema, registry=self.registry, validate_formats=False
            )
        return self.validators[id(schema)]

    def properties(self, schema: dict[str, Any]) -> set[str]:
        """The properties of a schema, inherited ones included."""
        schema = self.resolve(schema)
        names = set(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            names |= self.properties(part)
        return names


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/]+".join(re.escape(p) for p in parts), re.IGNORECASE)


@cache
def described(service: str) -> Description | None:
    """The service's description; None without its environment variable."""
    path = os.environ.get(VARIABLES[service])
    if not path:
        return None
    text = Path(path).read_text(encoding="utf-8").replace("#/", f"{_HERE}#/")
    document = json.loads(text) if path.endswith(".json") else yaml.load(text, yaml.CSafeLoader)
    # webCRM's document refers to the rows of a query without describing them.
    document.get("definitions", {}).setdefault("ObjectDto", {"type": "object"})
    return Description(_with_nulls(document), prefix="/v1.0" if service == "graph" else "")


def _with_nulls(node: Any) -> Any:
    """The node with OpenAPI's `nullable` in the words of JSON Schema (OpenAPI 3.0: Schema Object).

    The rest of both dialects is one, as far as these documents use it.
    """
    if isinstance(node, list):
        return [_with_nulls(one) for one in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _with_nulls(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def deviations(exchanges: list[Exchange]) -> list[str]:
    """The deviations of the calls from the descriptions, a line each."""
    found: list[str] = []
    seen: dict[object, int] = {}
    for service in VARIABLES:
        description = described(service)
        if description is None:
            continue
        for exchange in exchanges:
            if exchange.service == service and exchange.status:
                for call in _calls(exchange, description.prefix):
                    kind = (
                        service,
                        call.method,
                        re.sub(r"[\w=-]{24,}|\d+", "*", call.path),
                        call.status,
                    )
                    seen[kind] = seen.get(kind, 0) + 1
                    if seen[kind] <= _OF_A_KIND:
                        found += _check(description, call)
    return found


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    query: dict[str, list[str]]
    content_type: str
    request: Any
    status: int
    response: Any


def _calls(exchange: Exchange, prefix: str) -> Iterator[_Call]:
    """The call itself and, for a batch, every call inside it."""
    is_json = "json" in exchange.request_headers.get("content-type", "")
    call = _Call(
        method=exchange.method,
        path=unquote(exchange.path.removeprefix(prefix)),
        query=parse_qs(exchange.query, keep_blank_values=True),
        content_type=exchange.request_headers.get("content-type", ""),
        request=json.loads(exchange.request_body) if is_json and exchange.request_body else None,
        status=exchange.status,
        response=_json(exchange.response_headers, exchange.response_body),
    )
    yield call
    if call.path == "/$batch" and call.response and call.status == 200:
        answers = {answer["id"]: answer for answer in call.response["responses"]}
        for line in call.request["requests"]:
            path, _, query = line["url"].partition("?")
            answer = answers[line["id"]]
            yield _Call(
                method=line["method"],
                path=unquote(path if path.startswith("/") else f"/{path}"),
                query=parse_qs(query),
                content_type="application/json" if "body" in line else "",
                request=line.get("body"),
                status=answer["status"],
                response=answer.get("body"),
            )


def _json(headers: dict[str, str], body: bytes) -> Any:
    return json.loads(body) if body and "json" in headers.get("content-type", "") else None


def _check(description: Description, call: _Call) -> Iterator[str]:
    name = f"{call.method} {call.path[:60]} -> {call.status}"
    operation = description.operation(call.method, call.path)
    if operation is not None:
        yield from _check_request(description, operation, call, f"{name}: request")
        yield from _check_answer(description, operation, call, f"{name}: answer")
    elif not _IN_PROSE_ONLY.fullmatch(call.path):
        yield f"{name}: not described"


def _check_request(
    description: Description, operation: dict[str, Any], call: _Call, where: str
) -> Iterator[str]:
    parameters = [description.resolve(p) for p in operation["parameters"]]
    known = {p["name"].lower() for p in parameters if p["in"] == "query"} | _OPAQUE
    for parameter in call.query:
        if parameter.lower() not in known:
            yield f"{where}: the query parameter {parameter} is not described"
    schema = _request_schema(description, operation, parameters)
    if call.request is None or schema is None:
        return
    yield from _compare(description, schema, call.request, where)
    unknown = _unknown(description, schema, call.request)
    if unknown:
        yield f"{where}: names {sorted(unknown)}, which the description does not"


def _check_answer(
    description: Description, operation: dict[str, Any], call: _Call, where: str
) -> Iterator[str]:
    schema = _response_schema(description, operation, call.status)
    if schema is not None and call.response is not None:
        told = _without_nulls(call.response) if description.is_swagger else call.response
        yield from _compare(description, schema, told, where)


def _without_nulls(value: Any) -> Any:
    """The value without the nulls that webCRM returns for numbers and texts."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _unknown(description: Description, schema: dict[str, Any], body: Any) -> set[str]:
    """The names in a body that the description does not contain."""
    known = {n.lower() for n in description.properties(schema)}
    if not isinstance(body, dict) or not known:
        return set()
    return {k for k in body if k.lower() not in known and not k.startswith("@")}


def _compare(
    description: Description, schema: dict[str, Any], value: Any, where: str
) -> Iterator[str]:
    for error in description.validator(schema).iter_errors(value):
        at = "/".join(map(str, error.instance_path))
        yield f"{where} {at}: {error.message[:200]}"


def _request_schema(
    description: Description, operation: dict[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, Any] | None:
    if description.is_swagger:
        return next((p["schema"] for p in parameters if p["in"] == "body"), None)
    body = description.resolve(operation.get("requestBody", {}))
    schema: dict[str, Any] | None = (
        body.get("content", {}).get("application/json", {}).get("schema")
    )
    return schema


def _response_schema(
    description: Description, operation: dict[str, Any], status: int
) -> dict[str, Any] | None:
    answers = operation["responses"]
    found = answers.get(str(status)) or answers.get(f"{status // 100}XX") or answers.get("default")
    if found is None:
        return None
    found = description.resolve(found)
    if description.is_swagger:
        return found.get("schema") if status == 200 else None
    schema: dict[str, Any] | None = (
        found.get("content", {}).get("application/json", {}).get("schema")
    )
    return schema
