"""mirror(company): plans a mirror for each mail that webCRM sent, then creates the due ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.crm import POLL_OVERLAP, CrmUser, SentActivity, UnreadableRecord
from webcrm_sync.core.errors import Gone, Refused, TryLater, Unclear
from webcrm_sync.core.identity import is_filing_key
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.matching import Contact
from webcrm_sync.core.sent_body import to_outlook_body
from webcrm_sync.core.storable import to_one_line
from webcrm_sync.engine.backoff import back_off_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.mirroring import create
from webcrm_sync.settings import Settings
from webcrm_sync.store import companies, directory, filings, mailboxes, mirrors, recovery
from webcrm_sync.store.database import Tx
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.mailboxes import Mailbox

#: Exchange accepts no longer subject (Exchange Web Services: Subject).
_LONGEST_SUBJECT = 255
#: Reasons why a mail sent from webCRM has no mirror.
NO_MAILBOX, TOO_OLD, NO_ADDRESS = "no mailbox", "before the mailbox was added", "no address"


@dataclass(frozen=True, slots=True)
class Plan:
    """The mirror of one mail that webCRM sent: a draft and its mailbox, or a reason for none."""

    activity_id: int
    mailbox_id: int | None = None
    draft: Mapping[str, str] | None = None
    reason: str | None = None


def mirror(context: Context) -> None:
    """Plan a mirror of each new mail that webCRM sent, then create due mirrors. Idempotent."""
    with context.begin() as tx:
        company = companies.read_company(tx)
        boxes = mailboxes.all_mailboxes(tx)
        is_paused = company.is_webcrm_paused(tx.now)
        if recovery.begun_at(tx):
            return  # the recovery still reads which mirrors exist
    try:
        if not is_paused and _is_due(context) and boxes:
            _plan_new(context, boxes, company.mirror_until)
    except (TryLater, Unclear, Refused) as error:
        back_off_webcrm(context, error)
    finally:
        create.create_due_mirrors(context)


def _is_due(context: Context) -> bool:
    with context.begin() as tx:
        return companies.claim_due(
            tx, "mirror_due_at", interval=timedelta(seconds=context.settings.mirror_seconds)
        )


def _plan_new(context: Context, boxes: Sequence[Mailbox], until: datetime | None) -> None:
    """Plan mirrors of the mails sent since the last poll. `until`: the newest change it saw."""
    begin = until or min(box.mirror_since for box in boxes)
    since = begin - POLL_OVERLAP - context.settings.search_lag
    unreadable: list[UnreadableRecord] = []
    activities = list(context.webcrm.list_changed_activities(since, odd=unreadable))
    sent, faults = isolate.try_each(
        context,
        "recognise",
        activities,
        lambda a: a if is_sent_mail(a, context.settings) else None,
        _name,
    )
    new = _select_unplanned(context, [a for a in sent if a is not None])
    users = _read_users(context, new)
    addressed, unaddressed = isolate.try_each(
        context, "find the contact", new, lambda a: (a, _find_contact(context, a.person_id)), _name
    )
    for activity, fault in unaddressed:
        incidents.hold_back(context, Job.MIRROR, _hold_of(activity), fault)
    newest = max((a.updated_at for a in activities if a.updated_at), default=None)
    with incidents.release_if_widespread(context), context.begin() as tx:
        planner = _Planner(context, tx, users, recovery.ended_at(tx))
        isolate.run_in_savepoints(
            context, tx, Job.MIRROR, addressed, planner.plan, lambda one: _hold_of(one[0])
        )
        companies.update_company(tx, mirror_read_at=tx.now)
        if newest and (until is None or newest > until):
            companies.update_company(tx, mirror_until=newest)
    unreadable += [UnreadableRecord(a.activity_id, fault) for a, fault in faults]
    for record in unreadable:
        name = f"activity {record.record_id}"
        incidents.record_once(context, "read webCRM", name, record.fault)


def _select_unplanned(context: Context, mails: Sequence[SentActivity]) -> Sequence[SentActivity]:
    """Those of the mails that have no plan and are not Activities of ours."""
    ids = [a.activity_id for a in mails]
    with context.begin() as tx:
        known = mirrors.known(tx, ids) | filings.activities_of(tx, ids)
    return [a for a in mails if a.activity_id not in known]


def _read_users(context: Context, mails: Sequence[SentActivity]) -> Mapping[int, CrmUser]:
    """Users by id, from webCRM itself if the directory lacks the sender of a mail."""
    with context.begin() as tx:
        users = directory.users(tx)
    if all(a.user_id in users for a in mails):
        return users
    return {user.user_id: user for user in context.webcrm.list_users()}


def _name(activity: SentActivity) -> str:
    return f"mirror {activity.activity_id}"


def _hold_of(activity: SentActivity) -> Hold:
    """How to hold back a mail that cannot be mirrored: later polls must know it."""
    name = _name(activity)

    def apply(tx: Tx, detail: str) -> IncidentSubject:
        reason = mirrors.UNFORESEEN
        mirrors.add(tx, activity.activity_id, mailbox_id=None, draft=None, reason=reason)
        return IncidentSubject(name)

    return Hold(name, apply)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans mirrors in one transaction. `rebuilt_at`: end of the last recovery."""

    context: Context
    tx: Tx
    users: Mapping[int, CrmUser]
    rebuilt_at: datetime | None

    def plan(self, new: Sequence[tuple[SentActivity, Contact | None]]) -> None:
        """Record a plan for each mail, given with the Person it was sent to."""
        for activity, person in new:
            box = _find_mailbox(self.tx, self.users.get(activity.user_id))
            plan = plan_mirror(activity, box, person, now=self.tx.now)
            created_at = activity.created_at or self.tx.now
            mirrors.add(
                self.tx,
                plan.activity_id,
                mailbox_id=plan.mailbox_id,
                draft=dict(plan.draft) if plan.draft else None,
                reason=plan.reason,
                is_unclear=_may_exist(created_at, box, self.rebuilt_at),
            )


