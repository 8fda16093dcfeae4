"""Microsoft Graph as a WSGI application."""

from __future__ import annotations

import json
import random
import time
import uuid
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph import batch, directory, uploads
from webcrm_sync_sandbox.graph.access import AccessControl
from webcrm_sync_sandbox.graph.concurrency import Key, MailboxLimiter
from webcrm_sync_sandbox.graph.delta import Delta
from webcrm_sync_sandbox.graph.http import (
    Behaviour,
    Call,
    GraphError,
    JournalNotes,
    Reply,
    UndescribedError,
    read_query,
)
from webcrm_sync_sandbox.graph.push import Pusher
from webcrm_sync_sandbox.graph.request_context import GraphServices, RequestContext
from webcrm_sync_sandbox.graph.routes import Routes, normal_path
from webcrm_sync_sandbox.graph.subscriptions import Subscriptions
from webcrm_sync_sandbox.graph.uploads import Uploads
from webcrm_sync_sandbox.journal import CONTENTS, UNKNOWN

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.graph.access import TokenReader
    from webcrm_sync_sandbox.outlook import Outlook

_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"
_VERSION = "/v1.0"
_HONOURED = ("idtype", "odata.maxpagesize", "outlook.body-content-type")


class Graph:
    """Simulated Microsoft Graph mail over a simulated Outlook.

    `tokens` checks the callers' tokens; their audience is the host they call. `behaviour` may be
    changed at any time. `trust`: the certificates trusted when notifications are pushed.
    Call `close()` at the end.
    """

    def __init__(
        self,
        outlook: Outlook,
        clock: Clock,
        *,
        tokens: TokenReader,
        trust: ssl.SSLContext | None = None,
        seed: int = 0,
    ) -> None:
        self.behaviour = Behaviour()
        self.pusher = Pusher(clock, trust=trust, seed=seed)
        self.subscriptions = Subscriptions(outlook, clock, self.behaviour, self.pusher)
        chance = random.Random(seed)
        self._house = GraphServices(outlook, clock, self.behaviour, chance)
        self._delta = Delta()
        self._uploads = Uploads()
        self._routes = Routes(self._delta, self._uploads)
        self._gate = MailboxLimiter(clock, self.behaviour)
        self._door = AccessControl(outlook, tokens)
        self._clock = clock

    def expire_cursors(self) -> None:
        """Expire every delta token: the next use of one answers 410."""
        self._delta.expire_cursors()

    def resume_cursors(self, life: str) -> None:
        """Make the delta tokens of an earlier server valid again; its folders need their logs."""
        self._delta.resume(life)

    def save_state(self) -> Callable[[], None]:
        """A function that makes the delta tokens of this moment valid again."""
        return self._delta.save_state()

    def lifecycle(self, event: str) -> int:
        """Send a lifecycle event for every subscription; the number sent. See `Subscriptions`."""
        return self.subscriptions.lifecycle(event)

    def close(self) -> None:
        """Stop pushing."""
        self.pusher.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one HTTP request."""
        call = _call(environ)
        reply = self._answer(call)
        environ[CONTENTS] = call.notes.contents
        environ[UNKNOWN] = call.notes.unknown
        body, headers = _encoded(call, reply, self._clock.now())
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [body]

    def _answer(self, call: Call) -> Reply:
        if call.path.startswith(uploads.PREFIX):
            return self._guarded(call, lambda: self._uploads.answer(call))
        path = _path(call)
        if path == "/$batch" and call.method == "POST":
            return self._guarded(call, lambda: self._batch(call))
        if outside := self._outside_mailboxes(call, path):
            return self._guarded(call, outside)
        return self._side_by_side([call])[0]

    def _batch(self, call: Call) -> Reply:
        self._door.caller(call)
        return batch.answer(call, self._side_by_side)

    def _outside_mailboxes(self, call: Call, path: str) -> Callable[[], Reply] | None:
        """A function that answers a call whose path names no mailbox; None = it names one."""
        if path.startswith("/subscriptions"):
            return lambda: self.subscriptions.answer(call, self._door, path)
        if directory.is_of_directory(path):
            return lambda: directory.answer(call, self._door, self._house.outlook, path)
        return None

    def _side_by_side(self, calls: list[Call]) -> list[Reply]:
        """Answer calls that are in flight together: the mailbox's limit counts each of them."""
        inside: list[Key] = []
        runs: list[Callable[[], Reply]] = [self._let_in(call, inside) for call in calls]
        try:
            work = self.behaviour.work.total_seconds()
            if work:
                time.sleep(work)
            return [self._guarded(call, run) for call, run in zip(calls, runs, strict=True)]
        finally:
            for key in inside:
                self._gate.leave(key)

    def _let_in(self, call: Call, inside: list[Key]) -> Callable[[], Reply]:
        """A function that answers the call: by its view, or by the reason of its refusal."""
        try:
            path = _path(call)
            if outside := self._outside_mailboxes(call, path):
                return outside
            caller = self._door.caller(call)
            route, values = self._routes.find(call.method, path)
            mailbox = self._door.enter(call, caller, route, values.pop("user", None))
            key = (caller.app_id, mailbox.user_id)
            self._gate.enter(key)
            inside.append(key)
            context = RequestContext(call, caller, self._house, mailbox)
        except GraphError as error:
            refusal = self._refusal(call, error)
            return lambda: refusal
        return lambda: route.view(context, **values)

    def _guarded(self, call: Call, run: Callable[[], Reply]) -> Reply:
        try:
            return run()
        except GraphError as error:
            return self._refusal(call, error)

    def _refusal(self, call: Call, error: GraphError) -> Reply:
        if isinstance(error, UndescribedError):
            call.notes.unknown = True
        inner = {
            "date": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": call.request_id,
            "client-request-id": call.client_request_id,
        }
        body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
        return Reply(error.status, body, error.headers)


def _path(call: Call) -> str:
    """The call's path in its normal spelling."""
    return normal_path(call.path)


def error_body(status: int) -> bytes:
    """Graph's JSON body for an injected 401, 429 or 503."""
    codes = {401: "InvalidAuthenticationToken", 429: "TooManyRequests"}
    code = codes.get(status, "ServiceNotAvailable")
    inner = {"request-id": str(uuid.uuid4())}
    error: dict[str, Any] = {"code": code, "message": "Please retry.", "innerError": inner}
    return json.dumps({"error": error}).encode()


def _call(environ: WSGIEnvironment) -> Call:
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    notes = JournalNotes()
    if not path.startswith((_VERSION + "/", uploads.PREFIX)):
        notes.unknown = True
    return Call(
        method=environ["REQUEST_METHOD"],
        path=path.removeprefix(_VERSION),
        query=read_query(environ["QUERY_STRING"]),
        headers=headers,
        base=f"{environ['wsgi.url_scheme']}://{headers['host']}{_VERSION}",
        content=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        notes=notes,
    )


def _json(body: dict[str, object]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate can be written in JSON, but not in UTF-8
        return json.dumps(body).encode()


def _encoded(call: Call, reply: Reply, now: datetime) -> tuple[bytes, list[tuple[str, str]]]:
    headers = dict(reply.headers)
    body = reply.body
    if isinstance(body, dict):
        headers["Content-Type"] = _JSON
        body = _json(body)
    headers["Date"] = format_datetime(now, usegmt=True)
    headers["request-id"] = call.request_id
    headers["client-request-id"] = call.client_request_id
    honoured = [wish for wish in call.prefers if wish.lower().startswith(_HONOURED)]
    if honoured:
        headers["Preference-Applied"] = ", ".join(honoured)
    return body or b"", list(headers.items())
