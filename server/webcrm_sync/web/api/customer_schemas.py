"""The JSON of new customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.core.places import NO_CHOICE
from webcrm_sync.engine.pane.customers import CustomerForm
from webcrm_sync.web.api.along_schemas import AlongShape
from webcrm_sync.web.api.json_model import (
    NO_NUL,
    PLAIN_NAME,
    Address,
    JsonModel,
    OrganisationIdOrNone,
    ShortText,
)
from webcrm_sync.web.api.place_schemas import Places, exact_places
from webcrm_sync.web.api.schemas import MailRequest, MailStateShape, OrganisationShape


class NewOrganisationShape(JsonModel):
    """An Organisation to create. The lengths are those of webCRM's fields."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL), PLAIN_NAME
    ]
    domain: ShortText | None = None
    phone: ShortText | None = None
    www: ShortText | None = None

    @property
    def draft(self) -> OrganisationDraft:
        """The Organisation as a value of the engine."""
        return OrganisationDraft(self.name, self.domain or "", self.phone or "", self.www or "")


class FirstContactShape(JsonModel):
    """The contact to create at a new Organisation."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL), PLAIN_NAME
    ]
    address: Annotated[Address, Field(max_length=100)]
    title: ShortText | None = None
    phone: ShortText | None = None

    @property
    def draft(self) -> ContactDraft:
        """The contact as a value of the engine."""
        address = fold_address(self.address)
        return ContactDraft(self.name, address, self.title or "", self.phone or "")


class CustomerRequest(MailRequest):
    """A customer to create from a mail, which is then synced there.

    `evenIfSimilar`: the person has seen the similar Organisations, and none of them is meant.
    `places`, of a mail that is not synced yet: where else the person wants it, null = as matched.
    `replaces`: the place that the new Organisation takes over, 0 = filed without one, null = none.
    `along`, `evenIfPrivate`: as for a mail that is synced.
    """

    organisation: NewOrganisationShape
    contact: FirstContactShape | None = None
    even_if_similar: bool = False
    places: Places | None = None
    replaces: OrganisationIdOrNone | None = None
    along: AlongShape | None = None
    even_if_private: bool = False

    @property
    def form(self) -> CustomerForm:
        """The request as a value of the engine."""
        return CustomerForm(
            self.organisation.draft,
            self.contact.draft if self.contact else None,
            is_even_if_similar=self.even_if_similar,
            places=NO_CHOICE if self.places is None else exact_places(self.places),
            replaces=self.replaces,
            along=self.along.along if self.along else None,
            is_even_if_private=self.even_if_private,
        )


class NewCustomerShape(JsonModel):
    """What became of a new customer.

    With `similar` Organisations nothing was created: the person looks at them first. An id of null
    is not known yet, or no contact was wanted; the mail is then on its way. `isFirstKept`: an
    earlier form said something else, and the customer is as that one said.
    """

    similar: list[OrganisationShape]
    mail: MailStateShape | None
    organisation_id: int | None
    person_id: int | None
    is_first_kept: bool
