"""The operations of the API: each view translates a request for the engine, and its answer back.

A new operation is a model in `schemas`, a view here and the work in `engine/pane`. Its route, the
checks of each request and its part of the OpenAPI document follow from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from webcrm_sync.core.errors import Gone
from webcrm_sync.core.places import AddPlace, MovePlace, PlaceEdit, RemovePlace
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.history import timeline
from webcrm_sync.engine.pane import (
    actions,
    contacts,
    customers,
    mail_status,
    mailbox_status,
    organisations,
    place_actions,
    sender_rules,
    suggestions,
    version_tokens,
)
from webcrm_sync.engine.pane import undo as undo_action
from webcrm_sync.engine.pane.mail_lookup import NOT_HERE, CurrentUser
from webcrm_sync.engine.pane.mail_status_rules import NOT_FOUND, MailStatus
from webcrm_sync.web.api import customer_schemas, place_schemas, schemas
from webcrm_sync.web.api.routes import Caller, DeferredAnswer, Operations, SignedInCaller

BASE = "/api/v1"
operations = Operations()


@operations.post("/mails/state", request=schemas.MailsRequest, answer=schemas.MailStatesShape)
def read_states(
    context: Context, user: CurrentUser, request: schemas.MailsRequest
) -> schemas.MailStatesShape:
    """The state of each mail; 404 when none of them is in the person's mailbox."""
    found = mail_status.find_statuses(context, user, [mail.ref for mail in request.mails])
    if all(state is NOT_FOUND for state, _ in found):
        raise Gone(NOT_HERE)
    states, tokens = zip(*found, strict=True)
    return schemas.MailStatesShape(mails=[_shape(state) for state in states], versions=list(tokens))


@operations.post(
    "/mails/changed",
    request=schemas.ChangedRequest,
    answer=schemas.ChangedShape,
    caller=Caller.SIGNED_IN,
)
def check_changed(
    context: Context, caller: SignedInCaller, request: schemas.ChangedRequest
) -> schemas.ChangedShape | DeferredAnswer:
    """False while the answer that came with this version still holds."""
    user_id, token = caller.user_id, request.version
    (is_changed,) = version_tokens.have_changed(context, [(user_id, token)])
    if is_changed or not request.waits:
        return schemas.ChangedShape(is_changed=is_changed)

    def begin(finish: Callable[[BaseModel], None]) -> None:
        def send(is_changed: bool) -> None:
            finish(schemas.ChangedShape(is_changed=is_changed))

        caller.watch.add(user_id, token, send)

    return DeferredAnswer(schemas.ChangedShape(is_changed=False), begin)


@operations.post("/mails/sync", request=place_schemas.SyncRequest, answer=schemas.MailStateShape)
def sync(
    context: Context, user: CurrentUser, request: place_schemas.SyncRequest
) -> schemas.MailStateShape:
    """The mail's state after the move into the sync folder."""
    state = actions.sync(
        context,
        user,
        request.mail.ref,
        chosen=request.chosen,
        along=request.along.along if request.along else None,
        even_if_private=request.even_if_private,
    )
    return _shape(state)


@operations.post("/mails/choose", request=schemas.ChooseRequest, answer=schemas.MailStateShape)
def choose(
    context: Context, user: CurrentUser, request: schemas.ChooseRequest
) -> schemas.MailStateShape:
    """The mail's state after the person chose its Organisation."""
    chosen, replaces = request.organisation_id, request.replaces
    return _shape(actions.choose(context, user, request.mail.ref, chosen, replaces=replaces))


@operations.post(
    "/mails/places/add", request=place_schemas.AddPlaceRequest, answer=schemas.MailStateShape
)
def add_place(
    context: Context, user: CurrentUser, request: place_schemas.AddPlaceRequest
) -> schemas.MailStateShape:
    """The mail's state after it is filed under this Organisation too."""
    edit, opportunity_id = AddPlace(request.organisation_id), request.opportunity_id
    return _edit(context, user, request, edit, opportunity_id=opportunity_id)


@operations.post(
    "/mails/places/remove", request=place_schemas.RemovePlaceRequest, answer=schemas.MailStateShape
)
def remove_place(
    context: Context, user: CurrentUser, request: place_schemas.RemovePlaceRequest
) -> schemas.MailStateShape:
    """The mail's state after it is taken away from this Organisation; 409 for its last place."""
    return _edit(context, user, request, RemovePlace(request.organisation_id))


@operations.post(
    "/mails/places/move", request=place_schemas.MovePlaceRequest, answer=schemas.MailStateShape
)
def move_place(
    context: Context, user: CurrentUser, request: place_schemas.MovePlaceRequest
) -> schemas.MailStateShape:
    """The mail's state after it is filed under another Organisation instead of this one."""
    return _edit(context, user, request, MovePlace(request.organisation_id, request.to))


def _edit(
    context: Context,
    user: CurrentUser,
    request: schemas.MailRequest,
    edit: PlaceEdit,
    *,
    opportunity_id: int | None = None,
) -> schemas.MailStateShape:
    ref = request.mail.ref
    edited = place_actions.edit_places(context, user, ref, edit, opportunity_id=opportunity_id)
    return _shape(edited)


