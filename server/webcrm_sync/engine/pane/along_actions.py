"""What people decide about the parts of a mail, and about private mails."""

from __future__ import annotations

from webcrm_sync.core.along import Along, widen
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.message import PRIVATE
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail, MailRef
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus, MailStatus
from webcrm_sync.store import activity_updates, along_choices, filings, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.locks import lock_company

#: Why a sync is refused. The pane asks the person, and the ribbon shows the sentence.
PRIVATE_MAIL = "The sender marked this mail as private. Open the pane to sync it all the same."
_DECIDABLE = frozenset(
    {
        DisplayStatus.NEW,
        DisplayStatus.ON_ITS_WAY,
        DisplayStatus.SYNCED,
        DisplayStatus.WAITING,
        DisplayStatus.PARKED,
        DisplayStatus.SKIPPED,
    }
)


def is_held_as_private(shown: MailStatus) -> bool:
    """True for a private mail that a rule moved into the folder and no person wanted there."""
    return shown.status is DisplayStatus.PARKED and shown.reason is Reason.PRIVATE


def refuse_private(mail: LocatedMail, shown: MailStatus, *, even_if_private: bool) -> None:
    """Raise Refused for a private mail that the person has not been asked about."""
    is_new = shown.status is DisplayStatus.NEW and mail.head.sensitivity in PRIVATE
    if (is_new or is_held_as_private(shown)) and not even_if_private:
        raise Refused(PRIVATE_MAIL, code="PrivateMail")


def decide_along(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    mail: LocatedMail,
    shown: MailStatus,
    along: Along | None,
) -> None:
    """Save what the person chose to go along, and that the person wants the mail synced.

    None: no choice. Of a mail that is in webCRM more can go along afterwards, never less.
    """
    if _is_decision(shown, along):
        with context.begin() as tx:
            decide_along_in(context, tx, user, ref, mail, shown, along)


def decide_along_in(
    context: Context,
    tx: Tx,
    user: CurrentUser,
    ref: MailRef,
    mail: LocatedMail,
    shown: MailStatus,
    along: Along | None,
) -> None:
    """The same in the transaction of what the person decides besides."""
    if not _is_decision(shown, along):
        return
    lock_company(tx)
    item = lookup.known_items(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
    # A copy that could not be read gets another row when it can be.
    is_unread = item is None or item.is_bare
    has_left = item is not None and item.reason in {Reason.MOVED_OUT, Reason.DELETED}
    if is_unread or has_left or is_held_as_private(shown):
        sync_requests.save_along(
            tx,
            user.box.id,
            mail.graph_id,
            item_id=ref.item_id,
            by=user.name,
            along=along if is_unread or has_left else None,
        )
    if item is not None and not has_left and along is not None:
        _choose(context, tx, user, item.email_id, along)


def _is_decision(shown: MailStatus, along: Along | None) -> bool:
    """True if there is anything to save."""
    return shown.status in _DECIDABLE and (along is not None or is_held_as_private(shown))


def _choose(context: Context, tx: Tx, user: CurrentUser, email_id: int, asked: Along) -> None:
    """Change what goes along of a mail that is known. Idempotent."""
    filings.lock_filings(tx, email_id)
    current = along_choices.of_emails(tx, [email_id])[email_id]
    if current == asked:
        return
    if not along_choices.replace(tx, email_id, asked):
        filed = current or context.settings.along
        wider = widen(filed, asked)
        if (wider.text, wider.files) == (filed.text, filed.files):
            return
        activity_updates.request_amendment(tx, along_choices.widen(tx, email_id, wider))
    tx.record_event(EventKind.ALONG_CHOSEN, mailbox_id=user.box.id, email_id=email_id, by=user.name)
