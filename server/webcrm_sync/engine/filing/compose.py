"""Composes the Activity of each fresh filing; parks or postpones what cannot be composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from webcrm_sync.core.addresses import address_variants, fold_address
from webcrm_sync.core.along import Along
from webcrm_sync.core.crm import ActivityDraft, CrmUser
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.errors import AccessLost, Gone, Refused, TryLater
from webcrm_sync.core.filing import draft_activity
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing import activity_opportunity, attachment_source, outcome
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.store import directory, documents, filings
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup, transitions

#: Check this often whether webCRM knows the label by now.
_LABEL_RETRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Draft:
    """A filing and its Activity, ready to be sent. `is_alone`: no Document follows it.

    `along`: the parts of the mail that it holds, as they were stored when it was composed.
    """

    filing: Filing
    is_alone: bool
    activity: ActivityDraft
    along: Along | None = None


def drafts_of(context: Context, source: Source, fresh_filings: Sequence[Filing]) -> Sequence[Draft]:
    """Drafts of these filings, in their order, without those that must wait. May read Outlook."""
    with context.begin() as tx:
        stored = filings.with_emails(tx, fresh_filings)
        users = {u.address: u for u in directory.users(tx).values() if u.address}
        holders = lookup.addresses_holding(tx, [e.id for _, e in stored])
        planned = documents.planned(tx, [f.id for f, _ in stored])
    stored = activity_opportunity.without_foreign(context, stored)
    fresh = [(filing, attachment_source.with_text(context, email)) for filing, email in stored]
    owners = {e.id: _responsible(e, holders[e.id], users) for _, e in fresh}
    limits = context.metadata.limits()
    drafts = []
    source.prepare([e for _, e in fresh])
    for filing, email in fresh:
        action = _action(context, email)
        if not context.metadata.knows_action(action):
            _park_unknown_label(context, filing, action)
            continue
        content = _content(context, source, filing, email, is_new=filing.id not in planned)
        if content is None:
            continue
        activity = draft_activity(
            email,
            content.text,
            filing.target,
            key=filing.key,
            action=action,
            user_id=owners[email.id],
            limits=limits,
            lines=content.lines,
            found_at=email.created_at,
        )
        activity = replace(activity, opportunity_id=filing.opportunity_id)
        drafts.append(Draft(filing, content.is_all, activity, email.along))
    return drafts


def _action(context: Context, email: Email) -> str:
    is_out = email.direction is Direction.OUTBOUND
    return context.settings.webcrm_action_out if is_out else context.settings.webcrm_action_in


def _park_unknown_label(context: Context, filing: Filing, action: str) -> None:
    with context.begin() as tx:
        detail = f"The label is '{action}'."
        outcome.park(tx, filing, Reason.UNKNOWN_LABEL, detail)
        filings.retry(tx, [filing.id], due_at=tx.now + _LABEL_RETRY)


def _responsible(email: Email, holders: Sequence[str], users: dict[str, CrmUser]) -> int | None:
    """The id of the webCRM user who sent the mail, else of the one whose mailbox holds it first."""
    senders = [p.folded for p in (email.sent_by, email.sender) if p]
    names = (one for a in (*senders, *holders) for one in address_variants(fold_address(a)))
    return next((users[name].user_id for name in names if name in users), None)


def _content(
    context: Context, source: Source, filing: Filing, email: Email, *, is_new: bool
) -> attachment_source.Content | None:
    """The content of the Activity; None = the filing is parked or postponed."""
    try:
        return attachment_source.content(source, filing, email, is_new=is_new)
    except Gone:
        with context.begin() as tx:
            transitions.skip_deleted(tx, email.id)
    except (TryLater, AccessLost) as error:
        is_short = isinstance(error, TryLater)
        not_before = getattr(error, "retry_at", None)
        with context.begin() as tx:  # The mailbox's own pause limits how often it is asked.
            due_at = next_attempt_at(tx.now, 1 if is_short else 6, not_before=not_before)
            filings.retry(tx, [filing.id], due_at=due_at)
    except Refused as error:
        with context.begin() as tx:
            outcome.park(tx, filing, Reason.REFUSED_BY_OUTLOOK, str(error))
    return None
