"""rebuild: recovers our rows from the stamps in Exchange and the keys in webCRM.

Nothing is written to webCRM before all its Activities are known, and to Exchange only what a new
mailbox needs. After an interruption it continues from the rows it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from webcrm_sync.core.crm import KeyedActivity
from webcrm_sync.core.errors import Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import is_filing_key
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes import admin, lease
from webcrm_sync.engine.mailboxes.admin import Findings
from webcrm_sync.engine.marking import mark
from webcrm_sync.engine.matching.refresh_directory import refresh_directory
from webcrm_sync.engine.reconciliation import adopt
from webcrm_sync.store import companies, folder_reads, mailboxes, reconciliation, recovery
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.webcrm.listing import PAGE

#: An Activity is never older than its mail, but the clocks may differ.
_CLOCK_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was recovered. `counts`: numbers of copies by state.

    `doubles`: ids of Activities whose mail has another one under the same Organisation.
    `others`: number of Activities with our key whose mail is in none of the folders.
    """

    mailboxes: tuple[str, ...]
    activities: int
    mirrors: int
    others: int
    doubles: tuple[int, ...]
    counts: Mapping[str, int]


def find_users(context: Context, addresses: Sequence[str]) -> tuple[MailUser, ...]:
    """The users with these addresses, in order. Raises Gone when one does not exist."""
    return tuple(context.graph.find_user(a.strip().casefold()) for a in addresses)


def refuse_paused(context: LocalContext) -> None:
    """Raise Refused if a mailbox is paused: it could not be read."""
    with context.begin() as tx:
        paused = [box.address for box in mailboxes.all_mailboxes(tx) if box.paused_at]
    if paused:
        raise Refused(f"Run `webcrm-sync mailbox resume` first: paused are {', '.join(paused)}.")


def _refuse_elsewhere(context: LocalContext) -> None:
    """Raise Refused if another installation works on a watched mailbox: it could not be read."""
    elsewhere = lease.list_elsewhere(context)
    if elsewhere:
        raise Refused(
            f"Another installation works on {', '.join(elsewhere)}. Nothing was changed. Run "
            "`webcrm-sync mailbox add --take-over` with the service running, or `mailbox remove` "
            "these mailboxes. Repeat the command when `status` no longer names them."
        )


def rebuild(
    context: Context, users: Sequence[MailUser], *, take_over: bool = False
) -> Iterator[str | Rebuilt]:
    """Recover the rows of these mailboxes and of all watched ones. Idempotent.

    Yields a sentence for each step, then the result. Raises TryLater when a service does not
    answer: then nothing is filed until another run has finished. Raises HeldElsewhere before
    anything is changed if a lease on a mailbox is not in these tables, unless `take_over`, and
    Refused if a watched mailbox is paused or lost to another installation.
    """
    refuse_paused(context)
    _refuse_elsewhere(context)
    found = [
        Findings(user, is_watched=False, folders=(), rival=admin.find_rival(context, user))
        for user in users
    ]
    for one in found if not take_over else ():
        admin.refuse_rival(context, one)
    with context.begin() as tx:
        recovery.begin(tx)
    yield "Reading webCRM's addresses."
    _read_directory(context)
    boxes = _watch(context, found)
    for box in boxes:
        yield f"Reading the folders of {box.address}."
        _read_folders(context, box)
    yield "Reading webCRM's Activities."
    rebuilt = _adopt_activities(context, boxes)
    with context.begin() as tx:
        recovery.end(tx)
    for box in boxes:
        mark(context, box.id)
    yield _with_counts(context, rebuilt)


def _read_directory(context: Context) -> None:
    with context.begin() as tx:
        companies.update_company(tx, directory_due_at=None, webcrm_due_at=None)
    refresh_directory(context)
    with context.begin() as tx:
        company = companies.read_company(tx)
    if company.directory_full_at is None or company.webcrm_trouble:
        raise TryLater(company.webcrm_trouble or "webCRM's addresses are being read. Try again.")


