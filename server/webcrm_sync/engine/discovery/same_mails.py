"""What has to be known to tell which e-mail a new copy is of."""

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

#: So many files of a mail are read at most: its first ones, of each copy the same.
_MOST_READ = 10


def stored(tx: Tx, box: Mailbox, copies: Iterable[NewCopy]) -> Sequence[KnownMail]:
    """The stored e-mails that these new copies in the mailbox may be of."""
    message_ids = {c.message_id for c in copies if c.message_id}
    keys = {key for c in copies if not c.message_id for key in c.possible_keys()}
    return mail_identity.read_known_mails(
        tx, box.id, message_ids=message_ids, keys=keys | message_ids
    )


def files_of(
    context: Context, box: Mailbox, arrivals: Mapping[str, Arrival]
) -> Mapping[str, Files]:
    """The files of those copies in the mailbox, by Graph id, that nothing else may tell apart.

    A scanner may send two mails with one Message-ID and the same words; a person's copy of a mail
    has the same files. Graph is asked in that case only: once for the lists of all of them, and
    for small files of the same name and size.
    """
    if not any(a.message.has_attachments for a in arrivals.values()):
        return {}
    copies = {i: a.facts() for i, a in arrivals.items() if a.message.has_attachments}
    with context.begin() as tx:
        known = stored(tx, box, copies.values())
        if not known and len({c.first_key for c in copies.values()}) == len(copies):
            return {}
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        aliases = mail_identity.read_aliases(tx, internals)
    alike = find_file_only_differences(copies, known, aliases)
    if not alike:
        return {}
    own = aliases.canonical(box.address)
    sent = {i for i, copy in alike.items() if aliases.canonical(copy.fingerprint.sender) == own}
    return _looked_at(context, box, sorted(alike), sent)


def _looked_at(
    context: Context, box: Mailbox, graph_ids: Sequence[str], sent: Set[str]
) -> Mapping[str, Files]:
    """The files of these copies as far as Outlook shows them. `sent`: by the owner."""
    lists = context.graph.attachment_lists(box.user_id, graph_ids)
    files = {i: list_files(listed, with_sizes=i not in sent) for i, listed in lists.items()}
    often = Counter(files.values())
    for graph_id in [i for i in files if often[files[i]] > 1 and i not in sent]:
        try:
            contents = _contents(context, box, graph_id, lists[graph_id])
        except (Gone, Refused):
            del files[graph_id]  # what cannot be read tells nothing apart
        else:
            files[graph_id] = list_files(lists[graph_id], contents=contents)
    return files


def _contents(
    context: Context, box: Mailbox, graph_id: str, listed: Iterable[Attachment]
) -> Mapping[str, str]:
    """Hashes of a mail's small files, which may have the same name and size by chance."""
    small = [a for a in listed if a.kind is AttachmentKind.FILE and a.size <= SMALL_FILE]
    hashes = {}
    for one in small[:_MOST_READ]:
        with BytesIO() as sink:
            context.graph.save_attachment(
                box.user_id, graph_id, one.graph_id, sink=sink, at_most=one.max_content_size
            )
            hashes[one.graph_id] = file_hash(sink.getvalue())
    return hashes
