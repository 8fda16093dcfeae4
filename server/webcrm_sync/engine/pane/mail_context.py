"""What the status of a copy depends on besides the copy: directory, settings, senders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.direction import Internals, NeverSync, external_people
from webcrm_sync.core.matching import Directory
from webcrm_sync.core.message import Party
from webcrm_sync.core.opportunities import Opportunity
from webcrm_sync.core.states import NO_MAIL, Reason
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.engine.pane.mail_lookup import CurrentUser
from webcrm_sync.engine.pane.mail_status_rules import CopyFacts
from webcrm_sync.settings import Settings
from webcrm_sync.store import directory, opportunities
from webcrm_sync.store.database import Tx


@dataclass(frozen=True, slots=True)
class MailContext:
    """What the status of one copy depends on besides the copy itself.

    `people`: the external parties. `directory`: the contacts and domains among them.
    `organisation_names`: by id. `open_opportunities`: of each Organisation, those of these people
    first. `chosen_opportunities`: by id. `senders`: the addresses that the user always syncs.
    """

    settings: Settings
    people: tuple[Party, ...]
    exclusion_reason: Reason | None
    directory: Directory
    organisation_names: Mapping[int, str]
    open_opportunities: Mapping[int, Sequence[Opportunity]]
    chosen_opportunities: Mapping[int, Opportunity]
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
        ids |= set(copy.request.chosen.organisations if copy.request else ())
        ids |= {u.move_to for u in (copy.updates or {}).values() if u.move_to}
        person_ids = {c.person_id for c in known.contacts}
        return cls(
            settings=settings,
            people=people,
            exclusion_reason=_exclusion_reason(copy, people, internals, settings.never_sync),
            directory=known,
            organisation_names=directory.organisation_names(tx, ids),
            open_opportunities=opportunities.open_at(tx, ids, person_ids=person_ids),
            chosen_opportunities=opportunities.by_id(tx, _chosen_opportunities(copy)),
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


def _chosen_opportunities(copy: CopyFacts) -> set[int]:
    """Ids of the Opportunities under which the mail is filed or will be."""
    chosen = {f.opportunity_id for f in copy.filings}
    chosen |= {u.opportunity_id for u in (copy.updates or {}).values()}
    chosen |= {i for _, i in copy.request.chosen.opportunities} if copy.request else set()
    return {i for i in chosen if i is not None}


def _exclusion_reason(
    copy: CopyFacts, people: Sequence[Party], internals: Internals, never: frozenset[str]
) -> Reason | None:
    if copy.head.kind in NO_MAIL:
        return NO_MAIL[copy.head.kind]
    return matching.exclusion_reason(copy.head, people, internals, NeverSync.of(never))
