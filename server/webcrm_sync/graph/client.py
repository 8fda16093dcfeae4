"""Outlook as the engine sees it: Microsoft Graph behind plain, synchronous calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Thread
from typing import IO

from webcrm_sync.core.message import Attachment, Message
from webcrm_sync.core.outlook import (
    CreatedMail,
    Folder,
    InboxRule,
    Location,
    MailUser,
    Marking,
    MarkingResult,
    Page,
    SentMail,
    Subscription,
)
from webcrm_sync.graph import folders, lookup, mailbox, messages, sender_rules, subscriptions
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.loop import LoopThread
from webcrm_sync.graph.sdk import load_builders
from webcrm_sync.graph.sender_rules import SenderRule
from webcrm_sync.graph.transport import BOUNDS, LARGEST_MAIL, Transport
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.settings import Settings


class GraphClient:
    """Every call to Graph. Blocking, thread-safe, one for the whole process; never retries.

    Each method raises the errors of `core.errors`: TryLater, AccessLost and Refused always, Gone
    where a thing is named, Unclear only where it says so. Ids are immutable ids.
    """

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime], bounds: Bounds = BOUNDS
    ) -> None:
        self._login = AppLogin(settings, now=now)
        self._graph = Transport(settings, self._login, now=now, bounds=bounds)
        self._loop = LoopThread()

    def warm_up(self) -> None:
        """Loads, in the background, what the first calls would wait for. Returns at once."""
        graph = self._graph.graph
        Thread(target=load_builders, args=(graph,), name="graph-warm-up", daemon=True).start()

    def close(self) -> None:
        """Ends what is in flight and the connections. Idempotent; no call afterwards."""
        self._loop.close(self._graph.close)
        self._login.close()

    def roles(self) -> frozenset[str]:
        """The application permissions in our token; empty is no proof that there are none."""
        return self._login.roles()

    # -- mailboxes

    def user(self, address: str) -> MailUser:
        """Who has this address or user principal name; Gone when nobody does."""
        return self._loop.run(mailbox.user(self._graph, address))

    def category_names(self, user_id: str) -> tuple[str, ...]:
        """The names in the mailbox's list of categories."""
        return self._loop.run(mailbox.category_names(self._graph, user_id))

    def create_category(self, user_id: str, name: str, colour: str) -> None:
        """Adds a category to the mailbox's list. Idempotent. `colour`: `preset0` to `preset24`."""
        self._loop.run(mailbox.create_category(self._graph, user_id, name, colour))

    def rules(self, user_id: str) -> tuple[InboxRule, ...]:
        """The mailbox's inbox rules."""
        return self._loop.run(mailbox.rules(self._graph, user_id))

    def delete_rule(self, user_id: str, rule_id: str) -> None:
        """Ends an inbox rule."""
        self._loop.run(mailbox.delete_rule(self._graph, user_id, rule_id))

    def sender_rules(self, user_id: str) -> tuple[SenderRule, ...]:
        """The mailbox's inbox rules with the senders they are for."""
        return self._loop.run(sender_rules.sender_rules(self._graph, user_id))

    def save_sender_rule(self, user_id: str, rule: SenderRule) -> None:
        """Makes an inbox rule (without an id) or gives one other senders. May raise Unclear."""
        self._loop.run(sender_rules.save_sender_rule(self._graph, user_id, rule))

    # -- folders

    def folder(self, user_id: str, folder_id_or_well_known: str) -> Folder:
        """The folder with that id or well-known name (`inbox`, `sentitems`, `msgfolderroot`)."""
        return self._loop.run(folders.folder(self._graph, user_id, folder_id_or_well_known))

    def children(self, user_id: str, parent_id: str, name: str) -> tuple[Folder, ...]:
        """The folders of that name, in any case, right under the parent; hidden ones too."""
        return self._loop.run(folders.children(self._graph, user_id, parent_id, name))

    def create_folder(self, user_id: str, parent_id: str, name: str) -> Folder:
        """The new folder, or the one that has the name already. May raise Unclear."""
        return self._loop.run(folders.create_folder(self._graph, user_id, parent_id, name))

    def parents(self, user_id: str, folder_ids: Sequence[str]) -> dict[str, str | None]:
        """The parent's id of each folder, None = there is no such folder."""
        return self._loop.run(folders.parents(self._graph, user_id, folder_ids))

    # -- mails

    def page(self, user_id: str, folder_id: str, cursor: str | None, *, size: int = 50) -> Page:
        """The next page of a folder's changes, mails whole; `cursor` None = from the start.

        Raises CursorExpired when Graph no longer knows the cursor, Gone without the folder.
        """
        return self._loop.run(messages.page(self._graph, user_id, folder_id, cursor, size=size))

    def message(self, user_id: str, graph_id: str) -> Message:
        """One mail, whole."""
        return self._loop.run(messages.message(self._graph, user_id, graph_id))

    def locations(self, user_id: str, graph_ids: Sequence[str]) -> dict[str, Location | None]:
        """Where each copy lies now, None = nowhere. Any number, up to 20 per round trip."""
        return self._loop.run(messages.locations(self._graph, user_id, graph_ids))

    def listing(self, user_id: str, folder_id: str) -> dict[str, Location]:
        """Every copy in a folder by its id, without content: what delta should have told."""
        return self._loop.run(messages.listing(self._graph, user_id, folder_id))

    def mark(self, user_id: str, markings: Sequence[Marking]) -> list[MarkingResult]:
        """The new version or the trouble of each of at most 20 copies, in their order.

        After one that fails the rest is TryLater: not tried. Trouble may be Conflict (read,
        merge, mark again), Gone, TryLater, AccessLost, or Refused with the code
        ErrorQuotaExceeded: this mailbox takes no stamp any more, mark without. Idempotent.
        """
        return self._loop.run(messages.mark(self._graph, user_id, markings))

    def immutable_ids(self, user_id: str, ids: Sequence[str], kind: str) -> dict[str, str | None]:
        """The immutable id behind each id of that `kind` (`ewsId`, `restId`), None = unknown."""
        return self._loop.run(lookup.immutable_ids(self._graph, user_id, ids, kind))

    def heads(self, user_id: str, graph_ids: Sequence[str]) -> dict[str, Message | None]:
        """Each mail without its body, None = there is none. Up to 20 per round trip."""
        return self._loop.run(lookup.heads(self._graph, user_id, graph_ids))

    def find_mail(self, user_id: str, message_id: str) -> tuple[Message, ...]:
        """The copies of the mail with this Message-ID in any folder, without their bodies."""
        return self._loop.run(lookup.find_mail(self._graph, user_id, message_id))

    def move(self, user_id: str, graph_id: str, folder_id: str) -> Location:
        """Where the copy lies now: in that folder. Idempotent; its immutable id stays."""
        return self._loop.run(lookup.move(self._graph, user_id, graph_id, folder_id))

    def attachments(self, user_id: str, graph_id: str) -> tuple[Attachment, ...]:
        """Every attachment of a mail, inline ones too, without content."""
        return self._loop.run(messages.attachments(self._graph, user_id, graph_id))

    def attachment_lists(
        self, user_id: str, graph_ids: Sequence[str]
    ) -> dict[str, tuple[Attachment, ...]]:
        """The attachments of any number of mails, up to 20 mails per round trip.

        A mail that is not there, or has very many, is not among them.
        """
        return self._loop.run(messages.attachment_lists(self._graph, user_id, graph_ids))

    def save_attachment(
        self,
        user_id: str,
        graph_id: str,
        attachment_id: str,
        *,
        sink: IO[bytes],
        at_most: int = LARGEST_MAIL,
    ) -> None:
        """Writes an attachment's bytes into `sink`; after an error a part may stand in it.

        Refused where more than `at_most` bytes come.
        """
        saving = messages.save_attachment(
            self._graph, user_id, graph_id, attachment_id, sink, at_most=at_most
        )
        self._loop.run(saving)

    def create_sent(self, user_id: str, folder_id: str, mail: SentMail) -> CreatedMail:
        """A new mail that looks sent. May raise Unclear: then look with `find_stamped`.

        Refused with the code ErrorQuotaExceeded: this mailbox takes no stamp any more.
        """
        return self._loop.run(messages.create_sent(self._graph, user_id, folder_id, mail))

    def find_stamped(self, user_id: str, stamp: str) -> tuple[CreatedMail, ...]:
        """The mails with this stamp in any folder; a fresh one may take seconds to be found."""
        return self._loop.run(messages.find_stamped(self._graph, user_id, stamp))

    def delete(self, user_id: str, graph_id: str) -> None:
        """Deletes a mail the way its owner would; it can be brought back."""
        self._loop.run(messages.delete(self._graph, user_id, graph_id))

    # -- push

    def subscribe(
        self,
        user_id: str,
        folder_id: str,
        *,
        notification_url: str,
        lifecycle_url: str,
        client_state: str,
        expires_at: datetime,
    ) -> Subscription:
        """A new subscription of one folder; both URLs must answer while we wait.

        May raise Unclear. Its end is Graph's answer, perhaps not the one asked for.
        """
        return self._loop.run(
            subscriptions.subscribe(
                self._graph,
                user_id,
                folder_id,
                notification_url=notification_url,
                lifecycle_url=lifecycle_url,
                client_state=client_state,
                expires_at=expires_at,
            )
        )

    def renew(self, subscription_id: str, expires_at: datetime) -> Subscription:
        """The subscription with its new end; Gone when it must be made anew."""
        return self._loop.run(subscriptions.renew(self._graph, subscription_id, expires_at))

    def reauthorize(self, subscription_id: str) -> None:
        """Says yes to Graph's `reauthorizationRequired`. Idempotent."""
        self._loop.run(subscriptions.reauthorize(self._graph, subscription_id))

    def unsubscribe(self, subscription_id: str) -> None:
        """Ends a subscription. Idempotent."""
        self._loop.run(subscriptions.unsubscribe(self._graph, subscription_id))

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Every subscription of this application, of all mailboxes."""
        return self._loop.run(subscriptions.subscriptions(self._graph))
