"""The API behind the add-in: views that only translate."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from webcrm_sync.core.errors import Gone
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.history import timeline
from webcrm_sync.engine.pane import (
    actions,
    contacts,
    mail_status,
    mailbox_status,
    sender_rules,
    version_tokens,
)
from webcrm_sync.engine.pane import undo as undoing
from webcrm_sync.engine.pane.mail_lookup import NOT_HERE, CurrentUser
from webcrm_sync.engine.pane.mail_status_rules import NOT_FOUND, MailState
from webcrm_sync.web.api import schemas
from webcrm_sync.web.api.routes import Caller, DeferredAnswer, Operations, SignedInCaller

BASE = "/api/v1"
operations = Operations()


@operations.post("/mails/state", asks=schemas.MailsRequest, answers=schemas.MailStatesShape)
def state(
    context: Context, user: CurrentUser, asked: schemas.MailsRequest
) -> schemas.MailStatesShape:
    """The state of each mail; 404 when none of them is in the person's mailbox."""
    found = mail_status.statuses(context, user, [mail.ref for mail in asked.mails])
    if all(one is NOT_FOUND for one, _ in found):
        raise Gone(NOT_HERE)
    mails, tokens = zip(*found, strict=True)
    return schemas.MailStatesShape(mails=[_shape(one) for one in mails], versions=list(tokens))


@operations.post(
    "/mails/changed", asks=schemas.ChangedRequest, answers=schemas.ChangedShape, by=Caller.VISITOR
)
def changed(
    context: Context, visitor: SignedInCaller, asked: schemas.ChangedRequest
) -> schemas.ChangedShape | DeferredAnswer:
    """False while what was answered with this version is still true."""
    user_id, token = visitor.user_id, asked.version
    (is_changed,) = version_tokens.have_changed(context, [(user_id, token)])
    if is_changed or not asked.waits:
        return schemas.ChangedShape(is_changed=is_changed)

    def begin(finish: Callable[[BaseModel], None]) -> None:
        visitor.watch.add(user_id, token, lambda so: finish(schemas.ChangedShape(is_changed=so)))

    return DeferredAnswer(schemas.ChangedShape(is_changed=False), begin)


@operations.post("/mails/sync", asks=schemas.SyncRequest, answers=schemas.MailStateShape)
def sync(context: Context, user: CurrentUser, asked: schemas.SyncRequest) -> schemas.MailStateShape:
    """The mail's state after it was moved into the sync folder."""
    chosen = asked.organisation_ids or []
    return _shape(actions.sync(context, user, asked.mail.ref, organisation_ids=chosen))


@operations.post("/mails/choose", asks=schemas.ChooseRequest, answers=schemas.MailStateShape)
def choose(
    context: Context, user: CurrentUser, asked: schemas.ChooseRequest
) -> schemas.MailStateShape:
    """The mail's state after the person chose where it stands."""
    chosen, replaces = asked.organisation_id, asked.replaces
    return _shape(actions.choose(context, user, asked.mail.ref, chosen, replaces=replaces))


@operations.post("/mails/retry", asks=schemas.MailRequest, answers=schemas.MailStateShape)
def retry(
    context: Context, user: CurrentUser, asked: schemas.MailRequest
) -> schemas.MailStateShape:
    """The mail's state after it was taken up again, at once."""
    return _shape(actions.retry(context, user, asked.mail.ref))


@operations.post("/mails/anyway", asks=schemas.MailRequest, answers=schemas.MailStateShape)
def anyway(
    context: Context, user: CurrentUser, asked: schemas.MailRequest
) -> schemas.MailStateShape:
    """The mail's state after a person wants it synced although it was left out."""
    return _shape(actions.sync_anyway(context, user, asked.mail.ref))


@operations.post("/mails/undo", asks=schemas.MailRequest, answers=schemas.MailStateShape)
def undo(context: Context, user: CurrentUser, asked: schemas.MailRequest) -> schemas.MailStateShape:
    """The mail's state after it was taken back, out of the folder and out of webCRM."""
    return _shape(undoing.undo(context, user, asked.mail.ref))


@operations.post("/mails/story", asks=schemas.MailRequest, answers=schemas.TimelineShape)
def tell(context: Context, user: CurrentUser, asked: schemas.MailRequest) -> schemas.TimelineShape:
    """The mail's story, newest last."""
    lines, took = timeline.read_own_timeline(context, user, asked.mail.ref)
    told = [schemas.TimelineEntryShape.model_validate(one) for one in lines]
    return schemas.TimelineShape(lines=told, took_seconds=took)


@operations.get(
    "/organisations", asks=schemas.OrganisationQuery, answers=schemas.OrganisationsShape
)
def organisations(
    context: Context, user: CurrentUser, asked: schemas.OrganisationQuery
) -> schemas.OrganisationsShape:
    """At most 20 Organisations with that in their name; case and accents do not count."""
    del user
    found = mailbox_status.find_organisations(context, asked.search)
    return schemas.OrganisationsShape(
        organisations=[schemas.OrganisationShape.model_validate(one) for one in found]
    )


@operations.post("/contacts", asks=schemas.ContactRequest, answers=schemas.NewContactShape)
def create_contact(
    context: Context, user: CurrentUser, asked: schemas.ContactRequest
) -> schemas.NewContactShape:
    """The contact, made in webCRM unless it is there; the mail that waits for it files itself."""
    del user
    draft = contacts.PersonDraft(asked.name, asked.address, asked.organisation_id)
    return schemas.NewContactShape(person_id=contacts.create_contact(context, draft))


@operations.get("/rules", answers=schemas.SendersShape)
def senders(context: Context, user: CurrentUser, asked: None) -> schemas.SendersShape:
    """The addresses whose mail is always synced."""
    del asked
    return schemas.SendersShape(addresses=list(sender_rules.list_senders(context, user)))


@operations.put("/rules/{address}", asks=schemas.SenderPath)
def always_sync(context: Context, user: CurrentUser, asked: schemas.SenderPath) -> None:
    """From now on a rule in Outlook moves this sender's mail into the sync folder."""
    sender_rules.add_sender(context, user, asked.address)


@operations.delete("/rules/{address}", asks=schemas.SenderPath)
def sync_no_more(context: Context, user: CurrentUser, asked: schemas.SenderPath) -> None:
    """No rule of ours moves this sender's mail any more."""
    sender_rules.remove_sender(context, user, asked.address)


@operations.get("/connection", answers=schemas.ConnectionShape)
def connected(context: Context, user: CurrentUser, asked: None) -> schemas.ConnectionShape:
    """How the person's mailbox stands."""
    del asked
    return schemas.ConnectionShape.model_validate(mailbox_status.read_connection(context, user))


def _shape(found: MailState) -> schemas.MailStateShape:
    return schemas.MailStateShape.model_validate(found)
