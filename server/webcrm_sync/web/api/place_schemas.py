"""The JSON of the requests that choose and edit places, and of the suggestions for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from webcrm_sync.core.places import MOST_PLACES, ChosenPlaces
from webcrm_sync.web.api.along_schemas import AlongShape
from webcrm_sync.web.api.json_model import (
    JsonModel,
    OpportunityId,
    OrganisationId,
    OrganisationIdOrNone,
)
from webcrm_sync.web.api.schemas import CandidateShape, MailRequest, OrganisationShape


class PlaceShape(JsonModel):
    """A place of a mail: an Organisation and, where chosen, an Opportunity."""

    organisation_id: OrganisationId
    opportunity_id: OpportunityId | None = None


Places = Annotated[list[PlaceShape], Field(max_length=MOST_PLACES)]


def exact_places(places: list[PlaceShape]) -> ChosenPlaces:
    """The list that the person made, as a value of the engine."""
    pairs = {p.organisation_id: p.opportunity_id for p in places}
    with_opportunity = tuple((o, op) for o, op in pairs.items() if op)
    return ChosenPlaces(tuple(pairs), is_exact=True, opportunities=with_opportunity)


class SyncRequest(MailRequest):
    """A mail to sync, and where the person wants it.

    `places`: all of its places, null = those that matching finds. `organisationIds`: the same from
    an earlier version of the pane; they may replace a place only where it is clear which one.
    `along`: null = what was chosen before, else what the settings say. `evenIfPrivate`: the person
    was asked about a private mail.
    """

    organisation_ids: Annotated[list[OrganisationId], Field(max_length=MOST_PLACES)] | None = None
    places: Places | None = None
    along: AlongShape | None = None
    even_if_private: bool = False

    @property
    def chosen(self) -> ChosenPlaces:
        """The choice as a value of the engine."""
        if self.places is None:
            return ChosenPlaces(tuple(dict.fromkeys(self.organisation_ids or ())))
        return exact_places(self.places)


class AddPlaceRequest(MailRequest):
    """A mail, and the Organisation to file it under too."""

    organisation_id: OrganisationId
    opportunity_id: OpportunityId | None = None


class RemovePlaceRequest(MailRequest):
    """A mail, and the Organisation to take it away from."""

    organisation_id: OrganisationId


class MovePlaceRequest(MailRequest):
    """A mail, the Organisation to take it away from, 0 = none, and the one to file it under."""

    organisation_id: OrganisationIdOrNone
    to: OrganisationId


class PlaceOpportunityRequest(MailRequest):
    """A mail, one of its places, and the Opportunity to file it under there; null = none."""

    organisation_id: OrganisationId
    opportunity_id: OpportunityId | None


class SuggestionsShape(JsonModel):
    """Organisations that a person may add to a mail, none twice.

    `candidates`: of people on the mail. `recent`: the last five under which the person filed mails.
    """

    candidates: list[CandidateShape]
    recent: list[OrganisationShape]
