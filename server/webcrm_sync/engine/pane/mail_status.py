"""Where people ask about their mails: the state of each, read from our tables and its head."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

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
from webcrm_sync.engine.isolation import incidents
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.engine.pane import mail_status_rules
from webcrm_sync.engine.pane.copy_facts import read_copy_facts
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef, locate
from webcrm_sync.engine.pane.mail_status_rules import (
    NOT_FOUND,
    Candidate,
    CopyFacts,
    DisplayStatus,
    Forecast,
    MailState,
    MatchEvidence,
    TargetView,
    WithdrawnActivity,
)
from webcrm_sync.engine.pane.version_tokens import make_token
from webcrm_sync.settings import Settings
from webcrm_sync.store import directory, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.versions import Copy as Copied
from webcrm_sync.store.versions import Version, read_versions

logger = logging.getLogger(__name__)

#: In a list of mails: one about which something unforeseen was raised.
UNREADABLE = MailState(DisplayStatus.PARKED, Reason.UNFORESEEN)
_FORECASTS = {Matched: Forecast.KNOWN, Ambiguous: Forecast.SEVERAL, NoMatch: Forecast.NOBODY}


def statuses(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[tuple[MailState, str | None]]:
    """The state of each mail and its version token, in their order.

    A mail that is not there is told as NOT_FOUND, without a token, one of several that cannot be
    told as NOT_TOLD. One that is in a sync folder and was not read there yet is read now: without
    push its turn would come minutes later.
    """
    try:
        return _states(context, user, refs)
    except Exception as error:
        if len(refs) == 1 or incidents.is_trouble(error):
            raise
    return [_state_alone(context, user, ref) for ref in refs]


def _state_alone(context: Context, user: CurrentUser, ref: MailRef) -> tuple[MailState, str | None]:
    try:
        return _states(context, user, [ref])[0]
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        logger.error("mail_not_told", extra={"trace": format_trace(error)})
        return UNREADABLE, None


def _states(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[tuple[MailState, str | None]]:
    pointed = locate(context, user, refs)
    found = [p for p in pointed if p]
    copies = [Copied(user.box.user_id, p.graph_id, p.head.message_id) for p in found]
    read = read_versions(context.database, context.company_id, copies) if copies else []
    known = list(zip(found, read, read_statuses(context, user, found), strict=True))
    if unread := {p.head.folder_id for p, v, _ in known if v and not v.is_met}:
        _hint_unread(context, user, unread)
    answers = iter([(state, _token(context, user, p, v, state)) for p, v, state in known])
    return [next(answers) if p else (NOT_FOUND, None) for p in pointed]


def _hint_unread(context: Context, user: CurrentUser, folder_ids: Set[str]) -> None:
    with context.begin() as tx:
        folders = mailboxes.folders(tx, user.box.id)
        unread = [f.id for f in folders if f.graph_id in folder_ids and f.hinted_at is None]
        mailboxes.request_read(tx, unread)


def _token(
    context: Context,
    user: CurrentUser,
    one: LocatedMail,
    version: Version | None,
    state: MailState,
) -> str | None:
    if version is None:
        return None
    is_on_its_way = state.state is DisplayStatus.ON_ITS_WAY
    return make_token(context, user.box.user_id, one.head, version, is_on_its_way=is_on_its_way)


def read_statuses(
    context: Context, user: CurrentUser, pointed: Sequence[LocatedMail]
) -> list[MailState]:
    """The state of each of these copies, from our tables alone."""
    with context.begin() as tx:
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        copies = read_copy_facts(tx, user, pointed, internals)
        senders = sync_requests.senders(tx, user.box.id)
        rooms = [
            MailContext.of(
                tx, user, copy, settings=context.settings, internals=internals, senders=senders
            )
            for copy in copies
        ]
    return [_state(room, copy) for room, copy in zip(rooms, copies, strict=True)]


@dataclass(frozen=True, slots=True)
class MailContext:
    """What surrounds one copy: who is internal, what webCRM knows of its people, the names."""

    settings: Settings
    people: tuple[Party, ...]
    exclusion_reason: Reason | None
    book: Directory
    names: Mapping[int, str]
    senders: frozenset[str]
    owner: str

    @classmethod
    def of(
        cls,
        tx: Tx,
        user: CurrentUser,
        copy: CopyFacts,
        *,
        settings: Settings,
        internals: Internals,
        senders: frozenset[str],
    ) -> MailContext:
        """The surroundings of this copy."""
        people = external_people(copy.head, internals)
        book = directory.look_up(tx, [p.folded for p in people], {p.domain for p in people})
        ids = {c.organisation_id for c in book.contacts} | {i for _, i in book.domains}
        ids |= {f.organisation_id for f in copy.filings}
        ids |= {w.move_to for w in (copy.wishes or {}).values() if w.move_to}
        return cls(
            settings=settings,
            people=people,
            exclusion_reason=_why_not(copy, people, internals, settings.never_sync),
            book=book,
            names=directory.organisation_names(tx, ids),
            senders=senders,
            owner=user.box.display_name,
        )

    def name(self, organisation_id: int) -> str:
        """The Organisation's name, or its number while the directory does not know it."""
        if not organisation_id:
            return ""
        return self.names.get(organisation_id) or f"Organisation {organisation_id}"

    def link(self, organisation_id: int) -> str | None:
        """Where webCRM shows the Organisation."""
        pattern = self.settings.webcrm_organisation_link
        is_shown = pattern and organisation_id
        return pattern.replace("{id}", str(organisation_id)) if is_shown else None


