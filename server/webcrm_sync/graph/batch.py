"""Several requests in one round trip (Microsoft Graph: JSON batching)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import PER_MAILBOX, Call
from webcrm_sync.graph.errors import Failure, read_failure
from webcrm_sync.graph.transport import Transport
from webcrm_sync.net.tally import TALLY

#: The most that Graph takes in one batch.
MAX_REQUESTS = 20
#: The preference that each request needs, since Graph does not apply that of the batch.
IMMUTABLE_IDS = 'IdType="ImmutableId"'
_FAILED_DEPENDENCY = 424


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request in a batch. `url`: relative to the Graph address, without the version."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The answer to one request: its JSON, or its failure."""

    body: Mapping[str, Any]
    failure: Failure | None = None

    @property
    def is_skipped(self) -> bool:
        """True if Graph did not try the request because an earlier one failed."""
        return self.failure is not None and self.failure.status == _FAILED_DEPENDENCY

    @property
    def is_missing(self) -> bool:
        """True for a 404."""
        return self.failure is not None and self.failure.status == 404


NOT_ANSWERED = BatchAnswer({}, Failure(_FAILED_DEPENDENCY, "NotAnswered"))


def batch_body(requests: Sequence[BatchRequest], *, is_chain: bool) -> dict[str, Any]:
    """The body of `/$batch`. `is_chain`: each request waits for the one before it.

    Each request needs its own headers, since Graph does not apply those of the batch.
    """
    return {
        "requests": [_request_body(n, request, is_chain) for n, request in enumerate(requests, 1)]
    }


def _request_body(number: int, request: BatchRequest, is_chain: bool) -> dict[str, Any]:
    headers = {"Prefer": IMMUTABLE_IDS, **request.headers}
    body: dict[str, Any] = {"id": str(number), "method": request.method, "url": request.url}
    if request.body is not None:
        body["body"] = request.body
        headers["Content-Type"] = "application/json"
    if is_chain and number > 1:
        body["dependsOn"] = [str(number - 1)]
    return body | {"headers": headers}


def read_answers(raw: Mapping[str, Any], count: int) -> list[BatchAnswer]:
    """The answers in the order of the requests. Graph sends them in any order.

    A missing answer counts as a request that was not tried.
    """
    by_id = {str(entry.get("id")): entry for entry in wire.get_objects(raw, "responses")}
    return [
        _read_answer(by_id[str(n)]) if str(n) in by_id else NOT_ANSWERED
        for n in range(1, count + 1)
    ]


def _read_answer(raw: Mapping[str, Any]) -> BatchAnswer:
    status, headers, body = raw.get("status"), raw.get("headers"), raw.get("body")
    if not isinstance(status, int) or not (200 <= status < 300 or 400 <= status < 600):
        return NOT_ANSWERED
    if status < 300:
        return BatchAnswer(body if isinstance(body, dict) else {})
    return BatchAnswer({}, read_failure(status, headers if isinstance(headers, dict) else {}, body))


def send_chain(
    transport: Transport, user_id: str, requests: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    """The answers to at most 20 requests. After a request that fails, the others are skipped (424).

    Graph runs a chain one request at a time, so it takes one of the mailbox's slots. Each request
    must be idempotent.
    """
    if len(requests) > MAX_REQUESTS:
        raise ValueError(f"a batch holds at most {MAX_REQUESTS} requests")
    return _send(transport, requests, Call(user_id), is_chain=True)


def send_reads(
    transport: Transport, user_id: str, requests: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    """The answers to any number of GETs. Raises every failure but a 404.

    While nothing is missing, each chain of 20 takes one round trip. The requests behind a 404 are
    sent again in parallel, at most as many at once as the mailbox has slots, since Outlook answers
    429 to more (Microsoft Graph: throttling limits).
    """
    answers: list[BatchAnswer] = []
    for start in range(0, len(requests), MAX_REQUESTS):
        answers += _send_batch_of_reads(transport, user_id, requests[start : start + MAX_REQUESTS])
    return answers


def send_apart(transport: Transport, requests: Sequence[BatchRequest]) -> list[BatchAnswer]:
    """The answers to at most 20 GETs about different mailboxes; a failure concerns only its own."""
    if len(requests) > MAX_REQUESTS:
        raise ValueError(f"a batch holds at most {MAX_REQUESTS} requests")
    return _send(transport, requests, Call(None), is_chain=False)


def _send_batch_of_reads(
    transport: Transport, user_id: str, requests: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    answers: list[BatchAnswer] = []
    if len(requests) > PER_MAILBOX:
        chained = send_chain(transport, user_id, requests)
        answers = list(takewhile(lambda answer: not answer.is_skipped, chained))
    while len(answers) < len(requests):
        parallel = requests[len(answers) : len(answers) + PER_MAILBOX]
        call = Call(user_id, slots=len(parallel))
        answers += _send(transport, parallel, call, is_chain=False)
    for answer in answers:
        if answer.failure and not answer.is_missing:
            raise transport.classify(answer.failure, Call(user_id))
    return answers


def _send(
    transport: Transport, requests: Sequence[BatchRequest], call: Call, *, is_chain: bool
) -> list[BatchAnswer]:
    if not requests:
        return []
    body = batch_body(requests, is_chain=is_chain)
    raw = transport.request_json("POST", transport.build_url("$batch"), call, body=body)
    answers = read_answers(raw, len(requests))
    for answer in answers:
        TALLY.count("graph batch", str(answer.failure.status) if answer.failure else "200")
    return answers
