"""The status of mails for the pane: reads the facts, lets the rules decide, adds the names."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.addresses import display_address
from webcrm_sync.core.direction import Internals, NeverSync, external_people
from webcrm_sync.core.faults import format_trace
from webcrm_sync.core.matching import (
    Ambiguous,
    Directory,
    Matched,
    MatchedBy,
    NoMatch,
    Target,
    match_organisations,
)
from webcrm_sync.core.message import Party
from webcrm_sync.core.states import NO_MAIL, Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.engine.pane import mail_status_rules as rules
from webcrm_sync.engine.pane.copy_facts import read_copy_facts
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate
from webcrm_sync.engine.pane.mail_status_rules import (
    NOT_FOUND,
    Candidate,
    CopyFacts,
    DisplayStatus,
    Forecast,
    MailStatus,
    MatchEvidence,
    Origin,
    TargetView,
    WithdrawnActivity,
)
from webcrm_sync.engine.pane.version_tokens import make_token
from webcrm_sync.settings import Settings
from webcrm_sync.store import directory, folder_reads, mailboxes, sender_rules
from webcrm_sync.store.database import Tx
from webcrm_sync.store.pane_versions import Copy, Version, read_versions

logger = logging.getLogger(__name__)

#: Stands in a list for a mail whose status raised an unforeseen error.
UNREADABLE = MailStatus(DisplayStatus.PARKED, Reason.UNFORESEEN)
_FORECASTS = {Matched: Forecast.KNOWN, Ambiguous: Forecast.SEVERAL, NoMatch: Forecast.NOBODY}
#: A mail with one of these statuses has no filing to show, so matching says where it will be filed.
_SHOWS_MATCH = frozenset({DisplayStatus.NEW, DisplayStatus.MIRRORED, DisplayStatus.ON_ITS_WAY})

Match = Matched | Ambiguous | NoMatch


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
    with context.begin() as tx:
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        copies = read_copy_facts(tx, user, mails, internals)
        senders = sender_rules.read_senders(tx, user.box.id)
        mail_contexts = [
            MailContext.read(
                tx, user, copy, settings=context.settings, internals=internals, senders=senders
            )
            for copy in copies
        ]
    return [_build_status(mail, copy) for mail, copy in zip(mail_contexts, copies, strict=True)]


@dataclass(frozen=True, slots=True)
class MailContext:
    """What the status of one copy depends on besides the copy itself.

    `people`: the external parties. `directory`: the contacts and domains among them.
    `organisation_names`: by id. `senders`: the addresses that the user always syncs.
    """

    settings: Settings
    people: tuple[Party, ...]
    exclusion_reason: Reason | None
    directory: Directory
    organisation_names: Mapping[int, str]
    senders: frozenset[str]
    owner_name: str

    @classmethod
    def read(
        cls,
        tx: Tx,
        user: CurrentUser,
        copy: CopyFacts,
        *,
        settings: Settings,
        internals: Internals,
        senders: frozenset[str],
    ) -> MailContext:
        """The context of this copy."""
        people = external_people(copy.head, internals)
        known = directory.look_up(tx, [p.folded for p in people], {p.domain for p in people})
        ids = {c.organisation_id for c in known.contacts} | {i for _, i in known.domains}
        ids |= {f.organisation_id for f in copy.filings}
        ids |= {u.move_to for u in (copy.updates or {}).values() if u.move_to}
        return cls(
            settings=settings,
            people=people,
            exclusion_reason=_exclusion_reason(copy, people, internals, settings.never_sync),
            directory=known,
            organisation_names=directory.organisation_names(tx, ids),
            senders=senders,
            owner_name=user.box.display_name,
        )

    def name(self, organisation_id: int) -> str:
        """The Organisation's name, or its number while the directory does not know it."""
        if not organisation_id:
            return ""
        return self.organisation_names.get(organisation_id) or f"Organisation {organisation_id}"

    def link(self, organisation_id: int) -> str | None:
        """The address of the Organisation's page in webCRM, None = no pattern is configured."""
        pattern = self.settings.webcrm_organisation_link
        is_linked = pattern and organisation_id
        return pattern.replace("{id}", str(organisation_id)) if is_linked else None


