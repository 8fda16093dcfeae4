"""One history: the actions of its people, and what follows for each mail."""

from __future__ import annotations

from dataclasses import dataclass, field

from machine.model import OURS, Book, MailCopy, MailModel, NewMail, SentMail, foreign
from machine.setup import EVA, KIM, MachineSetup
from support.scenario import FOLDER
from webcrm_sync_sandbox.outlook.mail import AUTO, File, Mail, new_message_id
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.message_store import NameTakenError
from webcrm_sync_sandbox.outlook.store import Item, SimFolder

INSIDE = {KIM: 0, EVA: 1}
PLACES = ("inbox", "sentitems", "msgfolderroot")
STAMP = "ms1-m-"


@dataclass(slots=True)
class History:
    """Lets people act in a setup, and records what they did."""

    setup: MachineSetup
    letters: list[MailModel] = field(default_factory=list)
    leaves: list[MailCopy] = field(default_factory=list)
    sendings: list[SentMail] = field(default_factory=list)
    #: webCRM's present Persons by id; every earlier state of their addresses
    persons: dict[int, tuple[str, int]] = field(default_factory=dict)
    books: list[Book] = field(default_factory=list)
    #: the state of webCRM's contacts at the last rest
    rested: int = 0
    #: whether a contact was deleted: since the last rest, ever
    has_forgotten: bool = False
    was_deleted: bool = False
    has_moved_folders: bool = False
    #: ids of all folders that ever were sync folders
    sync_ids: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Start a new history in the restored setup."""
        self.setup.begin()
        self.persons = {i: (address, place) for i, address, place in self.setup.persons}
        self.note_contacts()
        self.note_places()

    # -- mails

    def arrive(self, post: NewMail, message_id: str | None) -> None:
        """Deliver a mail to each of its people with a mailbox here; to Kim if there are none."""
        given = new_message_id() if message_id == AUTO else message_id
        people = tuple(dict.fromkeys((post.sender, *post.to, *post.cc)))
        subject = f"m{len(self.letters)}"
        letter = MailModel(subject, people, post.sender, given, post.kind, post.files)
        self.letters.append(letter)
        mail = Mail(
            subject,
            post.sender,
            post.to,
            post.cc,
            body="<p>Words</p>",
            message_id=given,
            sent_at=self.setup.sandbox.clock.now(),
            kind="meeting" if post.kind == "meeting" else "mail",
            is_draft=post.kind == "draft",
            attachments=tuple(File(f"{n}.txt", b"%d" % n) for n in range(post.files)),
            categories=post.colours,
        )
        self._hand_out(letter, mail, post)

    def _hand_out(self, letter: MailModel, mail: Mail, post: NewMail) -> None:
        receivers = [INSIDE[p] for p in letter.people[1:] if p in INSIDE]
        if letter.sender in INSIDE:
            box = self.box(INSIDE[letter.sender])
            place = "drafts" if mail.is_draft else "sentitems"
            made = box.put(mail, place) if mail.is_draft else box.put_sent(mail)
            self._take_leaf(INSIDE[letter.sender], made, letter, place, post.is_dragged)
            if letter.sender in {*post.to, *post.cc} and not mail.is_draft:
                receivers.append(INSIDE[letter.sender])
        elif not receivers:
            receivers = [0]
        for number in () if mail.is_draft and letter.sender in INSIDE else receivers:
            self._take_leaf(
                number, self.box(number).deliver(mail), letter, "inbox", post.is_dragged
            )

    def _take_leaf(
        self, box: int, made: str, letter: MailModel, place: str, is_dragged: bool
    ) -> None:
        leaf = MailCopy(box, made, letter, foreign(self.box(box).read(made).categories))
        self.leaves.append(leaf)
        if is_dragged:
            under = "sentitems" if place == "sentitems" else "inbox"
            self.move(leaf, f"{under}/{FOLDER}")

    def move(self, leaf: MailCopy, path: str) -> None:
        """Let the owner drag a copy to a folder, if both exist."""
        folder = self.folder(leaf.box, path)
        if folder is not None and self.item(leaf) is not None:
            self.box(leaf.box).move(leaf.id, folder)
            self.note_places()

    def copy(self, leaf: MailCopy, path: str) -> None:
        """Let the owner copy a copy with its categories."""
        folder = self.folder(leaf.box, path)
        if folder is None or self.item(leaf) is None:
            return
        made = self.box(leaf.box).copy(leaf.id, folder)
        self.leaves.append(MailCopy(leaf.box, made, leaf.letter, leaf.foreign, is_ours_taken=True))
        self.note_places()

    def delete(self, leaf: MailCopy) -> None:
        """Let the owner delete a copy: to Deleted Items, or for good if it is there already."""
        if self.item(leaf) is not None:
            self.box(leaf.box).delete(leaf.id)

    def categorise(self, leaf: MailCopy, *, add: str | None, drops_ours: bool) -> None:
        """Let the owner add or remove a category, one of the product's included."""
        item = self.item(leaf)
        if item is None:
            return
        kept = [c for c in item.categories if not (drops_ours and c.casefold() in OURS)]
        if add and add not in kept:
            kept.insert(0, add)
        self.box(leaf.box).set_categories(leaf.id, kept)
        leaf.foreign = foreign(kept)

    # -- folders

    def rename(self, box: int, path: str, name: str) -> None:
        """Let the owner rename a folder, if the name is free."""
        self._with_folder(box, path, lambda b, f: b.rename_folder(f, name))

    def move_folder(self, box: int, path: str, parent: str) -> None:
        """Let the owner drag a folder under another one."""
        self._with_folder(box, path, lambda b, f: b.move_folder(f, parent))

    def delete_folder(self, box: int, path: str) -> None:
        """Let the owner delete a folder with its contents."""
        self._with_folder(box, path, lambda b, f: b.delete_folder(f))

    def make_folder(self, box: int, parent: str, *, hidden: bool) -> None:
        """Let the owner or another product create a folder with the sync folder's name."""
        self._with_folder(box, parent, lambda b, f: b.make_folder(f, FOLDER, hidden=hidden))

    def _with_folder(self, box: int, path: str, act: object) -> None:
        folder = self.folder(box, path)
        if folder is None:
            return
        assert callable(act)
        try:
            act(self.box(box), folder)
        except NameTakenError:
            return
        self.has_moved_folders = True
        self.note_places()

    # -- webCRM

    def add_contact(self, address: str, organisation: int) -> None:
        """Add a contact to webCRM."""
        made = self.setup.sandbox.crm.add_person(organisation, address)
        self.persons[made] = (address, organisation)
        self.note_contacts()

    def move_contact(self, person: int, organisation: int) -> None:
        """Move a contact to another Organisation."""
        self.setup.sandbox.crm.move_person(person, organisation)
        self.persons[person] = (self.persons[person][0], organisation)
        self.note_contacts()

    def drop_contact(self, person: int) -> None:
        """Delete a contact in webCRM."""
        crm = self.setup.sandbox.crm
        with crm.lock:
            crm.tables["Person"].delete(person)
        del self.persons[person]
        for sending in self.sendings:
            sending.may_fail = sending.may_fail or sending.person == person
        self.has_forgotten = self.was_deleted = True
        self.note_contacts()

    def note_contacts(self) -> None:
        """Record the new state of webCRM's contacts."""
        self.books.append(frozenset(self.persons.values()))

    # -- state

    def box(self, number: int) -> SimMailbox:
        """The mailbox of that number."""
        return self.setup.boxes[number]

    def item(self, leaf: MailCopy) -> Item | None:
        """The item of a copy; None when it is purged."""
        return self.box(leaf.box).item(leaf.id)

    def folder(self, box: int, path: str) -> SimFolder | None:
        """The folder at a path; None when there is none."""
        try:
            return self.box(box).folder(path)
        except KeyError:
            return None

    def note_mirrors(self) -> None:
        """Record the mirrors that the engine has created since."""
        known = {leaf.id for leaf in self.leaves}
        for number, box in enumerate(self.setup.boxes):
            for item in box.items():
                stamps = [v for v in item.properties.values() if v.startswith(STAMP)]
                if stamps and item.id not in known:
                    sent = int(stamps[0].removeprefix(STAMP))
                    letter = next(s.letter for s in self.sendings if s.activity_id == sent)
                    self.leaves.append(MailCopy(number, item.id, letter, was_in=True))

    def note_places(self) -> None:
        """Record the present sync folders, and the copies in them."""
        for box in self.setup.boxes:
            named = (box.child(box.well_known[place], FOLDER) for place in PLACES)
            self.sync_ids |= {f.id for f in named if f is not None}
        for leaf in self.leaves:
            item = self.item(leaf)
            if item is not None and item.folder.id in self.sync_ids:
                self._note_in(leaf)
            elif leaf.letter.chosen not in leaf.letter.places.values():
                leaf.letter.chosen = None  # it may have left before the choice took effect

    def _note_in(self, leaf: MailCopy) -> None:
        leaf.was_in = True
        letter = leaf.letter
        letter.since = self.rested if letter.since is None else letter.since
        letter.undone = None if letter.undone else letter.undone

    def is_binned(self, box: int, folder: SimFolder) -> bool:
        """True for a folder under Deleted Items."""
        return folder.is_within(self.box(box).well_known["deleteditems"])

    def sync_folders(self, box: int) -> set[str]:
        """The ids of the mailbox's sync folders; call it at rest."""
        mailbox = self.box(box)
        known = {
            row[0]
            for row in self.setup.rows(
                "SELECT f.graph_id FROM folder f JOIN mailbox m ON m.id = f.mailbox_id"
                " WHERE m.user_id = :user",
                user=mailbox.user_id,
            )
        }
        standing = [mailbox.folders[i] for i in known if i in mailbox.folders]
        assert len(standing) == len(known), "a folder that is gone is still watched"
        assert not any(self.is_binned(box, f) for f in standing), "a binned folder is watched"
        assert known <= self.sync_ids, "a folder is watched that never was a sync folder"
        return known
