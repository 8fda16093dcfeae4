"""The cost of 300 idle visible panes, and how soon they learn of a change."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import text

from bench.setup import Usage, cpu_s, print_figure
from support.processes import RunningService, run_service
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.core.message import Message, MessageKind
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.version_tokens import make_token
from webcrm_sync.settings import PREFIX
from webcrm_sync.store.pane_versions import Copy, read_versions
from webcrm_sync_sandbox.environment import Sandbox

_PANES, _MAILS, _CONTACTS = 300, 10_000, 10_000
#: The values of the pane, see addin/src/poll.ts.
_PAUSE_S, _JITTER = 1.8, 0.1
_WARM_S, _SECONDS = 12.0, 30.0
_NEWS = 30
_LIMIT_CPU, _LIMIT_S = 10.0, 2.0

#: Fills every table that a check reads, for a company of 300 people. A person's number is the id.
_FILL = """
INSERT INTO mailbox (company_id, user_id, address, display_name, added_at, mirror_since)
  SELECT :company, 'user' || n, 'p' || n || '@nordwind.example', 'Person ' || n, now(), now()
  FROM generate_series(1, :panes) n;
INSERT INTO mailbox_address (mailbox_id, address) SELECT id, address FROM mailbox;
INSERT INTO folder (mailbox_id, graph_id, place, subscription_id)
  SELECT id, 'folder' || id || place, place, 'subscription' || id || place
  FROM mailbox, unnest(ARRAY['inbox', 'sent']) place;
INSERT INTO email
  (company_id, key, message_id, direction, kind, subject, recipients, created_at)
  SELECT :company, 'k' || n, '<' || n || '@bench.example>', 'inbound', 'mail', 'Mail ' || n,
    '{"to": []}', now()
  FROM generate_series(1, :mails) n;
INSERT INTO item (mailbox_id, folder_id, email_id, graph_id, change_key, categories, state,
    state_at, found_at)
  SELECT f.mailbox_id, f.id, e.id, 'graph' || e.id, 'c', '{}',
    CASE WHEN e.id % 50 = 0 THEN 'waiting' ELSE 'synced' END, now(), now()
  FROM email e JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM folder) f
    ON f.n = e.id % (2 * :panes) + 1;
INSERT INTO filing (company_id, email_id, organisation_id, how, key, activity_id, is_complete)
  SELECT :company, id, id % 2000 + 1, 'contact', 'f' || id, id, true FROM email;
INSERT INTO contact (company_id, person_id, address, organisation_id, name, is_active)
  SELECT :company, n, 'c' || n || '@customer.example', n % 2000 + 1, 'Contact ' || n, true
  FROM generate_series(1, :contacts) n;
INSERT INTO event (company_id, mailbox_id, email_id, at, kind, facts)
  SELECT :company, mailbox_id, email_id, now(), 'synced', '{}' FROM item;
ANALYZE;
"""


@dataclass(slots=True)
class Checks:
    """The answers of all panes."""

    count: int = 0
    sent: int = 0
    received: int = 0
    #: when each pane learned of a change, by its number
    changed_at: dict[int, float] = field(default_factory=dict)


def measure_panes() -> None:
    """Print the processor time of the web process and its database as shares of one core."""
    with _service() as (made, context, requests):
        asyncio.run(_measure(made, context, requests))


async def _measure(made: RunningService, context: Context, requests: Sequence[bytes]) -> None:
    port, checks = urlsplit(made.public_url).port or 0, Checks()
    panes = [
        asyncio.create_task(_pane(port, number, request, checks))
        for number, request in enumerate(requests, 1)
    ]
    await asyncio.sleep(_WARM_S)
    checks.count = checks.sent = checks.received = 0
    before, began = _usage(made, context), time.monotonic()
    await asyncio.sleep(_SECONDS)
    _print_usage(checks, time.monotonic() - began, before, _usage(made, context))
    _print_delays(await _change_mails(checks, context))
    for task in panes:
        task.cancel()
    await asyncio.gather(*panes, return_exceptions=True)


@contextmanager
def _service() -> Iterator[tuple[RunningService, Context, list[bytes]]]:
    """Run the web process over full tables; with the request that each pane repeats."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(keep_bodies=False) as sandbox,
        run_service(sandbox, DATA_DIR=f"{scratch}/d") as made,
    ):
        settings = sandbox.settings_of(made.environment)
        migrate_database(settings)
        sandbox.entra.url = settings.entra_authority  # otherwise it learns it from its first call
        with open_context(settings) as context:
            _fill(context)
            made.start("web")
            made.await_healthy()
            yield made, context, [_request(made, context, n) for n in range(1, _PANES + 1)]
            made.stop()  # before its database


def _fill(context: Context) -> None:
    sizes = {"panes": _PANES, "mails": _MAILS, "contacts": _CONTACTS}
    with context.begin() as tx:
        for statement in filter(str.strip, _FILL.split(";")):
            tx.connection.execute(text(statement), {"company": context.company_id, **sizes})


