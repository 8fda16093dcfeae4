"""The places of a mail as the pane shows them, each with its reason, and what may be chosen."""

from __future__ import annotations

from collections.abc import Iterable

from webcrm_sync.core.addresses import display_address
from webcrm_sync.core.matching import (
    Ambiguous,
    Contact,
    Directory,
    Matched,
    MatchedBy,
    NoMatch,
    Target,
    find_candidates,
    find_person,
)
from webcrm_sync.engine.matching.opportunity_choice import planned_opportunity
from webcrm_sync.engine.matching.places import place_of
from webcrm_sync.engine.pane.mail_context import MailContext
from webcrm_sync.engine.pane.mail_status_rules import (
    Candidate,
    CopyFacts,
    DisplayStatus,
    MatchEvidence,
    TargetView,
    WithdrawnActivity,
)
from webcrm_sync.store.filings import Filing

#: A mail with one of these statuses has no filing to show, so the pane shows what a sync would do.
_SHOWS_FORECAST = frozenset({DisplayStatus.NEW, DisplayStatus.MIRRORED, DisplayStatus.ON_ITS_WAY})

Match = Matched | Ambiguous | NoMatch


def list_targets(
    mail: MailContext, copy: CopyFacts, status: DisplayStatus, found: Match
) -> Iterable[TargetView]:
    """The places under which the mail is filed, else those under which a sync files it."""
    if copy.has_current_filings:
        for filing in copy.active_filings:
            chosen = planned_opportunity(filing, (copy.updates or {}).get(filing.id))
            yield _view(mail, _target_of(copy, filing), filing.activity_id, chosen)
    elif status is DisplayStatus.MIRRORED:
        for target in found.targets if isinstance(found, Matched) else ():
            yield _view(mail, target, copy.mirrored_activity_id)
    elif status in _SHOWS_FORECAST:
        chosen_ids = dict(copy.request.chosen.opportunities) if copy.request else {}
        for target in _forecast(mail, copy, found):
            yield _view(mail, target, None, chosen_ids.get(target.organisation_id))


def _forecast(mail: MailContext, copy: CopyFacts, found: Match) -> Iterable[Target]:
    """The places of a mail once it is synced: a person's choice, then those from before Undo."""
    chosen = copy.request.chosen.organisations if copy.request else ()
    if chosen:
        return [_chosen(mail, organisation_id) for organisation_id in chosen]
    if copy.kept_filings:
        return [_target_of(copy, filing) for filing in copy.kept_filings]
    return found.targets if isinstance(found, Matched) else ()


def _target_of(copy: CopyFacts, filing: Filing) -> Target:
    """The filing's target, once a pending move is done."""
    place = place_of(filing, copy.updates or {})
    if place == filing.organisation_id:
        return filing.target
    return Target(place, None, MatchedBy.PERSON)


def _chosen(mail: MailContext, organisation_id: int) -> Target:
    person_id = find_person(mail.people, mail.directory, organisation_id)
    return Target(organisation_id, person_id, MatchedBy.PERSON)


def _view(
    mail: MailContext, target: Target, activity_id: int | None, opportunity_id: int | None = None
) -> TargetView:
    contacts = (c for c in mail.directory.contacts if c.person_id == target.person_id)
    contact = next(contacts, None)
    number = target.organisation_id
    evidence, evidence_name = _evidence_of(mail, target)
    open_ones = tuple(mail.open_opportunities.get(number, ()))
    own = [one.opportunity_id for one in open_ones if contact and one.person_id == target.person_id]
    return TargetView(
        organisation_id=number,
        organisation=mail.name(number),
        link=mail.link(number),
        person=contact.name or None if contact else None,
        address=display_address(contact.address) if contact else None,
        title=contact.title or None if contact else None,
        phone=contact.phone or None if contact else None,
        activity_id=activity_id,
        evidence=evidence,
        evidence_name=evidence_name,
        opportunity=mail.chosen_opportunities.get(opportunity_id or 0),
        opportunities=open_ones,
        offered=own[0] if len(own) == 1 and opportunity_id is None else None,
    )


def _evidence_of(mail: MailContext, target: Target) -> tuple[MatchEvidence | None, str | None]:
    """Why the mail is filed there: somebody on it, else the person who chose it."""
    candidates = find_candidates(mail.people, mail.directory)
    if any(c.organisation_id == target.organisation_id for c in candidates):
        return _find_evidence(mail.directory, target)
    return (MatchEvidence.PERSON if target.how is MatchedBy.PERSON else None), None


def list_candidates(
    mail: MailContext, copy: CopyFacts, status: DisplayStatus, found: Match
) -> Iterable[Candidate]:
    """The Organisations among which a person must choose.

    None for a new mail of which the places are decided: another copy brought it to webCRM, or it
    was there before.
    """
    is_decided = copy.is_filed_by_other_copy or copy.kept_filings
    if isinstance(found, Ambiguous) and not (is_decided and status is DisplayStatus.NEW):
        yield from view_candidates(mail, found.candidates)


def view_candidates(mail: MailContext, targets: Iterable[Target]) -> Iterable[Candidate]:
    """These Organisations, each with its reason."""
    for target in targets:
        number = target.organisation_id
        evidence, evidence_name = _find_evidence(mail.directory, target)
        yield Candidate(number, mail.name(number), evidence, evidence_name)


def _find_evidence(known: Directory, target: Target) -> tuple[MatchEvidence, str]:
    """What makes the Organisation a candidate: the contact's name or address, or the domain."""
    there = [c for c in known.contacts if c.organisation_id == target.organisation_id]
    there.sort(key=lambda c: c.person_id != target.person_id)
    if there:
        return MatchEvidence.CONTACT, _name_of(there[0])
    domain = next((d for d, i in known.domains if i == target.organisation_id), "")
    return MatchEvidence.DOMAIN, display_address(domain)


def _name_of(contact: Contact) -> str:
    return contact.name or display_address(contact.address)


def list_withdrawn(mail: MailContext, copy: CopyFacts) -> Iterable[WithdrawnActivity]:
    """The Activities that webCRM keeps of places that a person took away, or of the whole mail.

    None for a mail that is in webCRM by another copy only: its owner knows. A mail on its way is
    filed again under the places that it had before, so these are left out.
    """
    if copy.is_filed_by_other_copy:
        return
    restored = copy.kept_filings if copy.current_item else ()
    for filing in copy.filings:
        is_kept = filing.is_withdrawn and not filing.is_removed and filing not in restored
        if is_kept and filing.activity_id is not None:
            number = filing.organisation_id
            is_emptied = filing.id not in (copy.updates or {})
            yield WithdrawnActivity(number, mail.name(number), mail.link(number), is_emptied)