@operations.post(
    "/mails/places/opportunity",
    request=place_schemas.PlaceOpportunityRequest,
    answer=schemas.MailStateShape,
)
def choose_opportunity(
    context: Context, user: CurrentUser, request: place_schemas.PlaceOpportunityRequest
) -> schemas.MailStateShape:
    """The mail's state after the person chose the Opportunity of one place."""
    place, chosen = request.organisation_id, request.opportunity_id
    return _shape(place_actions.choose_opportunity(context, user, request.mail.ref, place, chosen))


@operations.post(
    "/mails/suggestions", request=schemas.MailRequest, answer=place_schemas.SuggestionsShape
)
def suggest(
    context: Context, user: CurrentUser, request: schemas.MailRequest
) -> place_schemas.SuggestionsShape:
    """Organisations that the person may add to the mail, each with its reason."""
    found = suggestions.suggest(context, user, request.mail.ref)
    return place_schemas.SuggestionsShape.model_validate(found)


@operations.post("/mails/retry", request=schemas.MailRequest, answer=schemas.MailStateShape)
def retry(
    context: Context, user: CurrentUser, request: schemas.MailRequest
) -> schemas.MailStateShape:
    """The mail's state after an immediate retry."""
    return _shape(actions.retry(context, user, request.mail.ref))


@operations.post("/mails/anyway", request=schemas.MailRequest, answer=schemas.MailStateShape)
def sync_anyway(
    context: Context, user: CurrentUser, request: schemas.MailRequest
) -> schemas.MailStateShape:
    """The mail's state after the person has a skipped mail synced."""
    return _shape(actions.sync_anyway(context, user, request.mail.ref))


@operations.post("/mails/undo", request=schemas.MailRequest, answer=schemas.MailStateShape)
def undo(
    context: Context, user: CurrentUser, request: schemas.MailRequest
) -> schemas.MailStateShape:
    """The mail's state after it left the sync folder and webCRM."""
    return _shape(undo_action.undo(context, user, request.mail.ref))


@operations.post("/mails/story", request=schemas.MailRequest, answer=schemas.TimelineShape)
def read_timeline(
    context: Context, user: CurrentUser, request: schemas.MailRequest
) -> schemas.TimelineShape:
    """The events of the mail, newest last."""
    entries, took = timeline.read_own_timeline(context, user, request.mail.ref)
    lines = [schemas.TimelineEntryShape.model_validate(entry) for entry in entries]
    return schemas.TimelineShape(lines=lines, took_seconds=took)


@operations.get(
    "/organisations", request=schemas.OrganisationQuery, answer=schemas.OrganisationsShape
)
def find_organisations(
    context: Context, user: CurrentUser, request: schemas.OrganisationQuery
) -> schemas.OrganisationsShape:
    """At most 20 Organisations with the search in their name; case and accents do not count."""
    del user
    found = organisations.find_organisations(context, request.search)
    return schemas.OrganisationsShape(
        organisations=[schemas.OrganisationShape.model_validate(one) for one in found]
    )


@operations.post("/contacts", request=schemas.ContactRequest, answer=schemas.NewContactShape)
def create_contact(
    context: Context, user: CurrentUser, request: schemas.ContactRequest
) -> schemas.NewContactShape:
    """The contact in webCRM, created unless it exists; a mail that waits for it is then filed."""
    del user
    draft = contacts.PersonDraft(
        request.name,
        request.address,
        request.organisation_id,
        request.title or "",
        request.phone or "",
    )
    return schemas.NewContactShape(person_id=contacts.create_contact(context, draft))


@operations.post(
    "/mails/customer",
    request=customer_schemas.CustomerRequest,
    answer=customer_schemas.NewCustomerShape,
)
def create_customer(
    context: Context, user: CurrentUser, request: customer_schemas.CustomerRequest
) -> customer_schemas.NewCustomerShape:
    """The new Organisation and its contact in webCRM, each created once; the mail is synced there.

    Creates nothing if there are Organisations of nearly the same name, unless `evenIfSimilar`.
    """
    created = customers.create_customer(context, user, request.mail.ref, request.form)
    return customer_schemas.NewCustomerShape.model_validate(created)


@operations.get("/rules", answer=schemas.SendersShape)
def list_senders(context: Context, user: CurrentUser, request: None) -> schemas.SendersShape:
    """The addresses whose mail is always synced."""
    del request
    return schemas.SendersShape(addresses=list(sender_rules.list_senders(context, user)))


@operations.put("/rules/{address}", request=schemas.SenderPath)
def add_sender(context: Context, user: CurrentUser, request: schemas.SenderPath) -> None:
    """From now on a rule in Outlook moves this sender's mail into the sync folder."""
    sender_rules.add_sender(context, user, request.address)


@operations.delete("/rules/{address}", request=schemas.SenderPath)
def remove_sender(context: Context, user: CurrentUser, request: schemas.SenderPath) -> None:
    """From now on no rule of the product moves this sender's mail."""
    sender_rules.remove_sender(context, user, request.address)


@operations.get("/connection", answer=schemas.ConnectionShape)
def read_connection(context: Context, user: CurrentUser, request: None) -> schemas.ConnectionShape:
    """The status of the person's mailbox."""
    del request
    return schemas.ConnectionShape.model_validate(mailbox_status.read_connection(context, user))


def _shape(state: MailStatus) -> schemas.MailStateShape:
    return schemas.MailStateShape.model_validate(state)
