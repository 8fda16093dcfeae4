"""What the engine works with, put together by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from webcrm_sync.core.errors import AccessLost, LoginRefused, Refused, SyncError, TryLater
from webcrm_sync.core.retry import retry_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.database import Database, Result, Tx, again_after_conflict
from webcrm_sync.store.encryption import Seal
from webcrm_sync.store.items import endings
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import Metadata

#: How soon a mailbox that lost its licence or our permission is asked again.
ACCESS_RETRY_ATTEMPTS = 9


@dataclass(frozen=True, slots=True)
class Care:
    """How a job works with which a worker died: one thing at a time, each marked before it.

    Threads of the job share it: were two things marked at once, the wrong one could be blamed.
    """

    task: str
    subject_id: int
    turn: RLock = field(default_factory=RLock)


@dataclass(frozen=True, slots=True)
class Parts:
    """One company with its two clients and its tables."""

    settings: Settings
    database: Database
    graph: GraphClient
    webcrm: WebCrm
    seal: Seal
    metadata: Metadata
    reader: BodyReader
    company_id: int
    now: Callable[[], datetime]
    #: of the product
    version: str
    #: how a job works with which a worker died, None = as always
    care: Care | None = None

    @property
    def tenant_id(self) -> str:
        """The company's name in keys and stamps."""
        return self.settings.entra_tenant_id.lower()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A short transaction of this company. Never open one around a network call."""
        with self.database.begin(self.company_id) as tx:
            yield tx

    def repeated(self, step: Callable[[], Result]) -> Result:
        """What `step` returns; it begins again when the database broke it off for another's sake.

        For what may be done twice, as every job and every press of a button may.
        """
        return again_after_conflict(step)

    def transact(self, step: Callable[[Tx], Result]) -> Result:
        """What `step` returns, committed; repeated after a deadlock, so it only uses `tx`."""
        return self.database.transact(self.company_id, step)


def hold_mailbox(parts: Parts, box: Mailbox, error: SyncError, *, got_on: bool = False) -> None:
    """Close the mailbox's gate: everything about it waits and goes on by itself.

    `got_on`: the work came further before this error, so the wait starts from the shortest. A
    call that fails now and then must not make a busy mailbox wait ever longer.
    """
    attempts = 0 if got_on else box.attempts
    if isinstance(error, AccessLost):
        attempts = max(attempts, ACCESS_RETRY_ATTEMPTS)
    asked = error.retry_at if isinstance(error, TryLater) else None
    trouble = _sentence(error)
    with parts.begin() as tx:
        until = retry_at(tx.now, attempts, asked=asked)
        is_there = mailboxes.close_gate(
            tx, box.id, until=until, trouble=trouble, attempts=attempts + 1
        )
        if is_there and trouble != box.trouble:
            tx.tell("mailbox waits", mailbox_id=box.id, trouble=trouble)


def hold_webcrm(parts: Parts, error: SyncError) -> None:
    """Close the gate to webCRM: everything that is to be filed waits and goes on by itself."""
    asked = error.retry_at if isinstance(error, TryLater) else None
    with parts.begin() as tx:
        company = companies.read_company(tx)
        attempts = company.webcrm_attempts
        until = retry_at(tx.now, attempts, asked=asked)
        companies.update_company(
            tx,
            webcrm_due_at=until,
            webcrm_attempts=attempts + 1,
            webcrm_trouble=str(error),
        )
        if isinstance(error, Refused | LoginRefused):
            endings.park_all(tx, Reason.WEBCRM_CLOSED, detail=str(error), retry_at=until)


def release_webcrm(parts: Parts) -> None:
    """WebCRM answers: its trouble is over."""
    with parts.begin() as tx:
        if companies.read_company(tx).webcrm_attempts:
            companies.update_company(tx, webcrm_due_at=None, webcrm_attempts=0, webcrm_trouble=None)


def _sentence(error: SyncError) -> str:
    if isinstance(error, AccessLost):
        return (
            "Outlook does not let the application at this mailbox. "
            "Check its licence and the application's permission for it. "
            f"({error.code or error})"
        )
    if error.code.casefold() == "errorquotaexceeded":
        return "The mailbox is full. Make room in it: work goes on by itself."
    return str(error)