def _may_exist(created_at: datetime, box: Mailbox | None, rebuilt_at: datetime | None) -> bool:
    """True if the mirror may have been created before the mailbox was added or rows recovered."""
    begun_at = (rebuilt_at, box.added_at if box else None)
    return any(at is not None and created_at < at for at in begun_at)


def is_sent_mail(activity: SentActivity, settings: Settings) -> bool:
    """True if webCRM made the Activity when it sent a mail, and we did not."""
    return (
        activity.action.strip().casefold() == settings.webcrm_action_out.strip().casefold()
        and activity.is_completed
        and activity.person_id > 0
        and not is_filing_key(activity.key)
    )


def plan_mirror(
    activity: SentActivity, box: Mailbox | None, person: Contact | None, *, now: datetime
) -> Plan:
    """The mirror of one mail, or the reason for none. `box`: None if the sender has none."""
    plan = Plan(activity.activity_id)
    if box is None:
        return Plan(plan.activity_id, reason=NO_MAILBOX)
    # webCRM may report its times in whole seconds.
    if (activity.created_at or now) < box.mirror_since.replace(microsecond=0):
        return Plan(plan.activity_id, box.id, reason=TOO_OLD)
    if person is None:
        return Plan(plan.activity_id, box.id, reason=NO_ADDRESS)
    body, is_html = to_outlook_body(activity.body)
    sent_at = activity.at or activity.created_at or now
    return Plan(
        plan.activity_id,
        box.id,
        draft={
            "subject": truncate(to_one_line(activity.subject), _LONGEST_SUBJECT),
            "body": body,
            "is_html": "yes" if is_html else "",
            "recipient_name": to_one_line(person.name),
            "recipient_address": person.address,
            "sent_at": sent_at.isoformat(),
        },
    )


def _find_mailbox(tx: Tx, user: CrmUser | None) -> Mailbox | None:
    return mailboxes.find_mailbox(tx, user.address) if user and user.address else None


def _find_contact(context: Context, person_id: int) -> Contact | None:
    """The Person's first address, from the directory or, if it lacks the Person, from webCRM."""
    with context.begin() as tx:
        if found := directory.contact_of(tx, person_id):
            return found
    try:
        person = context.webcrm.fetch_person(person_id)
    except (Gone, Refused):
        return None
    return person.contacts[0] if person.contacts else None
