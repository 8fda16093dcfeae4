"""Reads what tells which e-mail a new copy is of: stored candidates, and files as a last resort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from io import BytesIO

from webcrm_sync.core.email_index import KnownMail, NewCopy, find_file_only_differences
from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.identity import file_hash
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.same_mail import SMALL_FILE, Files, list_files
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.arrivals import Arrival
from webcrm_sync.store import mail_identity, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.mailboxes import Mailbox

#: Only the first files of a mail are hashed; every copy of it has the same first ones.
_MAX_HASHED = 10


def read_candidates(tx: Tx, box: Mailbox, copies: Iterable[NewCopy]) -> Sequence[KnownMail]:
    """The stored e-mails that these new copies in the mailbox may be of."""
    message_ids = {c.message_id for c in copies if c.message_id}
    keys = {key for c in copies if not c.message_id for key in c.possible_keys()}
    return mail_identity.read_known_mails(
        tx, box.id, message_ids=message_ids, keys=keys | message_ids
    )


def read_files(
    context: Context, box: Mailbox, arrivals: Mapping[str, Arrival]
) -> Mapping[str, Files]:
    """Files of the copies, by Graph id, that nothing but their files may tell apart.

    A scanner may send two mails with one Message-ID and the same words; copies of one mail have
    the same files. Graph is asked in that case only: once for all lists of attachments, and for
    the contents of small files that agree in name and size.
    """
    if not any(a.message.has_attachments for a in arrivals.values()):
        return {}
    copies = {i: a.as_copy() for i, a in arrivals.items() if a.message.has_attachments}
    with context.reading() as tx:
        known = read_candidates(tx, box, copies.values())
        if not known and len({c.first_key for c in copies.values()}) == len(copies):
            return {}
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        aliases = mail_identity.read_aliases(tx, internals)
    alike = find_file_only_differences(copies, known, aliases)
    if not alike:
        return {}
    own = aliases.canonical(box.address)
    sent = {i for i, copy in alike.items() if aliases.canonical(copy.fingerprint.sender) == own}
    return _list_files(context, box, sorted(alike), sent)


def _list_files(
    context: Context, box: Mailbox, graph_ids: Sequence[str], sent: Set[str]
) -> Mapping[str, Files]:
    """Files by Graph id. `sent`: copies from the mailbox's owner, compared by name alone."""
    lists = context.graph.list_attachments_by_mail(box.user_id, graph_ids)
    files = {i: list_files(listed, with_sizes=i not in sent) for i, listed in lists.items()}
    count = Counter(files.values())
    for graph_id in [i for i in files if count[files[i]] > 1 and i not in sent]:
        try:
            hashes = _hash_small_files(context, box, graph_id, lists[graph_id])
        except (Gone, Refused):
            del files[graph_id]  # unread files distinguish nothing
        else:
            files[graph_id] = list_files(lists[graph_id], contents=hashes)
    return files


def _hash_small_files(
    context: Context, box: Mailbox, graph_id: str, listed: Iterable[Attachment]
) -> Mapping[str, str]:
    """Hashes by attachment id. Small files may agree in name and size by chance."""
    small = [a for a in listed if a.kind is AttachmentKind.FILE and a.size <= SMALL_FILE]
    hashes = {}
    for attachment in small[:_MAX_HASHED]:
        with BytesIO() as sink:
            context.graph.save_attachment(
                box.user_id,
                graph_id,
                attachment.graph_id,
                sink=sink,
                at_most=attachment.max_content_size,
            )
            hashes[attachment.graph_id] = file_hash(sink.getvalue())
    return hashes