def _why_not(
    copy: CopyFacts, people: Sequence[Party], internals: Internals, never: frozenset[str]
) -> Reason | None:
    if copy.head.kind in NO_MAIL:
        return NO_MAIL[copy.head.kind]
    return matching.exclusion_reason(copy.head, people, internals, NeverSync.of(never))


def _state(room: MailContext, copy: CopyFacts) -> MailState:
    state, reason = mail_status_rules.decide_status(copy, room.exclusion_reason)
    found = match_organisations(room.people, room.book)
    is_filed_elsewhere = copy.is_filed_elsewhere and state is DisplayStatus.NEW
    forecast = _forecast(copy, found) if state is DisplayStatus.NEW else None
    way = mail_status_rules.decide_origin(copy, state)
    item, sender = copy.met, copy.head.sender
    is_external = sender is not None and sender in room.people
    return MailState(
        state=state,
        reason=reason,
        detail=item.detail if item else None,
        forecast=forecast,
        targets=tuple(_targets(room, copy, state, found)),
        candidates=()
        if is_filed_elsewhere or not isinstance(found, Ambiguous)
        else tuple(_candidates(room, found)),
        addresses=tuple(p.written or p.address for p in room.people if "@" in p.address),
        steps=mail_status_rules.decide_progress(copy, state),
        at=item.state_at if item else (copy.press.pressed_at if copy.press and way else None),
        took_seconds=mail_status_rules.sync_duration_s(copy, state),
        way=way,
        by=_by(room, copy, way),
        can=mail_status_rules.allowed_actions(
            state,
            reason,
            is_nobody_known=isinstance(found, NoMatch),
            is_filed_elsewhere=copy.is_filed_elsewhere,
        ),
        sender=sender if is_external else None,
        always_sync=is_external and sender is not None and sender.folded in room.senders,
        withdrawn=tuple(_withdrawn(room, copy)),
        elsewhere=copy.elsewhere,
    )


def _forecast(copy: CopyFacts, found: Matched | Ambiguous | NoMatch) -> Forecast:
    """A mail that another copy brought to webCRM counts as known, even where its people are not."""
    return Forecast.KNOWN if copy.is_filed_elsewhere else _FORECASTS[type(found)]


def _withdrawn(room: MailContext, copy: CopyFacts) -> Iterable[WithdrawnActivity]:
    """What webCRM keeps of a mail that was taken back as a whole."""
    if copy.met or copy.is_filed_elsewhere:
        return
    for filing in copy.filings:
        if filing.is_withdrawn and not filing.is_removed and filing.activity_id is not None:
            number = filing.organisation_id
            is_told = filing.id not in (copy.wishes or {})
            yield WithdrawnActivity(number, room.name(number), room.link(number), is_told)


def _by(room: MailContext, copy: CopyFacts, way: mail_status_rules.Origin | None) -> str | None:
    if way is None:
        return None
    return copy.press.by if way is mail_status_rules.Origin.BUTTON and copy.press else room.owner


def _targets(
    room: MailContext, copy: CopyFacts, state: DisplayStatus, found: Matched | Ambiguous | NoMatch
) -> Iterable[TargetView]:
    """Where the mail stands, or will stand."""
    if (copy.met or copy.is_filed_elsewhere) and copy.standing:
        for filing in copy.standing:
            wish = (copy.wishes or {}).get(filing.id)
            target = filing.target
            if wish and wish.move_to:
                target = Target(wish.move_to, None, MatchedBy.PERSON)
            yield _where(room, target, filing.activity_id)
        return
    activity_id = copy.mirrored if state is DisplayStatus.MIRRORED else None
    if isinstance(found, Matched) and state in {
        DisplayStatus.NEW,
        DisplayStatus.MIRRORED,
        DisplayStatus.ON_ITS_WAY,
    }:
        for target in found.targets:
            yield _where(room, target, activity_id)


def _where(room: MailContext, target: Target, activity_id: int | None) -> TargetView:
    contacts = (c for c in room.book.contacts if c.person_id == target.person_id)
    contact = next(contacts, None)
    number = target.organisation_id
    return TargetView(
        organisation_id=number,
        organisation=room.name(number),
        link=room.link(number),
        person=contact.name or None if contact else None,
        address=display_address(contact.address) if contact else None,
        activity_id=activity_id,
    )


def _candidates(room: MailContext, found: Ambiguous) -> Iterable[Candidate]:
    for target in found.candidates:
        number = target.organisation_id
        why, who = _why(room.book, target)
        yield Candidate(number, room.name(number), why, who)


def _why(book: Directory, target: Target) -> tuple[MatchEvidence, str]:
    """What points at this Organisation: the contact's name or address, or the domain."""
    for contact in book.contacts:
        if contact.organisation_id == target.organisation_id:
            return MatchEvidence.CONTACT, contact.name or display_address(contact.address)
    domain = next((d for d, i in book.domains if i == target.organisation_id), "")
    return MatchEvidence.DOMAIN, display_address(domain)
