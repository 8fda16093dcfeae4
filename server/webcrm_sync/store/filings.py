"""Filings: an e-mail under an Organisation, from its plan to its complete Activity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from webcrm_sync.core.matching import MatchedBy, Target
from webcrm_sync.core.states import UNSETTLED
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, emails_by_id
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import document, email, email_address, filing, item, mailbox

_UNSETTLED = list(UNSETTLED)


@dataclass(frozen=True, slots=True)
class Filing:
    """One e-mail under one Organisation.

    Without `intent_at` it was never sent. With `intent_at` and without `activity_id` its outcome is
    unclear and must be verified. `lease`: the run that may record the outcome. `searches`: how
    often webCRM was searched for it since `intent_at`. `is_withdrawn`: a person took it back; its
    Activity stays, empty, unless it `is_removed` in webCRM. `is_replaced`: a person took this place
    away, or chose another one instead, while the mail stayed in webCRM. `opportunity_id`: the
    Opportunity of its Activity, or of the Activity to create; `opportunity_at`: when webCRM last
    took or showed it, None = with the creation.
    """

    id: int
    email_id: int
    organisation_id: int
    person_id: int | None
    how: MatchedBy
    key: str
    intent_at: datetime | None
    lease: str | None
    searches: int
    attempts: int
    activity_id: int | None
    is_complete: bool
    is_withdrawn: bool = False
    is_replaced: bool = False
    is_removed: bool = False
    opportunity_id: int | None = None
    opportunity_at: datetime | None = None

    @property
    def is_fresh(self) -> bool:
        """True if webCRM certainly has no Activity of this filing."""
        return self.activity_id is None and self.intent_at is None

    @property
    def is_unclear(self) -> bool:
        """True if webCRM may have an Activity of this filing: verify before sending it again."""
        return self.activity_id is None and self.intent_at is not None

    @property
    def is_by_person(self) -> bool:
        """True if a person chose this place or took it away: matching then adds none."""
        return self.how is MatchedBy.PERSON or self.is_replaced

    @property
    def target(self) -> Target:
        """The Organisation and Person that the mail is filed under."""
        return Target(self.organisation_id, self.person_id, self.how)


FILING = columns_of(filing, Filing)
#: webCRM certainly has no Activity of the filing.
IS_UNSENT = filing.c.intent_at.is_(None) & filing.c.activity_id.is_(None)
#: webCRM may have an Activity of the filing.
IS_UNCLEAR = filing.c.intent_at.is_not(None) & filing.c.activity_id.is_(None)
#: A copy is in a mailbox whose lease we hold, so that no other installation files the mail, and
#: that no administrator has paused.
MAY_BE_SENT = (
    select(item.c.id)
    .join(mailbox, mailbox.c.id == item.c.mailbox_id)
    .where(item.c.email_id == filing.c.email_id, mailbox.c.paused_at.is_(None))
    .where(mailbox.c.lease_until > bindparam("now"))
    .exists()
)
_IS_DUE = or_(filing.c.due_at.is_(None), filing.c.due_at <= bindparam("now")) & MAY_BE_SENT
_OF_EMAILS = (
    select(*FILING).where(any_of_param(filing.c.email_id, "email_ids")).order_by(filing.c.id)
)
_MARK_MATCHED = (
    update(email_address)
    .where(any_of_param(email_address.c.email_id, "email_ids"))
    .values(is_matched=True)
)
_OPEN = (
    select(*FILING)
    .join(email, email.c.id == filing.c.email_id)
    .where(filing.c.company_id == bindparam("company"), ~filing.c.is_complete)
)
_OPEN_NEWEST_FIRST = _OPEN.order_by(email.c.is_from_flood, email.c.created_at.desc(), filing.c.id)
_STILL_OPEN = _OPEN_NEWEST_FIRST.where(any_of_param(filing.c.id, "filing_ids"))
_DUE = _OPEN_NEWEST_FIRST.where(_IS_DUE, ~any_of_param(filing.c.id, "excluded")).limit(
    bindparam("most")
)
_DUE_FILED = _DUE.where(filing.c.activity_id.is_not(None))
_DUE_UNFILED = _DUE.where(filing.c.activity_id.is_(None))
#: A picture within the text needs no `has_attachments`, and HTML that is not read yet hides it.
_HAS_FILES = email.c.has_attachments | (email.c.is_raw & email.c.content.contains("cid:"))
_DUE_WITH_FILES = _DUE_UNFILED.where(_HAS_FILES).with_only_columns(filing.c.email_id)
_RECORDED = (
    func.unnest(
        bindparam("filing_ids", type_=ARRAY(BigInteger)),
        bindparam("activity_ids", type_=ARRAY(BigInteger)),
    )
    .table_valued("id", "activity_id")
    .render_derived("new")
)
_RECORD_ACTIVITIES = (
    update(filing)
    .where(filing.c.id == _RECORDED.c.id, filing.c.activity_id.is_(None))
    .values(
        activity_id=_RECORDED.c.activity_id,
        filed_at=bindparam("now"),
        due_at=bindparam("now"),
        searches=0,
        last_error=None,
    )
    .returning(filing.c.id)
)
_COMPLETE = (
    update(filing)
    .where(any_of_param(filing.c.id, "filing_ids"))
    .values(is_complete=True)
    .returning(filing.c.email_id)
)
_UNFINISHED = select(filing.c.email_id).where(
    any_of_param(filing.c.email_id, "email_ids"), ~filing.c.is_complete
)


def of_emails(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[Filing]]:
    """The filings of each e-mail, ordered by id."""
    by_email: dict[int, list[Filing]] = {i: [] for i in email_ids}
    for one in _read(tx, _OF_EMAILS, email_ids=list(email_ids)):
        by_email[one.email_id].append(one)
    return by_email


def plan(tx: Tx, email_id: int, planned: Iterable[tuple[Target, str]]) -> None:
    """Add filings (target, key) of an e-mail, see `plan_all`."""
    plan_all(tx, {email_id: list(planned)})


def plan_all(tx: Tx, planned: Mapping[int, Sequence[tuple[Target, str]]]) -> None:
    """Add filings (target, key) per e-mail, and mark its addresses as matched. Idempotent."""
    rows = [
        {
            "company_id": tx.company_id,
            "email_id": email_id,
            "organisation_id": target.organisation_id,
            "person_id": target.person_id,
            "how": target.how,
            "key": key,
            "due_at": tx.now,
        }
        for email_id, pairs in planned.items()
        for target, key in pairs
    ]
    if rows:
        new = bulk_insert(filing, rows[0]).on_conflict_do_nothing()
        tx.connection.execute(new, rows_parameter(rows))
    tx.connection.execute(_MARK_MATCHED, {"email_ids": list(planned)})


def due(tx: Tx, *, limit: int, is_filed: bool, exclude: Iterable[int] = ()) -> Sequence[Filing]:
    """Filings that are due, those of the newest mails first.

    With `is_filed` those that have an Activity, else those that have none. `exclude`: ids of
    filings to leave out.
    """
    return _read(
        tx,
        _DUE_FILED if is_filed else _DUE_UNFILED,
        company=tx.company_id,
        now=tx.now,
        excluded=list(exclude),
        most=limit,
    )


def due_with_files(tx: Tx, *, limit: int) -> Sequence[int]:
    """Ids of mails that probably have attachments and are filed next, the newest first."""
    found = {"company": tx.company_id, "now": tx.now, "excluded": [], "most": limit}
    return tx.connection.execute(_DUE_WITH_FILES, found).scalars().all()


def due_of(tx: Tx, email_id: int) -> Sequence[Filing]:
    """The mail's filings that are due, ordered by id."""
    query = _OPEN.where(filing.c.email_id == email_id, _IS_DUE).order_by(filing.c.id)
    return _read(tx, query, company=tx.company_id, now=tx.now)


