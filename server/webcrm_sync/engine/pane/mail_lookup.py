"""Finds the mail that a person selected in Outlook, in that person's own mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.message import Message
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane import version_tokens
from webcrm_sync.store import emails, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox

#: The add-in's kinds of ids, and Graph's names (Microsoft Graph: user: translateExchangeIds).
KINDS = {"ews": "ewsId", "rest": "restId"}
#: Does not say why: the mail may be deleted, too new, or in a shared mailbox, an archive or
#: another account, and the server cannot tell these apart.
NOT_HERE = "This mail was not found in your own mailbox."
ELSEWHERE = phrases.HELD_ELSEWHERE.english


@dataclass(frozen=True, slots=True)
class MailRef:
    """What Outlook says about a selected mail.

    `item_id`: Outlook's id; Outlook for Mac leaves it empty for some mails. `kind`: ews or rest.
    `message_id` finds the mail when the id does not. `version`: the token of an earlier answer
    about the mail (`version_tokens`).
    """

    item_id: str
    kind: str
    message_id: str | None = None
    version: str | None = None

    @classmethod
    def parse(
        cls, item_id: str | None, kind: str, message_id: str | None, version: str | None
    ) -> MailRef:
        """The reference made of what a client sent.

        The two kinds of ids are one Base64 in two alphabets (RFC 4648 sections 4 and 5). If the
        id has a letter of one alphabet only, that decides its kind, not what the client says.
        """
        id_ = "".join(unquote(item_id or "").replace("\0", "").split())
        if any(c in id_ for c in "/+"):
            kind = "ews"
        elif any(c in id_ for c in "-_"):
            kind = "rest"
        return cls(id_, kind, (message_id or "").strip() or None, version)


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The person who sends the request, and the only mailbox that the request may read."""

    box: Mailbox
    name: str


def refuse_elsewhere(user: CurrentUser) -> None:
    """Raise Refused if another installation works on the user's mailbox."""
    if user.box.elsewhere_since:
        raise Refused(ELSEWHERE, code="HeldElsewhere")


@dataclass(frozen=True, slots=True)
class LocatedMail:
    """A copy in the user's mailbox. `head`: the mail without its body."""

    graph_id: str
    head: Message


def find_user(context: Context, user_id: str, *, name: str) -> CurrentUser | None:
    """The person with this user id, None if that mailbox is not watched."""
    with context.begin() as tx:
        mailbox_id = mailboxes.mailbox_of_user(tx, user_id)
        box = mailboxes.read_mailbox(tx, mailbox_id) if mailbox_id is not None else None
    return CurrentUser(box, box.display_name or name) if box else None


def refuse_paused(user: CurrentUser) -> None:
    """Raise Refused while an administrator has paused the mailbox: nothing is written then."""
    if user.box.paused_at:
        raise Refused(phrases.PAUSED.english, code="Paused")


def locate(
    context: Context, user: CurrentUser, refs: Sequence[MailRef]
) -> list[LocatedMail | None]:
    """Each mail in the user's mailbox, None = it is not there.

    Takes the head of a known copy from the tables, so that an open pane costs Graph nothing.
    Reads the other heads from Graph.
    """
    graph_ids = _graph_ids(context, user, refs)
    with context.begin() as tx:
        graph_ids = [
            graph_id or _known_by_message_id(tx, user, ref)
            for ref, graph_id in zip(refs, graph_ids, strict=True)
        ]
        known = _known_heads(tx, user, [i for i in graph_ids if i])
    unknown = sorted({i for i in graph_ids if i and i not in known})
    heads = {**context.graph.fetch_heads(user.box.user_id, unknown), **known}
    return _pick_heads(context, user, refs, graph_ids, heads)


def locate_one(context: Context, user: CurrentUser, ref: MailRef) -> LocatedMail:
    """The mail in the user's mailbox, with its present head from Graph. Raises Gone, Refused."""
    refuse_paused(user)
    graph_ids = _graph_ids(context, user, [ref])
    heads = context.graph.fetch_heads(user.box.user_id, [i for i in graph_ids if i])
    (mail,) = _pick_heads(context, user, [ref], graph_ids, heads)
    if mail is None:
        raise Gone(NOT_HERE)
    return mail


