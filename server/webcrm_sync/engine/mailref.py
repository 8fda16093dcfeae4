"""The mail that somebody points at in Outlook, found in that person's own mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.message import Message
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import asked, emails, mailboxes
from webcrm_sync.store.mailboxes import Mailbox

#: The add-in's names of ids, and Graph's (Microsoft Graph: user: translateExchangeIds).
KINDS = {"ews": "ewsId", "rest": "restId"}


@dataclass(frozen=True, slots=True)
class MailRef:
    """A mail as Outlook names it. `kind`: ews or rest. `message_id` finds it again after a move."""

    item_id: str
    kind: str
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and the one mailbox that person may ask about: the own."""

    box: Mailbox
    name: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """A copy in the asker's mailbox. `head`: as it stands in Outlook now, without its body."""

    graph_id: str
    head: Message


def asker_of(parts: Parts, user_id: str, *, name: str) -> Asker | None:
    """The person with this user id and the own mailbox, None when that is not watched."""
    with parts.begin() as tx:
        mailbox_id = asked.mailbox_of_user(tx, user_id)
        box = mailboxes.read_mailbox(tx, mailbox_id) if mailbox_id is not None else None
    return Asker(box, box.display_name or name) if box else None


def point_at(parts: Parts, asker: Asker, refs: Sequence[MailRef]) -> list[Pointed | None]:
    """Each mail in the asker's own mailbox, None = it is not there. Reads heads only."""
    user_id = asker.box.user_id
    ids = _immutable(parts, user_id, refs)
    heads = parts.graph.heads(user_id, sorted({i for i in ids if i}))
    found = []
    for ref, graph_id in zip(refs, ids, strict=True):
        head = heads.get(graph_id) if graph_id else None
        head = head or _by_message_id(parts, asker, ref)
        found.append(Pointed(head.graph_id, head) if head else None)
    return found


def point_at_one(parts: Parts, asker: Asker, ref: MailRef) -> Pointed:
    """The mail in the asker's own mailbox. Raises Gone."""
    (found,) = point_at(parts, asker, [ref])
    if found is None:
        raise Gone("This mail is not in your mailbox, or not any more.")
    return found


def _immutable(parts: Parts, user_id: str, refs: Sequence[MailRef]) -> list[str | None]:
    told: dict[tuple[str, str], str | None] = {}
    for name, kind in KINDS.items():
        wanted = sorted({ref.item_id for ref in refs if ref.kind == name})
        if not wanted:
            continue
        try:
            answers = parts.graph.immutable_ids(user_id, wanted, kind)
        except Refused:  # one malformed id spoils the call; the Message-ID may still find them
            continue
        told |= {(name, one): graph_id for one, graph_id in answers.items()}
    return [told.get((ref.kind, ref.item_id)) for ref in refs]


def _by_message_id(parts: Parts, asker: Asker, ref: MailRef) -> Message | None:
    if not ref.message_id:
        return None
    found = parts.graph.find_mail(asker.box.user_id, ref.message_id)
    with parts.begin() as tx:
        known = emails.known_items(tx, asker.box.id, [m.graph_id for m in found])
        ours = {f.graph_id for f in mailboxes.folders(tx, asker.box.id)}
    return _likeliest(found, known, ours)


def _likeliest(found: Iterable[Message], known: Iterable[str], ours: set[str]) -> Message | None:
    """Of several copies the one in a sync folder, else one that was met, else one not a draft."""
    met = set(known)
    rank = sorted(found, key=lambda m: (m.folder_id not in ours, m.graph_id not in met, m.is_draft))
    return rank[0] if rank else None
