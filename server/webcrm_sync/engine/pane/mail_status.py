"""The status of mails for the pane: reads the facts, lets the rules decide, adds the names."""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from datetime import datetime

from webcrm_sync.core.faults import format_trace
from webcrm_sync.core.matching import (
    Ambiguous,
    Matched,
    NoMatch,
    match_organisations,
)
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.pane import mail_status_rules as rules
from webcrm_sync.engine.pane.along_status import AlongView, view_along, view_sensitivity
from webcrm_sync.engine.pane.copy_facts import read_copy_facts
from webcrm_sync.engine.pane.mail_context import MailContext
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate
from webcrm_sync.engine.pane.mail_status_rules import (
    NOT_FOUND,
    CopyFacts,
    DisplayStatus,
    Forecast,
    MailStatus,
    Origin,
)
from webcrm_sync.engine.pane.target_views import (
    Match,
    list_candidates,
    list_targets,
    list_withdrawn,
)
from webcrm_sync.engine.pane.version_tokens import make_token
from webcrm_sync.store import folder_reads, mailboxes, sender_rules
from webcrm_sync.store.pane_versions import Copy, Version, read_versions

logger = logging.getLogger(__name__)

#: Stands in a list for a mail whose status raised an unforeseen error.
UNREADABLE = MailStatus(DisplayStatus.PARKED, Reason.UNFORESEEN)
_FORECASTS = {Matched: Forecast.KNOWN, Ambiguous: Forecast.SEVERAL, NoMatch: Forecast.NOBODY}


