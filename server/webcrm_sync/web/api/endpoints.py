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
    versions,
)
from webcrm_sync.engine.pane import undo as undoing
from webcrm_sync.engine.pane.mail_lookup import NOT_HERE, CurrentUser
from webcrm_sync.engine.pane.mail_status_rules import NOT_FOUND, MailState
from webcrm_sync.web.api import schemas
from webcrm_sync.web.api.routes import By, Later, Operations, Visitor

BASE = "/api/v1"
operations = Operations()


@operations.post("/mails/state", asks=schemas.Mails, answers=schemas.MailStates)
def state(context: Context, user: CurrentUser, asked: schemas.Mails) -> schemas.MailStates:
    """The state of each mail; 404 when none of them is in the person's mailbox."""
    found = mail_status.statuses(context, user, [mail.ref for mail in asked.mails])
    if all(one is NOT_FOUND for one, _ in found):
        raise Gone(NOT_HERE)
    mails, tokens = zip(*found, strict=True)
    return schemas.MailStates(mails=[_shape(one) for one in mails], versions=list(tokens))


@operations.post(
    "/mails/changed", asks=schemas.ShownVersion, answers=schemas.ChangedShape, by=By.VISITOR
)
def changed(
    context: Context, visitor: Visitor, asked: schemas.ShownVersion
) -> schemas.ChangedShape | Later:
    """False while what was answered with this version is still true."""
    user_id, token = visitor.user_id, asked.version
    (is_changed,) = versions.are_changed(context, [(user_id, token)])
    if is_changed or not asked.waits:
        return schemas.ChangedShape(is_changed=is_changed)

    def begin(finish: Callable[[BaseModel], None]) -> None:
        visitor.watch.add(user_id, token, lambda so: finish(schemas.ChangedShape(is_changed=so)))

    return Later(schemas.ChangedShape(is_changed=False), begin)


@operations.post("/mails/sync", asks=schemas.SyncMail, answers=schemas.MailStateShape)
def sync(context: Context, user: CurrentUser, asked: schemas.SyncMail) -> schemas.MailStateShape:
    """The mail's state after it was moved into the sync folder."""
    chosen = asked.organisation_ids or []
    return _shape(actions.sync(context, user, asked.mail.ref, organisation_ids=chosen))


@operations.post("/mails/choose", asks=schemas.ChooseMail, answers=schemas.MailStateShape)
def choose(
    context: Context, user: CurrentUser, asked: schemas.ChooseMail
) -> schemas.MailStateShape:
    """The mail's state after the person chose where it stands."""
    chosen, replaces = asked.organisation_id, asked.replaces
    return _shape(actions.choose(context, user, asked.mail.ref, chosen, replaces=replaces))


@operations.post("/mails/retry", asks=schemas.OneMail, answers=schemas.MailStateShape)
def retry(context: Context, user: CurrentUser, asked: schemas.OneMail) -> schemas.MailStateShape:
    """The mail's state after it was taken up again, at once."""
    return _shape(actions.retry(context, user, asked.mail.ref))


@operations.post("/mails/anyway", asks=schemas.OneMail, answers=schemas.MailStateShape)
def anyway(context: Context, user: CurrentUser, asked: schemas.OneMail) -> schemas.MailStateShape:
    """The mail's state after a person wants it synced although it was left out."""
    return _shape(actions.anyway(context, user, asked.mail.ref))


@operations.post("/mails/undo", asks=schemas.OneMail, answers=schemas.MailStateShape)
def undo(context: Context, user: CurrentUser, asked: schemas.OneMail) -> schemas.MailStateShape:
    """The mail's state after it was taken back, out of the folder and out of webCRM."""
    return _shape(undoing.undo(context, user, asked.mail.ref))


@operations.post("/mails/story", asks=schemas.OneMail, answers=schemas.StoryShape)
def tell(context: Context, user: CurrentUser, asked: schemas.OneMail) -> schemas.StoryShape:
    """The mail's story, newest last."""
    lines, took = timeline.timeline_of_copy(context, user, asked.mail.ref)
    told = [schemas.LineShape.model_validate(one) for one in lines]
    return schemas.StoryShape(lines=told, took_seconds=took)


@operations.get("/organisations", asks=schemas.Search, answers=schemas.Organisations)
def organisations(
    context: Context, user: CurrentUser, asked: schemas.Search
) -> schemas.Organisations:
    """At most 20 Organisations with that in their name; case and accents do not count."""
    del user
    found = mailbox_status.organisations(context, asked.search)
    return schemas.Organisations(
        organisations=[schemas.OrganisationShape.model_validate(one) for one in found]
    )


@operations.post("/contacts", asks=schemas.ContactDraft, answers=schemas.NewContact)
def create_contact(
    context: Context, user: CurrentUser, asked: schemas.ContactDraft
) -> schemas.NewContact:
    """The contact, made in webCRM unless it is there; the mail that waits for it files itself."""
    del user
    draft = contacts.PersonDraft(asked.name, asked.address, asked.organisation_id)
    return schemas.NewContact(person_id=contacts.create_contact(context, draft))


@operations.get("/rules", answers=schemas.Senders)
def senders(context: Context, user: CurrentUser, asked: None) -> schemas.Senders:
    """The addresses whose mail is always synced."""
    del asked
    return schemas.Senders(addresses=list(sender_rules.senders(context, user)))


@operations.put("/rules/{address}", asks=schemas.Sender)
def always_sync(context: Context, user: CurrentUser, asked: schemas.Sender) -> None:
    """From now on a rule in Outlook moves this sender's mail into the sync folder."""
    sender_rules.always_sync(context, user, asked.address)


@operations.delete("/rules/{address}", asks=schemas.Sender)
def sync_no_more(context: Context, user: CurrentUser, asked: schemas.Sender) -> None:
    """No rule of ours moves this sender's mail any more."""
    sender_rules.sync_no_more(context, user, asked.address)


@operations.get("/connection", answers=schemas.ConnectionShape)
def connected(context: Context, user: CurrentUser, asked: None) -> schemas.ConnectionShape:
    """How the person's mailbox stands."""
    del asked
    return schemas.ConnectionShape.model_validate(mailbox_status.connection(context, user))


def _shape(found: MailState) -> schemas.MailStateShape:
    return schemas.MailStateShape.model_validate(found)
