"""How the company stands, mailbox by mailbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.jobs import Job, Scope
from webcrm_sync.core.states import SENTENCES, State
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.push_urls import Deaf
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.store import companies, events, job_failures, mailboxes, reconciliation, recovery
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import pending
from webcrm_sync.store.items.pending import Group
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.store.reconciliation import Stored

#: Words in a trouble that tells what to do already.
_CURES = (PREFIX, "Check", "Make room")
#: So many mails of a kind are named.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Pending:
    """Mails that wait or need a person for one reason: how many, and the newest few."""

    state: State
    reason: str
    sentence: str
    count: int
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastProof:
    """The last proof: when, and how many differences it mended and left to a person."""

    at: datetime | None
    mended: int
    open: int


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """One mailbox: how many mails in which state, and what is wrong, one sentence or None.

    `on_the_way`: copies that have not come to an end yet. `latest`: the last line of its own
    story, `latest_at` its time.
    """

    address: str
    counts: Mapping[str, int]
    on_the_way: int
    folders: int
    pushed_folders: int
    trouble: str | None
    latest: str | None
    latest_at: datetime | None
    pending: tuple[Pending, ...]
    proved: LastProof


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that failed and waits. `about`: its mailbox's address, None = the whole company."""

    task: str
    about: str | None
    trouble: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole company. `rebuilding_since`: nothing is filed before that has come to its end."""

    is_pushed: bool
    push_why: str
    webcrm_trouble: str | None
    directory_read_at: datetime | None
    rebuilding_since: datetime | None
    proved: LastProof
    mailboxes: tuple[MailboxStatus, ...]
    held_jobs: tuple[HeldJob, ...] = ()


def read_status(context: Context) -> Status:
    """The company's state from its tables alone; asks nothing of Graph or webCRM."""
    settings = context.settings
    with context.begin() as tx:
        company = companies.read_company(tx)
        boxes = tuple(_mailboxes(tx))
        since, proved = recovery.begun_at(tx), _proved(reconciliation.read_webcrm(tx))
        deaf, earlier = push_urls.deaf(context, tx), push_urls.earlier_keys(context, tx)
        held = tuple(_held_jobs(tx))
    return Status(
        is_pushed=settings.is_push_enabled and not (deaf and deaf.folders == deaf.of),
        push_why=_push_why(settings, deaf, earlier),
        webcrm_trouble=add_remedy(company.webcrm_trouble),
        directory_read_at=company.directory_full_at,
        rebuilding_since=since,
        proved=proved,
        mailboxes=boxes,
        held_jobs=held,
    )


def _push_why(settings: Settings, deaf: Deaf | None, earlier: str | None) -> str:
    if deaf:
        return deaf.sentence
    if settings.is_push_enabled:
        return "Outlook tells of changes at once" + (f"; {earlier}" if earlier else "")
    every = settings.poll_interval(is_pushed=False).total_seconds()
    return f"PUBLIC_URL is not https: folders are read every {every:.0f} s"


def _held_jobs(tx: Tx) -> Iterator[HeldJob]:
    """The jobs that failed; a mailbox that was removed meanwhile has none."""
    boxes = {box.id: box.address for box in mailboxes.all_mailboxes(tx)}
    for job in job_failures.read_all(tx):
        is_of_mailbox = _is_about_a_mailbox(job.task)
        about = boxes.get(job.subject_id) if is_of_mailbox else None
        if is_of_mailbox == (about is not None):
            yield HeldJob(job.task, about, add_remedy(job.trouble) or "", job.due_at)


def _is_about_a_mailbox(task: str) -> bool:
    """False for a job of an earlier version too, whose name this one does not know."""
    return task in {job for job in Job if job.scope is Scope.MAILBOX}


def _mailboxes(tx: Tx) -> Sequence[MailboxStatus]:
    boxes = mailboxes.all_mailboxes(tx)
    counts, proved = mailboxes.counts_by_state(tx), reconciliation.read_mailboxes(tx)
    groups = pending.read_groups(tx, named=_NAMED)
    return [
        _of(
            tx,
            box,
            counts=counts.get(box.id, {}),
            groups=[g for g in groups if g.mailbox_id == box.id],
            proved=_proved(proved.get(box.id, Stored(None, ()))),
        )
        for box in boxes
    ]


def _of(
    tx: Tx, box: Mailbox, *, counts: Mapping[str, int], groups: Sequence[Group], proved: LastProof
) -> MailboxStatus:
    folders = mailboxes.folders(tx, box.id)
    told = events.of_mailbox(tx.connection, box.id, last=1)
    return MailboxStatus(
        address=box.address,
        counts=counts,
        on_the_way=sum(n for state, n in counts.items() if not State(state).is_end),
        folders=len(folders),
        pushed_folders=sum(f.subscription_id is not None for f in folders),
        trouble=add_remedy(box.trouble) or box.push_trouble,
        latest=_line(told[-1].kind, told[-1].facts) if told else None,
        latest_at=told[-1].at if told else None,
        pending=tuple(_pending(group) for group in groups),
        proved=proved,
    )


def _line(kind: str, facts: Mapping[str, object]) -> str:
    """A line of a mailbox's own story; its kinds are words already."""
    more = [str(facts[name]) for name in ("place", "trouble", "detail") if facts.get(name)]
    text = kind.capitalize()
    return f"{text}: {', '.join(more)}" if more else text


def _pending(group: Group) -> Pending:
    sentence = SENTENCES[group.reason]
    return Pending(group.state, group.reason.value, sentence, group.count, group.message_ids)


def _proved(stored: Stored) -> LastProof:
    mended = sum(bool(d["is_healed"]) for d in stored.differences)
    return LastProof(stored.proved_at, mended, len(stored.differences) - mended)


def add_remedy(trouble: str | None) -> str | None:
    """The trouble in one sentence that says what to do; what passes by itself says so.

    >>> with_way_out("webCRM answered 503")
    'webCRM answered 503: work waits and goes on by itself; if it stays, run `webcrm-sync doctor`.'
    """
    if trouble is None or any(cure in trouble for cure in _CURES):
        return trouble
    way = "work waits and goes on by itself; if it stays, run `webcrm-sync doctor`."
    return f"{trouble.rstrip('.')}: {way}"