def find_statuses(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[tuple[MailStatus, str | None]]:
    """The status of each mail and its version token, in the order of `refs`.

    A mail that is not in the mailbox is NOT_FOUND without a token. If one of several mails raises
    an unforeseen error, that mail alone is UNREADABLE. Has `discover` read a sync folder at once
    if a copy there has no item yet: without push that would take minutes.
    """
    try:
        return _find_and_read(context, user, refs)
    except Exception as error:
        if len(refs) == 1 or incidents.is_trouble(error):
            raise
    return [_find_and_read_one(context, user, ref) for ref in refs]


def _find_and_read_one(
    context: Context, user: CurrentUser, ref: MailRef
) -> tuple[MailStatus, str | None]:
    try:
        return _find_and_read(context, user, [ref])[0]
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        logger.error("mail_status_failed", extra={"trace": format_trace(error)})
        return UNREADABLE, None


def _find_and_read(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[tuple[MailStatus, str | None]]:
    """Read each version before the status, so that a change in between counts as a change."""
    located = locate(context, user, refs)
    found = [mail for mail in located if mail]
    copies = [Copy(user.box.user_id, mail.graph_id, mail.head.message_id) for mail in found]
    versions = read_versions(context.database, context.company_id, copies) if copies else []
    shown = read_statuses(context, user, found)
    read = list(zip(found, versions, shown, strict=True))
    if folder_ids := {mail.head.folder_id for mail, v, _ in read if v and not v.is_discovered}:
        _request_folder_reads(context, user, folder_ids)
    answers = iter([(one, _token(context, user, mail, v, one)) for mail, v, one in read])
    return [next(answers) if mail else (NOT_FOUND, None) for mail in located]


def _request_folder_reads(context: Context, user: CurrentUser, folder_ids: Set[str]) -> None:
    with context.begin() as tx:
        folders = mailboxes.folders(tx, user.box.id)
        unread = [f.id for f in folders if f.graph_id in folder_ids and f.read_requested_at is None]
        folder_reads.request_read(tx, unread)


def _token(
    context: Context,
    user: CurrentUser,
    mail: LocatedMail,
    version: Version | None,
    shown: MailStatus,
) -> str | None:
    if version is None:
        return None
    is_on_its_way = shown.status is DisplayStatus.ON_ITS_WAY
    return make_token(context, user.box.user_id, mail.head, version, is_on_its_way=is_on_its_way)


def read_statuses(
    context: Context, user: CurrentUser, mails: Sequence[LocatedMail]
) -> list[MailStatus]:
    """The status of each of these copies, from the tables alone."""
    pairs = _read(context, user, mails)
    return [_build_status(mail, copy) for mail, copy in pairs]


def read_mail_contexts(
    context: Context, user: CurrentUser, mails: Sequence[LocatedMail]
) -> list[MailContext]:
    """The context of each of these copies, in their order."""
    return [mail for mail, _ in _read(context, user, mails)]


def _read(
    context: Context, user: CurrentUser, mails: Sequence[LocatedMail]
) -> list[tuple[MailContext, CopyFacts]]:
    with context.begin() as tx:
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        copies = read_copy_facts(tx, user, mails, internals)
        senders = sender_rules.read_senders(tx, user.box.id)
        settings = context.settings
        return [
            (
                MailContext.read(
                    tx, user, copy, settings=settings, internals=internals, senders=senders
                ),
                copy,
            )
            for copy in copies
        ]


def _build_status(mail: MailContext, copy: CopyFacts) -> MailStatus:
    status, reason = rules.decide_status(copy, mail.exclusion_reason)
    found = match_organisations(mail.people, mail.directory)
    origin = rules.decide_origin(copy, status)
    item, sender = copy.current_item, copy.head.sender
    is_external = sender is not None and sender in mail.people
    return MailStatus(
        status=status,
        reason=reason,
        detail=item.detail if item else None,
        forecast=_forecast(copy, found) if status is DisplayStatus.NEW else None,
        targets=tuple(list_targets(mail, copy, status, found)),
        candidates=tuple(list_candidates(mail, copy, status, found)),
        addresses=tuple(p.written or p.address for p in mail.people if "@" in p.address),
        progress=rules.decide_progress(copy, status),
        at=_changed_at(copy, origin),
        took_seconds=rules.sync_duration_s(copy, status),
        origin=origin,
        by=_synced_by(mail, copy, origin),
        actions=rules.allowed_actions(
            status,
            reason,
            is_nobody_known=isinstance(found, NoMatch) and not copy.kept_filings,
            is_filed_by_other_copy=copy.is_filed_by_other_copy,
        ),
        sender=sender if is_external else None,
        always_sync=is_external and sender is not None and sender.folded in mail.senders,
        withdrawn=tuple(list_withdrawn(mail, copy)),
        other_copy=copy.other_copy,
        along=_view_along(mail, copy, status),
        sensitivity=view_sensitivity(_sensitivity(copy)),
    )


def _view_along(mail: MailContext, copy: CopyFacts, status: DisplayStatus) -> AlongView:
    is_new = status is DisplayStatus.NEW and not copy.is_filed_by_other_copy
    return view_along(
        copy.along,
        mail.settings.along,
        copy.documents,
        is_filed=any(f.activity_id is not None for f in copy.active_filings),
        is_open=is_new or status in {DisplayStatus.WAITING, DisplayStatus.PARKED},
    )


def _sensitivity(copy: CopyFacts) -> int | None:
    """How private the mail is: as Outlook says now, else as it was when it was read."""
    return copy.head.sensitivity or (copy.email.sensitivity if copy.email else None)


def _changed_at(copy: CopyFacts, origin: Origin | None) -> datetime | None:
    """When the item got its state; before `discover` has made one, when the button was pressed."""
    if copy.current_item:
        return copy.current_item.state_at
    return copy.request.requested_at if copy.request and origin else None


def _forecast(copy: CopyFacts, found: Match) -> Forecast:
    """KNOWN for a mail that was in webCRM before, even if nobody on it is a contact."""
    is_decided = copy.is_filed_by_other_copy or copy.kept_filings
    return Forecast.KNOWN if is_decided else _FORECASTS[type(found)]


def _synced_by(mail: MailContext, copy: CopyFacts, origin: Origin | None) -> str | None:
    if origin is None:
        return None
    return copy.request.by if origin is Origin.BUTTON and copy.request else mail.owner_name
