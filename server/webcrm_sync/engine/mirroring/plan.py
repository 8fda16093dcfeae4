"""mirror(company): mails sent from webCRM appear in the sender's Sent Items, once."""

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
from webcrm_sync.store.incident_records import Thing
from webcrm_sync.store.mailboxes import Mailbox

#: Exchange takes no longer one (Exchange Web Services: Subject).
_LONGEST_SUBJECT = 255
#: Reasons why a mail sent from webCRM has no mirror.
NO_MAILBOX, TOO_OLD, NO_ADDRESS = "no mailbox", "before the mailbox was added", "no address"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one mail sent from webCRM: a draft in a mailbox, or a reason."""

    activity_id: int
    mailbox_id: int | None = None
    draft: Mapping[str, str] | None = None
    reason: str | None = None


def mirror(context: Context) -> None:
    """Take up the mails sent from webCRM since the last look and write their mirrors."""
    with context.begin() as tx:
        company = companies.read_company(tx)
        boxes = mailboxes.all_mailboxes(tx)
        is_held = company.is_webcrm_shut(tx.now)
        if recovery.begun_at(tx):
            return  # which mirrors stand already is still being read
    try:
        if not is_held and _is_due(context) and boxes:
            _take_up(context, boxes, company.mirror_until)
    except (TryLater, Unclear, Refused) as error:
        back_off_webcrm(context, error)
    finally:
        create.create_due_mirrors(context)


def _is_due(context: Context) -> bool:
    with context.begin() as tx:
        return companies.claim_due(
            tx, "mirror_due_at", again=timedelta(seconds=context.settings.mirror_seconds)
        )


def _take_up(context: Context, boxes: Sequence[Mailbox], until: datetime | None) -> None:
    since = (
        (until or min(box.mirror_since for box in boxes))
        - POLL_OVERLAP
        - context.settings.search_lag
    )
    odd: list[UnreadableRecord] = []
    rows = list(context.webcrm.sent_activities(since, odd=odd))
    sent, faults = isolate.try_each(
        context, rows, lambda a: a if is_sent_mail(a, context.settings) else None, _name
    )
    mails = [a for a in sent if a is not None]
    with context.begin() as tx:
        ids = [a.activity_id for a in mails]
        known = mirrors.known(tx, ids) | filings.activities_of(tx, ids)
        users = directory.users(tx)
    fresh = [a for a in mails if a.activity_id not in known]
    if any(a.user_id not in users for a in fresh):  # somebody webCRM has only just made
        users = {user.user_id: user for user in context.webcrm.users()}
    asked, nameless = isolate.try_each(
        context, fresh, lambda a: (a, _contact(context, a.person_id)), _name
    )
    for activity, fault in nameless:
        incidents.hold_back(context, Job.MIRROR, _aside(activity), fault)
    newest = max((a.updated_at for a in rows if a.updated_at), default=None)
    with incidents.release_if_widespread(context), context.begin() as tx:
        plan = _Planning(context, tx, users, recovery.ended_at(tx)).add
        isolate.run_in_savepoints(context, tx, Job.MIRROR, asked, plan, lambda one: _aside(one[0]))
        if newest and (until is None or newest > until):
            companies.update_company(tx, mirror_until=newest)
    odd += [UnreadableRecord(a.activity_id, fault) for a, fault in faults]
    for record in odd:
        name = f"activity {record.record_id}"
        incidents.record_once(context, "read webCRM", name, record.fault)


def _name(activity: SentActivity) -> str:
    return f"mirror {activity.activity_id}"


def _aside(activity: SentActivity) -> Hold:
    """A mail of which no mirror can be planned: known, so that no poll meets it again."""
    name = _name(activity)

    def hold(tx: Tx, detail: str) -> Thing:
        why = mirrors.UNFORESEEN
        mirrors.add(tx, activity.activity_id, mailbox_id=None, draft=None, reason=why)
        return Thing(name)

    return Hold(name, hold)


@dataclass(frozen=True, slots=True)
class _Planning:
    """Mirrors being planned within one transaction."""

    context: Context
    tx: Tx
    users: Mapping[int, CrmUser]
    rebuilt_at: datetime | None

    def add(self, fresh: Sequence[tuple[SentActivity, Contact | None]]) -> None:
        """Take up these mails, each with the Person it was sent to."""
        for activity, person in fresh:
            box = _mailbox_of(self.tx, self.users.get(activity.user_id))
            plan = plan_mirror(activity, box, person, now=self.tx.now)
            created_at = activity.created_at or self.tx.now
            mirrors.add(
                self.tx,
                plan.activity_id,
                mailbox_id=plan.mailbox_id,
                draft=dict(plan.draft) if plan.draft else None,
                reason=plan.reason,
                is_unclear=_may_stand(created_at, box, self.rebuilt_at),
            )


def _may_stand(created_at: datetime, box: Mailbox | None, rebuilt_at: datetime | None) -> bool:
    """True where an earlier watch or an earlier database may have written the mirror."""
    earlier = (rebuilt_at, box.added_at if box else None)
    return any(at is not None and created_at < at for at in earlier)


def is_sent_mail(activity: SentActivity, settings: Settings) -> bool:
    """True for what webCRM leaves behind when it sends a mail, and for nothing of ours."""
    return (
        activity.action.strip().casefold() == settings.webcrm_action_out.strip().casefold()
        and activity.is_completed
        and activity.person_id > 0
        and not is_filing_key(activity.key)
    )


def plan_mirror(
    activity: SentActivity, box: Mailbox | None, person: Contact | None, *, now: datetime
) -> Plan:
    """The mirror of one mail, or the reason why there is none."""
    plan = Plan(activity.activity_id)
    if box is None:
        return Plan(plan.activity_id, reason=NO_MAILBOX)
    # webCRM may tell its times in whole seconds.
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


def _mailbox_of(tx: Tx, user: CrmUser | None) -> Mailbox | None:
    return mailboxes.find_mailbox(tx, user.address) if user and user.address else None


def _contact(context: Context, person_id: int) -> Contact | None:
    """The Person's first address, from the directory or, when it is new, from webCRM."""
    with context.begin() as tx:
        if found := directory.contact_of(tx, person_id):
            return found
    try:
        person = context.webcrm.person(person_id)
    except (Gone, Refused):
        return None
    return person.contacts[0] if person.contacts else None