def due_mails(tx: Tx, *, limit: int) -> Sequence[int]:
    """Ids of the mails with filings that are due, the newest first."""
    query = select(filing.c.email_id).where(filing.c.company_id == tx.company_id, _IS_DUE)
    newest = query.where(~filing.c.is_complete).distinct().order_by(filing.c.email_id.desc())
    return tx.connection.execute(newest.limit(limit), {"now": tx.now}).scalars().all()


def still_open(tx: Tx, filing_ids: Iterable[int]) -> Sequence[Filing]:
    """Those of these filings that are not complete, in the order of `due`."""
    return _read(tx, _STILL_OPEN, company=tx.company_id, filing_ids=list(filing_ids))


def _read(tx: Tx, query: Select[Any], **parameters: object) -> Sequence[Filing]:
    return [Filing(*row) for row in tx.connection.execute(query, parameters)]


def with_emails(tx: Tx, chosen: Sequence[Filing]) -> Sequence[tuple[Filing, Email]]:
    """Each of these filings with its e-mail."""
    emails = emails_by_id(tx, {f.email_id for f in chosen})
    return [(f, emails[f.email_id]) for f in chosen]


def release_held(tx: Tx, email_ids: Iterable[int]) -> None:
    """Make the open filings of these mails due again that `hold` or `retry` postponed for ever."""
    is_held = (filing.c.due_at == NEVER) & ~filing.c.is_complete
    query = update(filing).where(any_of(filing.c.email_id, email_ids), is_held)
    tx.connection.execute(query.values(due_at=tx.now))


