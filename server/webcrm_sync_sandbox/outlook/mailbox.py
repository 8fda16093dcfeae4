"""One mailbox, and the acts of its owner."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.mail import AUTO, new_message_id, people, person
from webcrm_sync_sandbox.outlook.message_store import MessageStore
from webcrm_sync_sandbox.outlook.properties import properties_of
from webcrm_sync_sandbox.outlook.rules import InboxRule, fits
from webcrm_sync_sandbox.outlook.store import (
    Change,
    Item,
    MasterCategory,
    SimFolder,
    StoredAttachment,
)
from webcrm_sync_sandbox.outlook.view import View, view_of

if TYPE_CHECKING:
    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.outlook.mail import Attachment, Mail

__all__ = ["SimMailbox", "View"]


class SimMailbox(MessageStore):
    """A mailbox of a person, or a shared one. Ids in and out are immutable ids.

    `principal_name`: the user's name in Entra. `has_licence` False: Graph finds no mailbox.
    `is_full`: Graph answers that the quota is used up.
    `unreadable`: names of attachments that Graph does not return. `overlong`: names of attachments
    that are longer than Graph announces.
    `named_properties_left`: how many new names of extended properties Exchange still accepts.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        address: str,
        name: str,
        aliases: tuple[str, ...] = (),
        shared: bool = False,
        language: str = "en",
        user_id: str | None = None,
    ) -> None:
        super().__init__(clock, user_id=user_id or str(uuid.uuid4()), language=language)
        self.address = address
        self.principal_name = address
        self.name = name
        self.aliases = aliases
        self.is_shared = shared
        self.language = language
        self.time_zone = "UTC"
        self.has_licence = True
        self.is_full = False
        self.unreadable: set[str] = set()
        self.overlong: set[str] = set()
        self.named_properties: set[str] = set()
        self.named_properties_left = 1000
        self.rules: dict[str, InboxRule] = {}
        self.categories: dict[str, MasterCategory] = {}

    def save_state(self) -> Callable[[], None]:
        """A function that restores folders, categories, rules and names of extended properties."""
        restore_folders = super().save_state()
        names = ("rules", "categories", "named_properties", "named_properties_left")
        kept = deepcopy({name: getattr(self, name) for name in names})

        def restore() -> None:
            restore_folders()
            with self.lock:
                vars(self).update(deepcopy(kept))

        return restore

    @property
    def addresses(self) -> frozenset[str]:
        """The address and its aliases, case-folded."""
        return frozenset(a.casefold() for a in (self.address, *self.aliases))

    # -- mails ---------------------------------------------------------------------------------

    def deliver(self, mail: Mail) -> str:
        """Deliver a mail; its id after the inbox rules ran."""
        with self.lock:
            # Only the sender's copy holds the Bcc recipients.
            item = self.new_item(replace(mail, bcc=()), self.well_known["inbox"])
            self._run_rules(item)
            return item.id

    def put_sent(self, mail: Mail) -> str:
        """Put the copy of a mail that the owner sent into Sent Items; its id.

        Listeners first get another id, in the Outbox (microsoft-graph-docs issue 11068).
        """
        with self.lock:
            passing = ids.new_id(ids.IMMUTABLE, self.tag)
            rest_id = ids.new_id(ids.MUTABLE, self.tag)
            key = ids.new_change_key()
            shown = Change(self.clock.now(), "created", passing, rest_id, key)
            self.announce(self.well_known["outbox"], shown)
            item = self.new_item(mail, self.well_known["sentitems"])
            item.is_read = True
            return self.add(item).id

    def put(self, mail: Mail, folder: str | SimFolder) -> str:
        """Put a mail into a folder, as an import or another client does; no rule runs. Its id."""
        with self.lock:
            return self.add(self.new_item(mail, self.folder(folder))).id

    def move(self, item_id: str, folder: str | SimFolder) -> None:
        """Drag an item to a folder."""
        with self.lock:
            self.relocate(self.existing(item_id), self.folder(folder))

    def copy(self, item_id: str, folder: str | SimFolder) -> str:
        """Copy an item with its categories and extended properties; the new id."""
        with self.lock:
            old = self.existing(item_id)
            values = {f.name: getattr(old, f.name) for f in fields(Item)}
            now = self.clock.now()
            fresh: dict[str, Any] = self._identity() | {
                "folder": self.folder(folder),
                "appeared_at": now,
                "modified_at": now,
                "properties": dict(old.properties),
                "attachments": tuple(self.store_attachment(a.attachment) for a in old.attachments),
            }
            return self.add(Item(**(values | fresh))).id

    def delete(self, item_id: str) -> None:
        """Delete an item: to Deleted Items, or for good if it is there already."""
        with self.lock:
            item = self.existing(item_id)
            trash = self.well_known["deleteditems"]
            if item.folder.is_within(trash):
                self.purge(item)
            else:
                self.relocate(item, trash)

    def set_categories(self, item_id: str, names: tuple[str, ...] | list[str]) -> None:
        """Give an item exactly these categories."""
        with self.lock:
            item = self.existing(item_id)
            item.categories = tuple(names)
            self.touch(item, {"categories"})

    def mark_read(self, item_id: str, *, is_read: bool = True) -> None:
        """Mark an item as read or unread."""
        with self.lock:
            item = self.existing(item_id)
            item.is_read = is_read
            self.touch(item, {"isRead"})

    def read(self, item_id: str) -> View:
        """The item as its owner sees it. Raises KeyError when it is gone."""
        with self.lock:
            return view_of(self.existing(item_id))

    def messages(self, folder: str | SimFolder) -> list[View]:
        """The items of a folder, in the order of their arrival."""
        with self.lock:
            return [view_of(item) for item in self.folder(folder).items.values()]

    # -- folders -------------------------------------------------------------------------------

    def folder(self, path: str | SimFolder) -> SimFolder:
        """The folder of a path such as `Inbox/webCRM sync`, a well-known name or an id.

        A path starts with a displayed name or a well-known name. Raises KeyError.
        """
        if isinstance(path, SimFolder):
            return path
        if path in self.folders:
            return self.folders[path]
        first, *rest = path.split("/")
        found = self.well_known.get(first.lower()) or self.child(self.root, first)
        for name in rest:
            found = self.child(found, name) if found else None
        if not found:
            raise KeyError(path)
        return found

    def make_folder(self, parent: str | SimFolder, name: str, *, hidden: bool = False) -> SimFolder:
        """Make a folder. Raises NameTakenError."""
        return self.add_folder(self.folder(parent), name, is_hidden=hidden)

    def rename_folder(self, folder: str | SimFolder, name: str) -> None:
        """Give a folder another name; its id stays."""
        found = self.folder(folder)
        self.place_folder(found, found.parent or self.root, name)

    def move_folder(self, folder: str | SimFolder, parent: str | SimFolder) -> None:
        """Drag a folder under another one; its id stays."""
        found = self.folder(folder)
        self.place_folder(found, self.folder(parent), found.name)

    def delete_folder(self, folder: str | SimFolder) -> None:
        """Delete a folder: to Deleted Items with its id, or for good if it is there already."""
        with self.lock:
            found, trash = self.folder(folder), self.well_known["deleteditems"]
            if found.is_within(trash):
                self.drop_folder(found)
                return
            name, number = found.name, 1
            while self.child(trash, name):
                name, number = f"{found.name} ({number})", number + 1
            self.place_folder(found, trash, name)

    # -- rules ---------------------------------------------------------------------------------

    def add_rule(
        self,
        name: str,
        *,
        actions: dict[str, Any],
        conditions: dict[str, Any] | None = None,
        exceptions: dict[str, Any] | None = None,
        is_read_only: bool = False,
    ) -> InboxRule:
        """Add an inbox rule in Graph's terms; it runs on mails that arrive from now on."""
        with self.lock:
            rule = InboxRule(
                id=secrets.token_urlsafe(9) + "=",
                name=name,
                sequence=len(self.rules) + 1,
                actions=actions,
                conditions=conditions or {},
                exceptions=exceptions or {},
                is_read_only=is_read_only,
            )
            self.rules[rule.id] = rule
            return rule

    def _run_rules(self, item: Item) -> None:
        landed = False
        for rule in sorted(self.rules.values(), key=lambda r: r.sequence):
            if not rule.is_enabled or not fits(rule, item, self.addresses):
                continue
            target = rule.actions.get("moveToFolder")
            if target and not landed:
                rule.has_error = target not in self.folders
                item.folder = self.folders.get(target, item.folder)
                landed = not rule.has_error
            item.categories += tuple(rule.actions.get("assignCategories", ()))
            item.is_read = item.is_read or bool(rule.actions.get("markAsRead"))
            if rule.actions.get("stopProcessingRules"):
                break
        self.add(item)

    # -- making items --------------------------------------------------------------------------

    def new_item(self, mail: Mail, folder: SimFolder) -> Item:
        """A new item for a mail, not yet in the mailbox."""
        now = self.clock.now()
        sent_at = (mail.sent_at or now).replace(microsecond=0)
        author = person(mail.sender) if mail.sender else None
        return Item(
            **self._identity(),
            folder=folder,
            appeared_at=now,
            modified_at=now,
            sent_at=sent_at,
            received_at=mail.received_at or sent_at,
            subject=mail.subject,
            body=mail.body,
            html=mail.html,
            author=author,
            sender=person(mail.sent_by) if mail.sent_by else author,
            to=people(mail.to),
            cc=people(mail.cc),
            bcc=people(mail.bcc),
            message_id=new_message_id() if mail.message_id == AUTO else mail.message_id,
            reply_to=people(mail.reply_to),
            conversation_id=mail.conversation_id or "AAQkAD" + secrets.token_urlsafe(24),
            categories=tuple(mail.categories),
            attachments=tuple(self.store_attachment(a) for a in mail.attachments),
            headers=mail.headers,
            kind=mail.kind,
            is_draft=mail.is_draft,
            properties=properties_of(mail),
        )

    def store_attachment(self, attachment: Attachment) -> StoredAttachment:
        """The attachment with a new id."""
        return StoredAttachment(ids.new_id(ids.ATTACHMENT, self.tag), attachment)

    def _identity(self) -> dict[str, Any]:
        return {
            "id": ids.new_id(ids.IMMUTABLE, self.tag),
            "rest_id": ids.new_id(ids.MUTABLE, self.tag),
            "change_key": ids.new_change_key(),
        }

    def existing(self, item_id: str) -> Item:
        """The item with this id, in either form. Raises KeyError."""
        item = self.item(item_id)
        if not item:
            raise KeyError(item_id)
        return item
