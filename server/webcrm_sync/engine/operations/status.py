"""Reads the status of the company and of each mailbox, for `status` and monitoring.

The field names are the keys of `status --json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.group_members import Departure
from webcrm_sync.core.jobs import Job, Scope
from webcrm_sync.core.states import SENTENCES, State
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.push_urls import UnverifiableFolders
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.store import (
    companies,
    events,
    groups,
    job_failures,
    mailboxes,
    reconciliation,
    recovery,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import pending
from webcrm_sync.store.items.pending import Group
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.store.reconciliation import Comparison
from webcrm_sync.store.webcrm_line import Usage, read_usage

#: A trouble with one of these words already says what to do.
REMOVED = "An administrator removed it; `webcrm-sync mailbox add` adds it again."
_REMEDY_WORDS = (PREFIX, "Check", "Make room", "--take-over")
#: The number of mails that are named for each reason.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class PendingMails:
    """The waiting or parked mails with one reason. `message_ids`: the newest five."""

    state: State
    reason: str
    sentence: str
    count: int
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastProof:
    """The latest reconciliation. `mended`: differences it fixed; `open`: those it did not."""

    at: datetime | None
    mended: int
    open: int


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """One mailbox. `counts`: copies by state; `on_the_way`: those that are not final yet.

    `trouble`: what is wrong, in one sentence. `latest`: the latest event of the mailbox itself.
    `left_group_at`: when its owner left the followed group; `left_group`: the group's name, or its
    id. `paused_at`: when an administrator paused it.
    """

    address: str
    counts: Mapping[str, int]
    on_the_way: int
    folders: int
    pushed_folders: int
    trouble: str | None
    latest: str | None
    latest_at: datetime | None
    pending: tuple[PendingMails, ...]
    proved: LastProof
    left_group_at: datetime | None = None
    left_group: str | None = None
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A followed group. `name`: None until Graph has said it. `members`: without guests.

    `not_added`: why a member's mailbox is not watched, by address.
    """

    group_id: str
    name: str | None
    members: int
    looked_at: datetime | None
    trouble: str | None
    not_added: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that failed and waits. `about`: the mailbox's address, None = the whole company."""

    task: str
    about: str | None
    trouble: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole company. `rebuilding_since`: the start of a rebuild that has not ended.

    No mail is filed before a rebuild ends. `push_why`: why push is on or off.
    """

    is_pushed: bool
    push_why: str
    webcrm_trouble: str | None
    webcrm_calls: Usage
    directory_read_at: datetime | None
    rebuilding_since: datetime | None
    proved: LastProof
    mailboxes: tuple[MailboxStatus, ...]
    held_jobs: tuple[HeldJob, ...] = ()
    groups: tuple[GroupStatus, ...] = ()


def read_status(context: LocalContext) -> Status:
    """The status of the company, from the tables alone."""
    settings = context.settings
    with context.begin() as tx:
        company = companies.read_company(tx)
        boxes = tuple(_read_mailboxes(tx))
        since, proved = recovery.begun_at(tx), _last_proof(reconciliation.read_webcrm(tx))
        deaf, earlier = (
            push_urls.count_unverifiable(context, tx),
            push_urls.describe_earlier_keys(context, tx),
        )
        held = tuple(_read_held_jobs(tx))
        followed = tuple(_read_groups(tx))
        calls = read_usage(tx)
    return Status(
        is_pushed=settings.is_push_enabled and not (deaf and deaf.folders == deaf.of),
        push_why=_explain_push(settings, deaf, earlier),
        webcrm_calls=calls,
        webcrm_trouble=add_remedy(company.webcrm_trouble),
        directory_read_at=company.directory_full_at,
        rebuilding_since=since,
        proved=proved,
        mailboxes=boxes,
        held_jobs=held,
        groups=followed,
    )


def _explain_push(settings: Settings, deaf: UnverifiableFolders | None, earlier: str | None) -> str:
    if deaf:
        return deaf.sentence
    if settings.is_push_enabled:
        return "Graph pushes changes immediately" + (f"; {earlier}" if earlier else "")
    every = settings.poll_interval(is_pushed=False).total_seconds()
    return f"PUBLIC_URL is not https: folders are read every {every:.0f} s"


def _read_held_jobs(tx: Tx) -> Iterator[HeldJob]:
    """The jobs that failed, without those of mailboxes that are no longer watched."""
    boxes = {box.id: box.address for box in mailboxes.all_mailboxes(tx)}
    for job in job_failures.read_all(tx):
        is_of_mailbox = _is_mailbox_job(job.task)
        about = boxes.get(job.subject_id) if is_of_mailbox else None
        if is_of_mailbox == (about is not None):
            yield HeldJob(job.task, about, add_remedy(job.trouble) or "", job.due_at)


def _read_groups(tx: Tx) -> Iterator[GroupStatus]:
    watched = {box.user_id for box in mailboxes.all_mailboxes(tx)}
    for group in groups.all_groups(tx):
        members = groups.members(tx, group)
        troubles = {
            m.address: REMOVED if m.is_excluded else m.trouble
            for m in members
            if m.user_id not in watched  # a later `mailbox add --group` may have failed for one
        }
        yield GroupStatus(
            group_id=group.group_id,
            name=group.name,
            members=sum(m.left_at is None for m in members),
            looked_at=group.looked_at,
            trouble=group.trouble,
            not_added={address: why for address, why in troubles.items() if why},
        )


def _is_mailbox_job(task: str) -> bool:
    """True for a job of one mailbox. False for the unknown name of an earlier version."""
    return task in {job for job in Job if job.scope is Scope.MAILBOX}


def _read_mailboxes(tx: Tx) -> Sequence[MailboxStatus]:
    boxes = mailboxes.all_mailboxes(tx)
    counts, proved = mailboxes.counts_by_state(tx), reconciliation.read_mailboxes(tx)
    reasons = pending.read_groups(tx, max_ids=_NAMED)
    left = {one.mailbox_id: one for one in groups.departures(tx)}
    return [
        _mailbox_status(
            tx,
            box,
            counts=counts.get(box.id, {}),
            reasons=[group for group in reasons if group.mailbox_id == box.id],
            departure=left.get(box.id),
            proved=_last_proof(proved.get(box.id, Comparison(None, ()))),
        )
        for box in boxes
    ]


def _mailbox_status(
    tx: Tx,
    box: Mailbox,
    *,
    counts: Mapping[str, int],
    reasons: Sequence[Group],
    proved: LastProof,
    departure: Departure | None,
) -> MailboxStatus:
    folders = mailboxes.folders(tx, box.id)
    latest = events.of_mailbox(tx.connection, box.id, last=1)
    return MailboxStatus(
        address=box.address,
        counts=counts,
        on_the_way=sum(n for state, n in counts.items() if not State(state).is_end),
        folders=len(folders),
        pushed_folders=sum(f.subscription_id is not None for f in folders),
        trouble=None if box.paused_at else add_remedy(box.trouble) or box.push_trouble,
        latest=_event_text(latest[-1].kind, latest[-1].facts) if latest else None,
        latest_at=latest[-1].at if latest else None,
        pending=tuple(_pending_mails(group) for group in reasons),
        proved=proved,
        left_group_at=departure.left_at if departure else None,
        left_group=departure.group if departure else None,
        paused_at=box.paused_at,
    )


def _event_text(kind: str, facts: Mapping[str, object]) -> str:
    """An event of a mailbox in words. The kinds of these events are readable as they are."""
    more = [str(facts[name]) for name in ("place", "trouble", "detail") if facts.get(name)]
    text = kind.capitalize()
    return f"{text}: {', '.join(more)}" if more else text


def _pending_mails(group: Group) -> PendingMails:
    sentence = SENTENCES[group.reason]
    return PendingMails(group.state, group.reason.value, sentence, group.count, group.message_ids)


def _last_proof(stored: Comparison) -> LastProof:
    mended = sum(bool(d["is_healed"]) for d in stored.differences)
    return LastProof(stored.proved_at, mended, len(stored.differences) - mended)


def add_remedy(trouble: str | None) -> str | None:
    """The trouble in one sentence that also says what to do.

    >>> add_remedy("webCRM answered 503")
    'webCRM answered 503: work waits and goes on by itself; if it lasts, run `webcrm-sync doctor`.'
    """
    if trouble is None or any(word in trouble for word in _REMEDY_WORDS):
        return trouble
    remedy = "work waits and goes on by itself; if it lasts, run `webcrm-sync doctor`."
    return f"{trouble.rstrip('.')}: {remedy}"