def record_activities(tx: Tx, activity_ids: Mapping[int, int]) -> frozenset[int]:
    """Record Activity ids by filing id. Returns the filings that had none and still exist."""
    parameters = {
        "filing_ids": list(activity_ids),
        "activity_ids": list(activity_ids.values()),
        "now": tx.now,
    }
    return frozenset(tx.connection.execute(_RECORD_ACTIVITIES, parameters).scalars())


def retry(tx: Tx, filing_ids: Sequence[int], *, due_at: datetime | None, **values: object) -> None:
    """Make these filings due at `due_at`, None = only when a person or `release_held` says so."""
    query = update(filing).where(any_of(filing.c.id, filing_ids))
    tx.connection.execute(query.values(due_at=due_at or NEVER, **values))


def retry_search(tx: Tx, seen: Filing, *, due_at: datetime, **values: object) -> bool:
    """Make an unclear filing due at `due_at`. False if another run has changed it since `seen`."""
    query = update(filing).where(
        filing.c.id == seen.id,
        filing.c.lease.is_not_distinct_from(seen.lease),
        filing.c.intent_at == seen.intent_at,
        filing.c.searches == seen.searches,
        filing.c.activity_id.is_(None),
    )
    return tx.connection.execute(query.values(due_at=due_at, **values)).rowcount == 1


def drop_abandoned(tx: Tx, email_id: int) -> None:
    """Delete a mail's filings that were never sent, once none of its copies is unsettled.

    Its addresses may then lead to filings again. Places that a person chose are held instead: they
    count when the mail is synced again.
    """
    unsettled = select(item.c.id).where(item.c.email_id == email_id, item.c.state.in_(_UNSETTLED))
    abandoned = (filing.c.email_id == email_id) & IS_UNSENT & ~unsettled.exists()
    if any(f.is_by_person for f in of_emails(tx, [email_id])[email_id]):
        tx.connection.execute(update(filing).where(abandoned).values(due_at=NEVER))
    elif tx.connection.execute(delete(filing).where(abandoned)).rowcount:
        query = update(email_address).where(email_address.c.email_id == email_id)
        tx.connection.execute(query.values(is_matched=False))


def complete(tx: Tx, filing_ids: Sequence[int]) -> Sequence[int]:
    """Mark filings as complete. Returns the ids of their e-mails that have no open filing left."""
    if not filing_ids:
        return []
    completed = tx.connection.execute(_COMPLETE, {"filing_ids": list(filing_ids)})
    email_ids = set(completed.scalars())
    unfinished = tx.connection.execute(_UNFINISHED, {"email_ids": list(email_ids)}).scalars()
    return sorted(email_ids.difference(unfinished))


