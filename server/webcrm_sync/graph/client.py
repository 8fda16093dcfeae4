"""The calls to Microsoft Graph, for the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import IO

from webcrm_sync.core.message import Attachment, Message
from webcrm_sync.core.outlook import (
    CreatedMail,
    Folder,
    FolderFacts,
    GroupMember,
    InboxRule,
    Location,
    MailUser,
    Marking,
    MarkingResult,
    Page,
    SentMail,
    Subscription,
)
from webcrm_sync.graph import (
    folders,
    groups,
    lookup,
    mailbox,
    messages,
    sender_rules,
    subscriptions,
    write_trial,
)
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.guards import EntryGuard, no_guard
from webcrm_sync.graph.sender_rules import SenderRule
from webcrm_sync.graph.transport import BOUNDS, LARGEST_MAIL, Transport
from webcrm_sync.graph.typed import TypedClient
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.settings import Settings


class GraphClient:
    """Every call to Graph. Synchronous and thread-safe; the process needs only one client.

    It never retries. Ids are immutable ids. Each method may raise TryLater, AccessLost and Refused,
    and Gone if it names a mail, folder, rule or subscription. Only a method that says so may raise
    Unclear.
    """

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime], bounds: Bounds = BOUNDS
    ) -> None:
        self._login = AppLogin(settings, now=now)
        self._transport = Transport(settings, self._login, now=now, bounds=bounds)
        self._typed = TypedClient(settings, self._login, self._transport)

    def warm_up(self) -> None:
        """Loads the SDK in the background, so that the first typed call does not wait for it."""
        self._typed.warm_up()

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        self._typed.close()
        self._transport.close()
        self._login.close()

    def fetch_roles(self) -> frozenset[str]:
        """The application permissions in our token. Empty does not prove that there are none."""
        return self._login.fetch_roles()

    # -- mailboxes

    def find_user(self, address: str) -> MailUser:
        """The user with this address or user principal name. Raises Gone if there is none."""
        return mailbox.find_user(self._transport, address)

    def fetch_group_name(self, group_id: str) -> str | None:
        """The name of a group, None if it has none. Raises Gone if there is no such group."""
        return groups.fetch_name(self._transport, group_id)

    def list_group_members(self, group_id: str) -> tuple[GroupMember, ...]:
        """The users who are direct members of a group. Raises Gone if there is no such group."""
        return groups.list_members(self._transport, group_id)

    def list_category_names(self, user_id: str) -> tuple[str, ...]:
        """The names of the mailbox's categories."""
        return mailbox.list_category_names(self._transport, user_id)

    def create_category(self, user_id: str, name: str, colour: str) -> None:
        """Adds a category to the mailbox. Idempotent. `colour`: `preset0` to `preset24`."""
        mailbox.create_category(self._transport, user_id, name, colour)

    def list_rules(self, user_id: str) -> tuple[InboxRule, ...]:
        """The mailbox's inbox rules."""
        return mailbox.list_rules(self._typed, user_id)

    def delete_rule(self, user_id: str, rule_id: str) -> None:
        """Deletes an inbox rule."""
        mailbox.delete_rule(self._typed, user_id, rule_id)

    def list_sender_rules(self, user_id: str) -> tuple[SenderRule, ...]:
        """The mailbox's inbox rules with their senders."""
        return sender_rules.list_sender_rules(self._transport, user_id)

    def save_sender_rule(self, user_id: str, rule: SenderRule) -> None:
        """Creates a rule that has no id, or replaces the senders of one. May raise Unclear."""
        sender_rules.save_sender_rule(self._transport, user_id, rule)

    def try_mail_write(self, user_id: str) -> None:
        """Returns if the application may write mails: writes a draft and deletes it for good."""
        write_trial.try_mail(self._transport, user_id)

    def try_category_write(self, user_id: str) -> None:
        """Returns if the application may write mailbox settings: adds and deletes a category."""
        write_trial.try_categories(self._transport, user_id)

    # -- folders

    def fetch_folder(self, user_id: str, folder_id_or_well_known: str) -> Folder:
        """The folder with this id or well-known name (`inbox`, `sentitems`, `msgfolderroot`)."""
        return folders.fetch_folder(self._transport, user_id, folder_id_or_well_known)

    def find_child_folders(self, user_id: str, parent_id: str, name: str) -> tuple[Folder, ...]:
        """The folders with this name, in any case, directly under the parent, also hidden ones."""
        return folders.find_child_folders(self._transport, user_id, parent_id, name)

    def create_folder(self, user_id: str, parent_id: str, name: str) -> Folder:
        """The new folder, or the one that has the name already. May raise Unclear."""
        return folders.create_folder(self._transport, user_id, parent_id, name)

    def delete_folder(self, user_id: str, folder_id: str) -> None:
        """Moves a folder to the owner's deleted items, from which the owner can restore it."""
        folders.delete_folder(self._transport, user_id, folder_id)

    def fetch_parent_ids(self, user_id: str, folder_ids: Sequence[str]) -> dict[str, str | None]:
        """The id of each folder's parent, None = there is no such folder."""
        facts = self.fetch_folder_facts(user_id, folder_ids)
        return {folder_id: one.parent_id if one else None for folder_id, one in facts.items()}

    def fetch_folder_facts(
        self, user_id: str, folder_ids: Sequence[str]
    ) -> dict[str, FolderFacts | None]:
        """The parent and the lease of each folder, None = there is no such folder."""
        return folders.fetch_folder_facts(self._transport, user_id, folder_ids)

    def save_lease(self, user_id: str, folder_id: str, lease: str) -> None:
        """Writes the lease on a folder. Idempotent.

        Raises Refused, code ErrorQuotaExceeded, when the mailbox takes no lease.
        """
        folders.save_lease(self._transport, user_id, folder_id, lease)

    # -- mails

    def fetch_page(
        self,
        user_id: str,
        folder_id: str,
        cursor: str | None,
        *,
        size: int = 50,
        guard: EntryGuard = no_guard,
    ) -> Page:
        """The next page of a folder's changes with whole mails; `cursor` None = from the start.

        Raises CursorExpired if Graph no longer knows the cursor.
        """
        return messages.fetch_page(
            self._transport, user_id, folder_id, cursor, size=size, guard=guard
        )

    def fetch_next_pages(self, cursors: Sequence[str], *, size: int) -> list[Page | None]:
        """The page behind each cursor without mails, None = Graph did not answer for this one.

        `cursors`: at most 20 of any mailboxes. One round trip.
        """
        return messages.fetch_next_pages(self._transport, cursors, size=size)

    def fetch_message(self, user_id: str, graph_id: str) -> Message:
        """One mail with its body."""
        return messages.fetch_message(self._transport, user_id, graph_id)

    def fetch_messages(self, user_id: str, graph_ids: Sequence[str]) -> list[Message]:
        """These mails with their bodies, without those that do not exist; 20 per round trip."""
        return messages.fetch_messages(self._transport, user_id, graph_ids)

    def fetch_locations(self, user_id: str, graph_ids: Sequence[str]) -> dict[str, Location | None]:
        """The current location of each copy, None = it does not exist, or Graph refuses to say.

        Any number of ids, up to 20 per round trip.
        """
        return messages.fetch_locations(self._transport, user_id, graph_ids)

    def list_folder_mails(self, user_id: str, folder_id: str) -> dict[str, Location]:
        """The location of every copy in a folder, by Graph id, independent of any delta."""
        return messages.list_folder_mails(self._transport, user_id, folder_id)

    def mark_mails(self, user_id: str, markings: Sequence[Marking]) -> list[MarkingResult]:
        """The result of each of at most 20 markings, in their order. Idempotent.

        A result holds a new version or an error. After the first error, the other markings are
        TryLater and not attempted. The error may be Conflict (read, merge and mark again), Gone,
        TryLater, AccessLost, or Refused with the code ErrorQuotaExceeded: the mailbox takes no more
        stamps, so mark without one.
        """
        return messages.mark_mails(self._transport, user_id, markings)

    def translate_ids(self, user_id: str, ids: Sequence[str], kind: str) -> dict[str, str | None]:
        """The immutable id of each id of that `kind` (`ewsId`, `restId`), None = unknown."""
        return lookup.translate_ids(self._transport, user_id, ids, kind)

    def fetch_heads(self, user_id: str, graph_ids: Sequence[str]) -> dict[str, Message | None]:
        """Each mail without its body, None = there is none. Up to 20 per round trip."""
        return lookup.fetch_heads(self._transport, user_id, graph_ids)

    def find_mails(self, user_id: str, message_id: str) -> tuple[Message, ...]:
        """The mails with this Message-ID in any folder, without their bodies."""
        return lookup.find_mails(self._transport, user_id, message_id)

    def move_mail(self, user_id: str, graph_id: str, folder_id: str) -> Location:
        """The copy's new location, after a move into the folder. Idempotent; keeps its id."""
        return lookup.move_mail(self._transport, user_id, graph_id, folder_id)

    def list_attachments(self, user_id: str, graph_id: str) -> tuple[Attachment, ...]:
        """Every attachment of a mail, including inline ones, without content."""
        return messages.list_attachments(self._transport, user_id, graph_id)

    def list_attachments_by_mail(
        self, user_id: str, graph_ids: Sequence[str]
    ) -> dict[str, tuple[Attachment, ...]]:
        """The attachments of each mail, by Graph id, up to 20 mails per round trip.

        A mail that does not exist, or whose attachments fill several pages, is left out.
        """
        return messages.list_attachments_by_mail(self._transport, user_id, graph_ids)

    def save_attachment(
        self,
        user_id: str,
        graph_id: str,
        attachment_id: str,
        *,
        sink: IO[bytes],
        at_most: int = LARGEST_MAIL,
    ) -> None:
        """Writes an attachment's bytes into `sink`. After an error it may hold a part of them.

        Raises Refused if more than `at_most` bytes arrive.
        """
        messages.save_attachment(
            self._transport, user_id, graph_id, attachment_id, sink, at_most=at_most
        )

    def read_files(self, user_id: str, files: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """The content of each small file, up to 20 files per round trip.

        `files`: the Graph ids of mail and attachment. None = not read; `save_attachment` says why.
        """
        return messages.read_files(self._transport, user_id, files)

    def create_sent_mail(self, user_id: str, folder_id: str, mail: SentMail) -> CreatedMail:
        """A new mail that looks sent.

        May raise Unclear: search with `find_stamped_mails` before a second try. Raises Refused,
        code ErrorQuotaExceeded, when the mailbox takes no more stamps.
        """
        return messages.create_sent_mail(self._transport, user_id, folder_id, mail)

    def find_stamped_mails(self, user_id: str, stamp: str) -> tuple[CreatedMail, ...]:
        """The mails with this stamp in any folder. The search may lag by seconds."""
        return messages.find_stamped_mails(self._transport, user_id, stamp)

    def delete_mail(self, user_id: str, graph_id: str) -> None:
        """Moves a mail to the owner's deleted items, from which the owner can restore it."""
        messages.delete_mail(self._transport, user_id, graph_id)

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
        """A new subscription to one folder. Both URLs must answer during the call.

        May raise Unclear. The subscription may end earlier than `expires_at`.
        """
        return subscriptions.subscribe(
            self._typed,
            user_id,
            folder_id,
            notification_url=notification_url,
            lifecycle_url=lifecycle_url,
            client_state=client_state,
            expires_at=expires_at,
        )

    def renew_subscription(self, subscription_id: str, expires_at: datetime) -> Subscription:
        """The subscription with its new end. After Gone, subscribe again."""
        return subscriptions.renew_subscription(self._typed, subscription_id, expires_at)

    def reauthorize_subscription(self, subscription_id: str) -> None:
        """Answers Graph's `reauthorizationRequired`. Idempotent."""
        subscriptions.reauthorize_subscription(self._typed, subscription_id)

    def unsubscribe(self, subscription_id: str) -> None:
        """Deletes a subscription. Idempotent."""
        subscriptions.unsubscribe(self._typed, subscription_id)

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Every subscription of this application, in all mailboxes."""
        return subscriptions.list_subscriptions(self._typed)
