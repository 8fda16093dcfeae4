"""The mail that somebody points at in Outlook, found in that person's own mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.message import Message
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane import version_tokens
from webcrm_sync.store import emails, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, Item
from webcrm_sync.store.mailboxes import Mailbox

#: The add-in's names of ids, and Graph's (Microsoft Graph: user: translateExchangeIds).
KINDS = {"ews": "ewsId", "rest": "restId"}
#: Whether it is deleted, too new, or in a shared mailbox, an archive or another account cannot be
#: known from here.
NOT_HERE = "This mail was not found in your own mailbox."


@dataclass(frozen=True, slots=True)
class MailRef:
    """A mail as Outlook names it. `kind`: ews or rest. `message_id` finds it again after a move.

    `item_id` may be empty: Outlook for Mac gives none to some mails that are read. `version`: the
    token that an earlier answer about it came with (`engine.versions`).
    """

    item_id: str
    kind: str
    message_id: str | None = None
    version: str | None = None

    @classmethod
    def named(
        cls, item_id: str | None, kind: str, message_id: str | None, version: str | None
    ) -> MailRef:
        """The mail with these names, as clients write them.

        The two kinds of ids are one Base64 in two alphabets (RFC 4648 sections 4 and 5): an id
        tells its kind by its own letters, whatever the client calls it.
        """
        id_ = "".join(unquote(item_id or "").replace("\0", "").split())
        if any(c in id_ for c in "/+"):
            kind = "ews"
        elif any(c in id_ for c in "-_"):
            kind = "rest"
        return cls(id_, kind, (message_id or "").strip() or None, version)


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who asks, and the one mailbox that person may ask about: the own."""

    box: Mailbox
    name: str


@dataclass(frozen=True, slots=True)
class LocatedMail:
    """A copy in the asker's mailbox. `head`: as it stands in Outlook now, without its body."""

    graph_id: str
    head: Message


def find_user(context: Context, user_id: str, *, name: str) -> CurrentUser | None:
    """The person with this user id and the own mailbox, None when that is not watched."""
    with context.begin() as tx:
        mailbox_id = sync_requests.mailbox_of_user(tx, user_id)
        box = mailboxes.read_mailbox(tx, mailbox_id) if mailbox_id is not None else None
    return CurrentUser(box, box.display_name or name) if box else None


def locate(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[LocatedMail | None]:
    """Each mail in the asker's own mailbox, None = it is not there.

    What was met is told from our tables, so that a pane that asks each second costs Graph
    nothing; of the others the heads are read.
    """
    ids = _immutable(context, user, refs)
    with context.begin() as tx:
        ids = [
            graph_id or _met_by_message_id(tx, user, ref)
            for ref, graph_id in zip(refs, ids, strict=True)
        ]
        known = _known_heads(tx, user, [i for i in ids if i])
    unknown = sorted({i for i in ids if i and i not in known})
    return _found(
        context, user, refs, ids, {**context.graph.heads(user.box.user_id, unknown), **known}
    )


def locate_one(context: Context, user: CurrentUser, ref: MailRef) -> LocatedMail:
    """The mail in the asker's own mailbox as it lies there now. Raises Gone."""
    ids = _immutable(context, user, [ref])
    heads = context.graph.heads(user.box.user_id, [i for i in ids if i])
    (found,) = _found(context, user, [ref], ids, heads)
    if found is None:
        raise Gone(NOT_HERE)
    return found


def _found(
    context: Context,
    user: CurrentUser,
    refs: Sequence[MailRef],
    ids: Sequence[str | None],
    heads: Mapping[str, Message | None],
) -> list[LocatedMail | None]:
    found = []
    for ref, graph_id in zip(refs, ids, strict=True):
        head = heads.get(graph_id) if graph_id else None
        head = head or _by_message_id(context, user, ref)
        found.append(LocatedMail(head.graph_id, head) if head else None)
    return found


def _known_heads(tx: Tx, user: CurrentUser, graph_ids: Sequence[str]) -> Mapping[str, Message]:
    """The heads of the copies among these that lie where we know them."""
    items = emails.known_items(tx, user.box.id, graph_ids)
    folders = {f.id: f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    mails = sync_requests.emails_by_id(tx, {item.email_id for item in items.values()})
    return {
        graph_id: _head(item, mails[item.email_id], folders[item.folder_id])
        for graph_id, item in items.items()
        if item.folder_id in folders
    }


def _head(item: Item, email: Email, folder_id: str) -> Message:
    """What our tables know of a copy, as Graph would tell it."""
    return Message(
        graph_id=item.graph_id,
        change_key=item.change_key,
        folder_id=folder_id,
        message_id=email.message_id,
        subject=email.subject,
        sender=email.sender,
        to=email.to,
        cc=email.cc,
        bcc=email.bcc,
        sent_at=email.sent_at,
        received_at=email.received_at,
        categories=item.categories,
        has_attachments=email.has_attachments,
        is_draft=item.reason is Reason.DRAFT,
        kind=email.kind,
        body="",
        body_is_html=False,
        stamp=item.stamp,
    )


def _immutable(context: Context, user: CurrentUser, refs: Sequence[MailRef]) -> list[str | None]:
    """The immutable id of each mail: as found before, by the press that moved it, else by Graph."""
    with context.begin() as tx:
        pressed = sync_requests.requested(tx, user.box.id, {ref.item_id for ref in refs} - {""})
    named = {
        ref: version_tokens.read_token(context, user.box.user_id, ref.version or "") for ref in refs
    }
    told: dict[tuple[str, str], str | None] = {}
    for name, kind in KINDS.items():
        mine = {ref.item_id for ref in refs if ref.kind == name and not named[ref]} - {""}
        told |= {(name, one): pressed[one] for one in mine & pressed.keys()}
        wanted = sorted(mine - pressed.keys())
        if not wanted:
            continue
        try:
            answers = context.graph.immutable_ids(user.box.user_id, wanted, kind)
        except Refused:  # one malformed id spoils the call; the Message-ID may still find them
            continue
        told |= {(name, one): graph_id for one, graph_id in answers.items()}
    return [k.graph_id if (k := named[ref]) else told.get((ref.kind, ref.item_id)) for ref in refs]


def _met_by_message_id(tx: Tx, user: CurrentUser, ref: MailRef) -> str | None:
    """The newest copy in a sync folder of the mailbox that our tables know by the Message-ID."""
    found = [
        item
        for email in (emails.find_emails(tx, ref.message_id) if ref.message_id else ())
        for item in emails.items_of_email(tx, email.id)
        if item.mailbox_id == user.box.id and item.folder_id is not None
    ]
    return max(found, key=lambda item: (item.found_at, item.id)).graph_id if found else None


def _by_message_id(context: Context, user: CurrentUser, ref: MailRef) -> Message | None:
    if not ref.message_id:
        return None
    found = context.graph.find_mail(user.box.user_id, ref.message_id)
    if not found and not ref.message_id.startswith("<"):
        found = context.graph.find_mail(user.box.user_id, f"<{ref.message_id}>")
    with context.begin() as tx:
        known = emails.known_items(tx, user.box.id, [m.graph_id for m in found])
        ours = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    return _likeliest(found, known, ours)


def _likeliest(found: Iterable[Message], known: Iterable[str], ours: set[str]) -> Message | None:
    """Of several copies the one in a sync folder, else one that was met, else the newest mail."""
    met = set(known)

    def rank(one: Message) -> tuple[bool, bool, bool, float]:
        age = -one.received_at.timestamp() if one.received_at else 0.0
        return one.folder_id not in ours, one.graph_id not in met, one.is_draft, age

    return min(found, key=rank, default=None)