def _pick_heads(
    context: Context,
    user: CurrentUser,
    refs: Sequence[MailRef],
    graph_ids: Sequence[str | None],
    heads: Mapping[str, Message | None],
) -> list[LocatedMail | None]:
    """Take each head by its Graph id, else search the mailbox by Message-ID."""
    located = []
    for ref, graph_id in zip(refs, graph_ids, strict=True):
        head = heads.get(graph_id) if graph_id else None
        head = head or _search_by_message_id(context, user, ref)
        located.append(LocatedMail(head.graph_id, head) if head else None)
    return located


def _known_heads(tx: Tx, user: CurrentUser, graph_ids: Sequence[str]) -> Mapping[str, Message]:
    """The heads of those copies that have an item in a sync folder."""
    items = lookup.known_items(tx, user.box.id, graph_ids)
    folder_ids = {f.id: f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    mails = emails.emails_by_id(tx, {item.email_id for item in items.values()})
    return {
        graph_id: _head(item, mails[item.email_id], folder_ids[item.folder_id])
        for graph_id, item in items.items()
        if item.folder_id in folder_ids
    }


def _head(item: Item, email: Email, folder_id: str) -> Message:
    """The head of a copy made from the tables, in the form in which Graph returns it."""
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
        sensitivity=email.sensitivity or 0,
    )


def _graph_ids(context: Context, user: CurrentUser, refs: Sequence[MailRef]) -> list[str | None]:
    """The immutable Graph id of each mail, None = unknown.

    Takes it from the version token, else from the sync request that moved the mail (a move ends
    Outlook's id), else from Graph.
    """
    with context.begin() as tx:
        requested = sync_requests.graph_ids_before_move(
            tx, user.box.id, {r.item_id for r in refs} - {""}
        )
    tokens = {
        ref: version_tokens.read_token(context, user.box.user_id, ref.version or "") for ref in refs
    }
    found: dict[tuple[str, str], str | None] = {}
    for kind, graph_kind in KINDS.items():
        item_ids = {ref.item_id for ref in refs if ref.kind == kind and not tokens[ref]} - {""}
        found |= {(kind, i): requested[i] for i in item_ids & requested.keys()}
        unknown = sorted(item_ids - requested.keys())
        if not unknown:
            continue
        try:
            translated = context.graph.translate_ids(user.box.user_id, unknown, graph_kind)
        except Refused:  # one malformed id fails the call; the Message-IDs may still find the mails
            continue
        found |= {(kind, i): graph_id for i, graph_id in translated.items()}
    return [
        token.graph_id if (token := tokens[ref]) else found.get((ref.kind, ref.item_id))
        for ref in refs
    ]


def _known_by_message_id(tx: Tx, user: CurrentUser, ref: MailRef) -> str | None:
    """The Graph id of the newest item in a sync folder of the mailbox with the Message-ID."""
    items = [
        item
        for email in (emails.find_emails(tx, ref.message_id) if ref.message_id else ())
        for item in lookup.items_of_email(tx, email.id)
        if item.mailbox_id == user.box.id and item.folder_id is not None
    ]
    return max(items, key=lambda item: (item.found_at, item.id)).graph_id if items else None


def _search_by_message_id(context: Context, user: CurrentUser, ref: MailRef) -> Message | None:
    if not ref.message_id:
        return None
    found = context.graph.find_mails(user.box.user_id, ref.message_id)
    if not found and not ref.message_id.startswith("<"):
        found = context.graph.find_mails(user.box.user_id, f"<{ref.message_id}>")
    with context.begin() as tx:
        known = lookup.known_items(tx, user.box.id, [m.graph_id for m in found])
        sync_folders = {f.graph_id for f in mailboxes.folders(tx, user.box.id)}
    return _pick_likeliest(found, set(known), sync_folders)


def _pick_likeliest(
    found: Iterable[Message], known: set[str], sync_folders: set[str]
) -> Message | None:
    """Of several copies the one in a sync folder, else a known one, else the newest mail."""

    def rank(head: Message) -> tuple[bool, bool, bool, float]:
        age = -head.received_at.timestamp() if head.received_at else 0.0
        return head.folder_id not in sync_folders, head.graph_id not in known, head.is_draft, age

    return min(found, key=rank, default=None)
