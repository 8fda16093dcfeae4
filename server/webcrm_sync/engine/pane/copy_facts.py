"""What our tables know of copies that somebody points at, and of what became of their mails.

A mail may be in webCRM by another copy than the one pointed at: a colleague has filed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Fingerprint, Message
from webcrm_sync.core.same_mail import MailFeatures
from webcrm_sync.core.states import State
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail
from webcrm_sync.engine.pane.mail_status_rules import CopyFacts, DisplayStatus, OtherCopyStatus
from webcrm_sync.store import emails, filings, known_mails, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Item
from webcrm_sync.store.filings import Filing

#: What is said of a mail that is not in webCRM, by the state of a copy of it; the first one holds.
_SAID = {
    State.FOUND: DisplayStatus.ON_ITS_WAY,
    State.MATCHED: DisplayStatus.ON_ITS_WAY,
    State.FILED: DisplayStatus.ON_ITS_WAY,
    State.PARKED: DisplayStatus.PARKED,
    State.WAITING: DisplayStatus.WAITING,
}


def read_copy_facts(
    tx: Tx, user: CurrentUser, pointed: Sequence[LocatedMail], internals: Internals
) -> list[CopyFacts]:
    """What is known of each of these copies."""
    ids = [p.graph_id for p in pointed]
    items = emails.known_items(tx, user.box.id, ids)
    new = [p.head for p in pointed if p.graph_id not in items]
    email_of = {**_same_mails(tx, user.box.id, new, internals)}
    email_of |= {graph_id: item.email_id for graph_id, item in items.items()}
    email_ids = sorted(set(email_of.values()))
    mails = sync_requests.emails_by_id(tx, email_ids)
    filed = filings.of_emails(tx, email_ids)
    open_ = sync_requests.updates(tx, [f.id for some in filed.values() for f in some])
    presses = sync_requests.requests(tx, user.box.id, ids)
    by_rule = sync_requests.by_rule(tx, user.box.id, email_ids)
    ours = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    copies = []
    for one in pointed:
        item, email_id = items.get(one.graph_id), email_of.get(one.graph_id, 0)
        of_mail = tuple(filed.get(email_id, ()))
        copy = CopyFacts(
            head=one.head,
            is_in_folder=one.head.folder_id in ours,
            item=item,
            email=mails[email_id] if item else None,
            filings=of_mail,
            wishes={f.id: open_[f.id] for f in of_mail if f.id in open_},
            press=presses.get(one.graph_id),
            is_by_rule=item is not None and email_id in by_rule,
        )
        is_by_others = bool(email_id) and copy.met is None
        others = _elsewhere(tx, email_id, of_mail, besides=item) if is_by_others else None
        copies.append(replace(copy, elsewhere=others))
    return copies


def _same_mails(
    tx: Tx, mailbox_id: int, heads: Sequence[Message], internals: Internals
) -> Mapping[str, int]:
    """By Graph id of a copy that was not met, the e-mail that it is a copy of.

    Only where a single one has its Message-ID and its head: what differs in nothing but the words
    cannot be told apart without reading them.
    """
    message_ids = {head.message_id for head in heads if head.message_id}
    known = known_mails.known_mails(tx, mailbox_id, message_ids=message_ids, keys=())
    if not known:
        return {}
    aliases = known_mails.aliases(tx, internals)
    found: dict[str, int] = {}
    for head in heads:
        features = MailFeatures(Fingerprint.of(head))
        alike = [m for m in known if m.message_id == head.message_id]
        same = [m.id for m in alike if m.features.is_of_mail(features, aliases)]
        if len(same) == 1 and same[0] is not None:
            found[head.graph_id] = same[0]
    return found


def _elsewhere(
    tx: Tx, email_id: int, of_mail: Sequence[Filing], *, besides: Item | None
) -> OtherCopyStatus | None:
    """How the mail stands by its other copies, None = none of them says anything."""
    copies = [
        i for i in emails.items_of_email(tx, email_id) if besides is None or i.id != besides.id
    ]
    if any(f.activity_id is not None and not f.is_withdrawn for f in of_mail):
        return OtherCopyStatus(
            DisplayStatus.SYNCED, _who(tx, email_id, copies, {State.SYNCED, State.FILED})
        )
    for state, said in _SAID.items():
        if any(c.state is state and c.folder_id is not None for c in copies):
            return OtherCopyStatus(said, _who(tx, email_id, copies, {state}))
    return None


def _who(tx: Tx, email_id: int, copies: Sequence[Item], states: set[State]) -> str | None:
    """The name of the person who synced the first of these copies, None = it is not known.

    An address is no name: it is shown to nobody but its owner.
    """
    first = min((c for c in copies if c.state in states), key=lambda c: c.found_at, default=None)
    if first is None:
        return None
    presses = sync_requests.requests_of_email(tx, email_id)
    by = [press.by for mailbox_id, press in presses if mailbox_id == first.mailbox_id]
    box = mailboxes.read_mailbox(tx, first.mailbox_id)
    names = [*by[:1], box.display_name if box else ""]
    return next((n.strip() for n in names if n.strip() and "@" not in n), None)