def activities_of(tx: Tx, activity_ids: Iterable[int]) -> frozenset[int]:
    """Which of these Activities belong to filings."""
    query = select(filing.c.activity_id).where(
        filing.c.company_id == tx.company_id, filing.c.activity_id.in_(list(activity_ids))
    )
    return frozenset(i for i in tx.connection.execute(query).scalars() if i is not None)


def set_filing(tx: Tx, filing_id: int, **values: object) -> None:
    """Set columns of one filing."""
    tx.connection.execute(update(filing).where(filing.c.id == filing_id).values(**values))


def lock_filings(tx: Tx, email_id: int) -> None:
    """Lock the filings of this mail until `tx` ends, so that no other run sends them."""
    query = select(filing.c.id).where(filing.c.email_id == email_id).with_for_update()
    tx.connection.execute(query)


def mark_chosen(tx: Tx, email_id: int, filing_ids: Sequence[int]) -> None:
    """Record these filings and the mail's unsent ones as chosen by a person."""
    query = update(filing).where(
        filing.c.email_id == email_id, IS_UNSENT | filing.c.id.in_(filing_ids)
    )
    tx.connection.execute(query.values(how=MatchedBy.PERSON))


def mark_replaced(tx: Tx, email_id: int) -> None:
    """Record the mail's withdrawn filings as places that a person does not want any more."""
    query = update(filing).where(filing.c.email_id == email_id, filing.c.is_withdrawn)
    tx.connection.execute(query.values(is_replaced=True))


def drop_withdrawn(tx: Tx, filing_ids: Iterable[int]) -> None:
    """Delete those of these filings that were withdrawn before webCRM got them."""
    query = delete(filing).where(any_of(filing.c.id, filing_ids), IS_UNSENT)
    tx.connection.execute(query.where(filing.c.is_withdrawn))


def drop_unsent(tx: Tx, filing_ids: Sequence[int]) -> None:
    """Delete those of these filings that were never sent."""
    tx.connection.execute(delete(filing).where(filing.c.id.in_(filing_ids), IS_UNSENT))


def retry_now(tx: Tx, email_id: int) -> None:
    """Send what webCRM lacks of this mail now, with all attempts counted from zero."""
    open_ = update(filing).where(filing.c.email_id == email_id, ~filing.c.is_complete)
    ids = tx.connection.execute(
        open_.values(due_at=tx.now, attempts=0).returning(filing.c.id)
    ).scalars()
    documents = update(document).where(document.c.filing_id.in_(list(ids)))
    tx.connection.execute(documents.values(attempts=0))


def doubt_unsent(tx: Tx, mailbox_id: int, since: datetime) -> None:
    """Verify, before they are sent, the filings of mails in this mailbox.

    Another installation may have sent them after `since`.
    """
    of_mailbox = select(item.c.id).where(
        item.c.email_id == filing.c.email_id, item.c.mailbox_id == mailbox_id
    )
    unsent = update(filing).where(IS_UNSENT, ~filing.c.is_complete, of_mailbox.exists())
    due_at = case((filing.c.due_at == NEVER, NEVER), else_=tx.now)
    values = {"intent_at": since, "lease": None, "searches": 0, "due_at": due_at}
    tx.connection.execute(unsent.values(values))


def hold(tx: Tx, email_id: int, *, verify_at: datetime | None) -> None:
    """Do nothing about the mail's open filings before `release_held`.

    A filing with an unclear outcome is verified once at `verify_at`, None = it waits too.
    """
    due_at = case((IS_UNCLEAR, verify_at or NEVER), else_=NEVER)
    query = update(filing).where(filing.c.email_id == email_id, ~filing.c.is_complete)
    tx.connection.execute(query.values(due_at=due_at))
