"""Several calls in one (Microsoft Graph: json-batching)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from webcrm_sync_sandbox.graph.http import Call, Reply, bad_request, read_query

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
_MOST = 20
_PARENT_FAILED = Reply(
    424,
    {
        "error": {
            "code": "FailedDependency",
            "message": "The request depends on a request that failed.",
        }
    },
)


def answer(call: Call, answer_all: Callable[[list[Call]], list[Reply]]) -> Reply:
    """Run the requests of the batch, each after those it depends on. Raises GraphError 400.

    `answer_all` returns the replies to calls that run in parallel, in the order of the calls.
    """
    requests = _checked(call.json.get("requests"))
    done: dict[str, Reply] = {}
    waiting = list(requests)
    while waiting:
        ready = [one for one in waiting if _parents(one) <= set(done)]
        if not ready:
            raise bad_request("The requests depend on each other in a circle.")
        waiting = [one for one in waiting if one not in ready]
        done |= _wave(call, ready, done, answer_all)
    # The page promises no order, so the answers come in another one.
    given = {_id(one): str(one["id"]) for one in requests}
    shown = [_shown(given[key], reply) for key, reply in sorted(done.items())]
    return Reply(200, {"responses": shown})


def _wave(
    call: Call,
    ready: list[Json],
    done: dict[str, Reply],
    answer_all: Callable[[list[Call]], list[Reply]],
) -> dict[str, Reply]:
    failed = {_id(one) for one in ready if any(done[p].status >= 400 for p in _parents(one))}
    run = [one for one in ready if _id(one) not in failed]
    replies = answer_all([_call(call, one) for one in run])
    answered = {_id(one): reply for one, reply in zip(run, replies, strict=True)}
    return answered | dict.fromkeys(failed, _PARENT_FAILED)


def _checked(requests: Any) -> list[Json]:
    if not isinstance(requests, list) or not 1 <= len(requests) <= _MOST:
        raise bad_request(f"A batch has 1 to {_MOST} requests.", "MaximumValueExceeded")
    known: set[str] = set()
    for one in requests:
        if not isinstance(one, dict) or not {"id", "method", "url"} <= set(one):
            raise bad_request("A request of a batch needs id, method and url.")
        if _id(one) in known:
            raise bad_request(f"The id '{one['id']}' is there twice.")
        if _parents(one) - {_id(other) for other in requests}:
            raise bad_request("A request depends on one that is not in the batch.")
        _check_form(one)
        known.add(_id(one))
    return requests


def _check_form(one: Json) -> None:
    if urlsplit(one["url"]).scheme or one["url"].lstrip("/").startswith(("v1.0/", "beta/")):
        raise bad_request("The url of a request must be relative, without a version.")
    names = {name.lower() for name in one.get("headers") or {}}
    if one.get("body") is not None and "content-type" not in names:
        raise bad_request("A request with a body needs a Content-Type header.")


def _id(one: Json) -> str:
    return str(one["id"]).lower()


def _parents(one: Json) -> set[str]:
    return {str(parent).lower() for parent in one.get("dependsOn") or []}


def _call(outer: Call, one: Json) -> Call:
    parts = urlsplit("/" + one["url"].lstrip("/"))
    own = {name.lower(): str(value) for name, value in (one.get("headers") or {}).items()}
    inherited = {"authorization": outer.headers.get("authorization", "")}
    return Call(
        method=one["method"].upper(),
        path=unquote(parts.path),
        query=read_query(parts.query),
        headers=inherited | own,
        base=outer.base,
        payload=one.get("body"),
        notes=outer.notes,
    )


def _shown(request_id: str, reply: Reply) -> Json:
    body: Any = reply.body
    headers = dict(reply.headers)
    if isinstance(body, bytes):
        body = base64.b64encode(body).decode()
    elif body is not None:
        headers["Content-Type"] = "application/json"
    shown = {"id": request_id, "status": reply.status, "headers": headers}
    return shown if body is None else shown | {"body": body}
