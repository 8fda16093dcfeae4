"""The store of one mailbox: folders and items, their indexes, their logs and their listeners."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.store import (
    FOLDER_NAMES,
    Change,
    ChangeKind,
    Item,
    Notice,
    SimFolder,
    normal_property_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from webcrm_sync_sandbox.clock import Clock


class NameTakenError(Exception):
    """A folder of that name exists, shown or hidden."""


class MessageStore:
    """Folders and items of one mailbox. Hold `lock` around changes that belong together."""

    def __init__(self, clock: Clock, *, user_id: str, language: str) -> None:
        self.clock = clock
        self.user_id = user_id
        self.lock = threading.RLock()
        self.listeners: list[Callable[[Notice], None]] = []
        self.tag = ids.mailbox_tag(user_id)
        self.folders: dict[str, SimFolder] = {}
        self.root = self._folder("Top of Information Store", None, "msgfolderroot")
        self.well_known = {"msgfolderroot": self.root}
        for word, names in FOLDER_NAMES.items():
            name = names.get(language, names["en"])
            self.well_known[word] = self._folder(name, self.root, word)
        self._items: dict[str, Item] = {}
        self._by_rest_id: dict[str, Item] = {}
        self._by_message_id: dict[str, dict[str, Item]] = {}
        self._by_property: dict[tuple[str, str], dict[str, Item]] = {}

    # -- looking -------------------------------------------------------------------------------

    def item(self, item_id: str) -> Item | None:
        """The item with this id, in either form; None when there is none."""
        return self._items.get(item_id) or self._by_rest_id.get(item_id)

    def items(self) -> list[Item]:
        """Every item, the oldest first."""
        return list(self._items.values())

    def items_with_message_id(self, message_id: str) -> list[Item]:
        """Every copy of the mail with this Message-ID, in any folder."""
        return list(self._by_message_id.get(message_id, {}).values())

    def items_with_property(self, property_id: str, value: str) -> list[Item]:
        """Every item whose extended property has this value; values compare without case."""
        key = (normal_property_id(property_id), value.casefold())
        return list(self._by_property.get(key, {}).values())

    def child(self, parent: SimFolder, name: str) -> SimFolder | None:
        """The child of that name, compared without case as Exchange does."""
        wanted = name.casefold()
        return next((f for f in parent.children if f.name.casefold() == wanted), None)

    # -- changing ------------------------------------------------------------------------------

    def add_folder(self, parent: SimFolder, name: str, *, is_hidden: bool = False) -> SimFolder:
        """A new folder. Raises NameTakenError."""
        with self.lock:
            if self.child(parent, name):
                raise NameTakenError(name)
            return self._folder(name, parent, None, is_hidden)

    def place_folder(self, folder: SimFolder, parent: SimFolder, name: str) -> None:
        """Put a folder under that parent and name. Raises NameTakenError."""
        with self.lock:
            taken = self.child(parent, name)
            if taken and taken is not folder:
                raise NameTakenError(name)
            if folder.parent:
                folder.parent.children.remove(folder)
            folder.parent, folder.name = parent, name
            parent.children.append(folder)

    def drop_folder(self, folder: SimFolder) -> None:
        """Purge a folder with everything in it."""
        with self.lock:
            for child in list(folder.children):
                self.drop_folder(child)
            for item in list(folder.items.values()):
                self.purge(item)
            if folder.parent:
                folder.parent.children.remove(folder)
            del self.folders[folder.id]

    def add(self, item: Item) -> Item:
        """Put a new item into its folder."""
        with self.lock:
            self._items[item.id] = item
            self._index(item)
            item.folder.items[item.id] = item
            self._note(item.folder, item, "created")
        return item

    def touch(self, item: Item, names: Iterable[str]) -> None:
        """Give a changed item a new version; `names`: which properties changed."""
        with self.lock:
            item.change_key = ids.new_change_key()
            item.modified_at = self.clock.now()
            self._note(item.folder, item, "updated", frozenset(names))

    def relocate(self, item: Item, folder: SimFolder) -> None:
        """Move an item: its immutable id stays, its other id and its version are new."""
        with self.lock:
            del item.folder.items[item.id]
            self._note(item.folder, item, "deleted")
            del self._by_rest_id[item.rest_id]
            item.rest_id = ids.new_id(ids.MUTABLE, self.tag)
            self._by_rest_id[item.rest_id] = item
            item.change_key = ids.new_change_key()
            item.folder, item.modified_at = folder, self.clock.now()
            folder.items[item.id] = item
            self._note(folder, item, "created")

    def purge(self, item: Item) -> None:
        """Remove an item for good."""
        with self.lock:
            del item.folder.items[item.id]
            del self._items[item.id]
            del self._by_rest_id[item.rest_id]
            self._by_message_id.get(item.message_id or "", {}).pop(item.id, None)
            for key, value in item.properties.items():
                self._by_property[key, value.casefold()].pop(item.id, None)
            self._note(item.folder, item, "deleted")

    def set_properties(self, item: Item, properties: Mapping[str, str]) -> None:
        """Write extended properties, given by their ids in any spelling."""
        with self.lock:
            for property_id, value in properties.items():
                key = normal_property_id(property_id)
                if key in item.properties:
                    old = self._by_property[key, item.properties[key].casefold()]
                    old.pop(item.id, None)
                item.properties[key] = value
                self._by_property.setdefault((key, value.casefold()), {})[item.id] = item

    def save_state(self) -> Callable[[], None]:
        """A function that restores the folders as they are now, without any mail."""
        kept = {
            f: (f.name, f.parent, f.is_hidden, list(f.children), dict(f.properties))
            for f in self.folders.values()
        }

        def restore() -> None:
            with self.lock:
                self.folders = {folder.id: folder for folder in kept}
                for folder, (name, parent, is_hidden, children, properties) in kept.items():
                    folder.name, folder.parent, folder.is_hidden = name, parent, is_hidden
                    folder.children = list(children)
                    folder.properties = dict(properties)
                    folder.items.clear()
                    folder.log.clear()
                self._items.clear()
                self._by_rest_id.clear()
                self._by_message_id.clear()
                self._by_property.clear()

        return restore

    def announce(self, folder: SimFolder, change: Change) -> None:
        """Notify the listeners of a change without logging it."""
        for listener in self.listeners:
            listener(Notice(self.user_id, folder.id, change))

    def _note(
        self,
        folder: SimFolder,
        item: Item,
        kind: ChangeKind,
        names: frozenset[str] = frozenset(),
    ) -> None:
        at = self.clock.now()
        change = Change(at, kind, item.id, item.rest_id, item.change_key, names)
        folder.log.append(change)
        self.announce(folder, change)

    def _index(self, item: Item) -> None:
        self._by_rest_id[item.rest_id] = item
        if item.message_id:
            self._by_message_id.setdefault(item.message_id, {})[item.id] = item
        for key, value in item.properties.items():
            self._by_property.setdefault((key, value.casefold()), {})[item.id] = item

    def _folder(
        self,
        name: str,
        parent: SimFolder | None,
        well_known: str | None,
        is_hidden: bool = False,
    ) -> SimFolder:
        folder = SimFolder(ids.new_id(ids.FOLDER, self.tag), name, parent, well_known, is_hidden)
        if parent:
            parent.children.append(folder)
        self.folders[folder.id] = folder
        return folder
