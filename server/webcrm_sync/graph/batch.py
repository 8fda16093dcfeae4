"""Several requests of one mailbox in one round trip (Microsoft Graph: JSON batching)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import PER_MAILBOX, Call
from webcrm_sync.graph.errors import Failure, read_failure
from webcrm_sync.graph.transport import Transport

#: Graph takes no more in one batch.
MAX_REQUESTS = 20
_FAILED_DEPENDENCY = 424


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch. `url`: relative to the Graph address, no version."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One line's answer: its JSON, or what failed."""

    body: Mapping[str, Any]
    failure: Failure | None = None

    @property
    def is_cut_off(self) -> bool:
        """True where a line before it failed, so that it was not tried."""
        return self.failure is not None and self.failure.status == _FAILED_DEPENDENCY

    @property
    def is_missing(self) -> bool:
        """True for a 404."""
        return self.failure is not None and self.failure.status == 404


NOT_ANSWERED = BatchAnswer({}, Failure(_FAILED_DEPENDENCY, "NotAnswered"))


def batch_body(lines: Sequence[BatchRequest], *, is_chain: bool) -> dict[str, Any]:
    """The body of `/$batch`. `is_chain`: each line waits for the one before it.

    Each line needs its own headers; those of the batch do not reach it.
    """
    return {"requests": [_line(n, line, is_chain) for n, line in enumerate(lines, 1)]}


def _line(number: int, line: BatchRequest, is_chain: bool) -> dict[str, Any]:
    headers = {"Prefer": 'IdType="ImmutableId"', **line.headers}
    shaped: dict[str, Any] = {"id": str(number), "method": line.method, "url": line.url}
    if line.body is not None:
        shaped["body"] = line.body
        headers["Content-Type"] = "application/json"
    if is_chain and number > 1:
        shaped["dependsOn"] = [str(number - 1)]
    return shaped | {"headers": headers}


def read_answers(raw: Mapping[str, Any], count: int) -> list[BatchAnswer]:
    """The answers in the order of the lines; they come in any order. Missing = not tried."""
    by_id = {str(one.get("id")): one for one in wire.get_objects(raw, "responses")}
    return [
        _answer(by_id[str(n)]) if str(n) in by_id else NOT_ANSWERED for n in range(1, count + 1)
    ]


def _answer(raw: Mapping[str, Any]) -> BatchAnswer:
    status, headers, body = raw.get("status"), raw.get("headers"), raw.get("body")
    if not isinstance(status, int) or not (200 <= status < 300 or 400 <= status < 600):
        return NOT_ANSWERED
    if status < 300:
        return BatchAnswer(body if isinstance(body, dict) else {})
    told = headers if isinstance(headers, dict) else {}
    return BatchAnswer({}, read_failure(status, told, body))


async def send_chain(
    transport: Transport, user_id: str, lines: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    """The answers of at most 20 lines sent as a chain: after one that fails, the rest is 424.

    A chain runs one line at a time, so it takes one of the mailbox's places. Every line must bear
    being sent twice.
    """
    if len(lines) > MAX_REQUESTS:
        raise ValueError(f"a batch holds at most {MAX_REQUESTS} requests")
    return await _send(transport, lines, Call(user_id), is_chain=True)


async def send_reads(
    transport: Transport, user_id: str, lines: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    """The answers of GETs, any number; a 404 among them is an answer, all else is raised.

    Chains of 20, one round trip each while nothing is missing. What a 404 cut off is asked again
    side by side, no more at a time than the mailbox has places, since Outlook answers 429 beyond
    (Microsoft Graph: throttling limits).
    """
    got: list[BatchAnswer] = []
    for start in range(0, len(lines), MAX_REQUESTS):
        got += await _read_some(transport, user_id, lines[start : start + MAX_REQUESTS])
    return got


async def _read_some(
    transport: Transport, user_id: str, lines: Sequence[BatchRequest]
) -> list[BatchAnswer]:
    got: list[BatchAnswer] = []
    if len(lines) > PER_MAILBOX:
        tried = await send_chain(transport, user_id, lines)
        got = list(takewhile(lambda one: not one.is_cut_off, tried))
    while len(got) < len(lines):
        some = lines[len(got) : len(got) + PER_MAILBOX]
        call = Call(user_id, places=len(some))
        got += await _send(transport, some, call, is_chain=False)
    for one in got:
        if one.failure and not one.is_missing:
            raise transport.trouble(one.failure, Call(user_id))
    return got


async def _send(
    transport: Transport, lines: Sequence[BatchRequest], call: Call, *, is_chain: bool
) -> list[BatchAnswer]:
    if not lines:
        return []
    raw = await transport.json(
        "POST", transport.url("$batch"), call, body=batch_body(lines, is_chain=is_chain)
    )
    return read_answers(raw, len(lines))