def _watch(context: Context, found: Sequence[Findings]) -> Sequence[Mailbox]:
    """Watch all mailboxes before any is read, so that all their addresses count as internal."""
    with context.begin() as tx:
        companies.refuse_second(tx)  # takes its lock before the rows
        boxes = mailboxes.all_mailboxes(tx)
        mailboxes.lock(tx, mailbox_ids=[box.id for box in boxes])
        known = {box.user_id for box in boxes}
        since = context.settings.mirror_since or tx.now
        for one in found:
            mailboxes.save_mailbox(tx, one.user, mirror_since=since)
    for one in found:
        is_watched = one.user.user_id in known
        admin.add(context, replace(one, is_watched=is_watched), take_over=True)
    with context.begin() as tx:
        return mailboxes.all_mailboxes(tx)


def _read_folders(context: Context, box: Mailbox) -> None:
    with context.begin() as tx:
        mailboxes.set_mailbox(tx, box.id, paused_until=None)
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, box.id)])
    discover(context, box.id)
    with context.begin() as tx:
        now = mailboxes.read_mailbox(tx, box.id)
        is_read = all(f.is_known for f in mailboxes.folders(tx, box.id))
    if now is None or now.trouble or not is_read:
        raise TryLater(f"{box.address}: {(now and now.trouble) or 'is being read. Try again.'}")


def _adopt_activities(context: Context, boxes: Sequence[Mailbox]) -> Rebuilt:
    """Adopt the Activities of the mails found, and record since when each mailbox is mirrored."""
    with context.begin() as tx:
        mirrored = recovery.mirrored(tx)
    newest: dict[int, datetime] = {}
    strangers: list[KeyedActivity] = []
    for page in _pages(context):
        with context.begin() as tx:
            known = reconciliation.filings_with(tx, [a.key for a in page if a.key])
        strangers += [a for a in page if is_filing_key(a.key) and a.key not in known]
        for activity in page:
            box_id, at = mirrored.get(activity.activity_id), activity.created_at
            if box_id is not None and at is not None:
                newest[box_id] = max(newest.get(box_id, at), at)
    with context.begin() as tx:
        mails, places = reconciliation.email_keys(tx), recovery.organisation_ids(tx)
    attributed = adopt.attribute(context.tenant_id, strangers, mails, places)
    owned = adopt.without_namesakes(context, attributed)
    rivals = adopt.adopt(context, owned, kind=EventKind.RECOVERED)
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=newest)
        recovery.file_synced_copies(tx, sorted({o.email_id for o in owned}))
        for mailbox_id, at in newest.items():
            recovery.mirror_from(tx, mailbox_id, at)
    return Rebuilt(
        mailboxes=tuple(box.address for box in boxes),
        activities=len(owned) - len(rivals),
        mirrors=len(mirrored),
        others=len(strangers) - len(owned),
        doubles=tuple(o.activity.activity_id for o in rivals),
        counts={},
    )


def _pages(context: Context) -> Iterator[Sequence[KeyedActivity]]:
    """Pages of all Activities that may belong to one of the mails found."""
    with context.begin() as tx:
        oldest = recovery.oldest_mail(tx)
    since = (oldest or datetime(2000, 1, 1, tzinfo=UTC)) - _CLOCK_MARGIN
    next_id = 0
    while True:
        page = context.webcrm.fetch_keyed_page(next_id, created_since=since)
        yield page
        if len(page) < PAGE:
            return
        next_id = page[-1].activity_id + 1


def _with_counts(context: Context, rebuilt: Rebuilt) -> Rebuilt:
    with context.begin() as tx:
        by_box = mailboxes.counts_by_state(tx)
    counts: dict[str, int] = {}
    for box_counts in by_box.values():
        for state, count in box_counts.items():
            counts[state] = counts.get(state, 0) + count
    return replace(rebuilt, counts=counts)