def _exclusion_reason(
    copy: CopyFacts, people: Sequence[Party], internals: Internals, never: frozenset[str]
) -> Reason | None:
    if copy.head.kind in NO_MAIL:
        return NO_MAIL[copy.head.kind]
    return matching.exclusion_reason(copy.head, people, internals, NeverSync.of(never))


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
        targets=tuple(_targets(mail, copy, status, found)),
        candidates=tuple(_candidates(mail, copy, status, found)),
        addresses=tuple(p.written or p.address for p in mail.people if "@" in p.address),
        progress=rules.decide_progress(copy, status),
        at=_changed_at(copy, origin),
        took_seconds=rules.sync_duration_s(copy, status),
        origin=origin,
        by=_synced_by(mail, copy, origin),
        actions=rules.allowed_actions(
            status,
            reason,
            is_nobody_known=isinstance(found, NoMatch),
            is_filed_by_other_copy=copy.is_filed_by_other_copy,
        ),
        sender=sender if is_external else None,
        always_sync=is_external and sender is not None and sender.folded in mail.senders,
        withdrawn=tuple(_withdrawn_activities(mail, copy)),
        other_copy=copy.other_copy,
    )


def _changed_at(copy: CopyFacts, origin: Origin | None) -> datetime | None:
    """When the item got its state; before `discover` has made one, when the button was pressed."""
    if copy.current_item:
        return copy.current_item.state_at
    return copy.request.requested_at if copy.request and origin else None


def _forecast(copy: CopyFacts, found: Match) -> Forecast:
    """KNOWN for a mail that another copy brought to webCRM, even if nobody on it is a contact."""
    return Forecast.KNOWN if copy.is_filed_by_other_copy else _FORECASTS[type(found)]


def _withdrawn_activities(mail: MailContext, copy: CopyFacts) -> Iterable[WithdrawnActivity]:
    """The Activities that webCRM keeps although the mail was withdrawn entirely."""
    if copy.current_item or copy.is_filed_by_other_copy:
        return
    for filing in copy.filings:
        if filing.is_withdrawn and not filing.is_removed and filing.activity_id is not None:
            number = filing.organisation_id
            is_emptied = filing.id not in (copy.updates or {})
            yield WithdrawnActivity(number, mail.name(number), mail.link(number), is_emptied)


def _synced_by(mail: MailContext, copy: CopyFacts, origin: Origin | None) -> str | None:
    if origin is None:
        return None
    return copy.request.by if origin is Origin.BUTTON and copy.request else mail.owner_name


def _targets(
    mail: MailContext, copy: CopyFacts, status: DisplayStatus, found: Match
) -> Iterable[TargetView]:
    """The Organisations under which the mail is filed, else those that matching finds."""
    if (copy.current_item or copy.is_filed_by_other_copy) and copy.active_filings:
        for filing in copy.active_filings:
            update = (copy.updates or {}).get(filing.id)
            target = filing.target
            if update and update.move_to:
                target = Target(update.move_to, None, MatchedBy.PERSON)
            yield _view_target(mail, target, filing.activity_id)
    elif isinstance(found, Matched) and status in _SHOWS_MATCH:
        is_mirror = status is DisplayStatus.MIRRORED
        activity_id = copy.mirrored_activity_id if is_mirror else None
        for target in found.targets:
            yield _view_target(mail, target, activity_id)


def _view_target(mail: MailContext, target: Target, activity_id: int | None) -> TargetView:
    contacts = (c for c in mail.directory.contacts if c.person_id == target.person_id)
    contact = next(contacts, None)
    number = target.organisation_id
    return TargetView(
        organisation_id=number,
        organisation=mail.name(number),
        link=mail.link(number),
        person=contact.name or None if contact else None,
        address=display_address(contact.address) if contact else None,
        activity_id=activity_id,
    )


def _candidates(
    mail: MailContext, copy: CopyFacts, status: DisplayStatus, found: Match
) -> Iterable[Candidate]:
    """No candidates for a new mail that another copy brought to webCRM: it has been decided."""
    is_decided = copy.is_filed_by_other_copy and status is DisplayStatus.NEW
    if is_decided or not isinstance(found, Ambiguous):
        return
    for target in found.candidates:
        number = target.organisation_id
        evidence, evidence_name = _find_evidence(mail.directory, target)
        yield Candidate(number, mail.name(number), evidence, evidence_name)


def _find_evidence(known: Directory, target: Target) -> tuple[MatchEvidence, str]:
    """What makes the Organisation a candidate: the contact's name or address, or the domain."""
    for contact in known.contacts:
        if contact.organisation_id == target.organisation_id:
            return MatchEvidence.CONTACT, contact.name or display_address(contact.address)
    domain = next((d for d, i in known.domains if i == target.organisation_id), "")
    return MatchEvidence.DOMAIN, display_address(domain)