def _request(made: RunningService, context: Context, number: int) -> bytes:
    """The check of one person for a mail; half of the mails are synced, half unknown."""
    user_id, mail = f"user{number}", _mail_of(number)
    graph_id = f"graph{mail}" if number % 2 else f"elsewhere{number}"
    head = _head(graph_id, f"<{mail}@bench.example>")
    copy = Copy(user_id, graph_id, head.message_id)
    (version,) = read_versions(context.database, context.company_id, [copy])
    assert version is not None
    token = make_token(context, user_id, head, version, is_on_its_way=False)
    audience = made.environment[f"{PREFIX}ENTRA_CLIENT_ID"]
    bearer = made.sandbox.entra.issue_user_token(
        user_id, audience, ("access_as_user",), name=f"p{number}@nordwind.example"
    )
    body = json.dumps({"version": token, "waits": True}).encode()
    host = urlsplit(made.public_url).netloc
    lines = [
        "POST /api/v1/mails/changed HTTP/1.1",
        f"Host: {host}",
        f"Origin: {made.public_url}",
        f"Authorization: Bearer {bearer}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate, br",
        "Accept-Language: da-DK",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _mail_of(number: int) -> int:
    """The id of a mail in this person's Inbox."""
    return 2 * _PANES + 2 * (number - 1)


def _head(graph_id: str, message_id: str) -> Message:
    return Message(
        graph_id=graph_id,
        change_key="c",
        folder_id="elsewhere",
        message_id=message_id,
        subject="",
        sender=None,
        to=(),
        cc=(),
        bcc=(),
        sent_at=None,
        received_at=None,
        categories=(),
        has_attachments=False,
        is_draft=False,
        kind=MessageKind.MAIL,
        body="",
        body_is_html=False,
        stamp=None,
    )


async def _pane(port: int, number: int, request: bytes, checks: Checks) -> None:
    """Run one pane over one open connection, as a browser does, until it learns of a change."""
    await asyncio.sleep(random.random() * _WARM_S)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        began = time.monotonic()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        checks.count += 1
        checks.sent += len(request)
        checks.received += len(head) + length
        if body == b'{"isChanged":true}':
            checks.changed_at[number] = time.monotonic()
            return
        assert body == b'{"isChanged":false}', head + body
        pause = _PAUSE_S * (1 - _JITTER * random.random()) - (time.monotonic() - began)
        await asyncio.sleep(max(0.0, pause))


async def _change_mails(checks: Checks, context: Context) -> list[float]:
    """The seconds from each change of a mail until its pane learns of it."""
    loop, made = asyncio.get_running_loop(), {}
    for number in range(1, 2 * _NEWS, 2):
        await loop.run_in_executor(None, _change, context, _mail_of(number))
        made[number] = time.monotonic()
        await asyncio.sleep(0.2 + 0.3 * random.random())
    await asyncio.sleep(2 * _LIMIT_S)
    return sorted(checks.changed_at[number] - at for number, at in made.items())


def _change(context: Context, mail: int) -> None:
    with context.begin() as tx:
        query = text("UPDATE item SET detail = 'news' WHERE email_id = :mail")
        tx.connection.execute(query, {"mail": mail})


@dataclass(frozen=True, slots=True)
class _TotalUsage:
    web_s: float | None
    database_s: float
    statements: int


def _usage(made: RunningService, context: Context) -> _TotalUsage:
    """The usage of both so far, as the system and PostgreSQL count it."""
    with context.begin() as tx:
        backends = tx.connection.execute(
            text("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        ).scalars()
        database_s = sum(cpu_s(pid) or 0.0 for pid in backends)
        statements = tx.connection.execute(
            text(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database"
                " WHERE datname = current_database()"
            )
        ).scalar_one()
    return _TotalUsage(Usage.of(made, "web").cpu_s, database_s, statements)


def _print_usage(checks: Checks, took_s: float, before: _TotalUsage, after: _TotalUsage) -> None:
    print(f"{_PANES} idle visible panes for {took_s:.0f} s:")
    if before.web_s is None or after.web_s is None:
        print_figure("of one core", None)
        return
    web, database = after.web_s - before.web_s, after.database_s - before.database_s
    print_figure("the web process, of one core", 100 * web / took_s, unit="%")
    print_figure("its database, of one core", 100 * database / took_s, unit="%")
    print_figure("together", 100 * (web + database) / took_s, limit=_LIMIT_CPU, unit="%")
    statements = after.statements - before.statements
    print_figure("requests a second", checks.count / took_s)
    print_figure("statements a second", statements / took_s)
    print_figure(
        "statements for each pane in two seconds", 2 * statements / took_s / _PANES, limit=1
    )
    print_figure("bytes sent, a request", checks.sent / checks.count)
    print_figure("bytes received, a request", checks.received / checks.count)


def _print_delays(times: Sequence[float]) -> None:
    print(f"from a change in the database to the pane, {len(times)} times:")
    print_figure("median", times[len(times) // 2], unit="s")
    print_figure("longest", times[-1], limit=_LIMIT_S, unit="s")
