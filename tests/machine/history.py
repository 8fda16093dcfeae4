"""One history: what its people do to mails, folders and contacts, and a record of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from machine.model import OURS, Contacts, MailCopy, MailModel, NewMail, SentMail, foreign
from machine.setup import EVA, KIM, MachineSetup
from support.scenario import FOLDER
from webcrm_sync_sandbox.outlook.mail import AUTO, File, Mail, new_message_id
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.message_store import NameTakenError
from webcrm_sync_sandbox.outlook.store import Item, SimFolder

MAILBOX_NUMBERS = {KIM: 0, EVA: 1}
PLACES = ("inbox", "sentitems", "msgfolderroot")
STAMP = "ms1-m-"


@dataclass(slots=True)
class History:
    """Lets people act in a setup and records what they did."""

    setup: MachineSetup
    mails: list[MailModel] = field(default_factory=list)
    copies: list[MailCopy] = field(default_factory=list)
    sent_mails: list[SentMail] = field(default_factory=list)
    #: webCRM's present Persons by id: (address, Organisation); every state of them so far
    persons: dict[int, tuple[str, int]] = field(default_factory=dict)
    contact_states: list[Contacts] = field(default_factory=list)
    #: the index of the state of the contacts at the last check
    last_checked: int = 0
    #: whether a contact was deleted since the last check, and in this history
    has_deleted_contact: bool = False
    has_ever_deleted_contact: bool = False
    has_changed_folders: bool = False
    #: whether another installation has worked in this history
    has_changed_hands: bool = False
    #: ids of all folders that have ever been sync folders
    sync_ids: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Start a new history in the restored setup."""
        self.setup.begin()
        self.persons = {i: (address, place) for i, address, place in self.setup.persons}
        self.record_contacts()
        self.record_places()

    # -- mails

    def arrive(self, new_mail: NewMail, message_id: str | None) -> None:
        """Deliver a mail to each of its people who has a mailbox; to Kim if none of them has."""
        own_id = new_message_id() if message_id == AUTO else message_id
        people = tuple(dict.fromkeys((new_mail.sender, *new_mail.to, *new_mail.cc)))
        subject = f"m{len(self.mails)}"
        mail = MailModel(subject, people, new_mail.sender, own_id, new_mail.kind, new_mail.files)
        self.mails.append(mail)
        content = Mail(
            subject,
            new_mail.sender,
            new_mail.to,
            new_mail.cc,
            body="<p>Words</p>",
            message_id=own_id,
            sent_at=self.setup.sandbox.clock.now(),
            kind="meeting" if new_mail.kind == "meeting" else "mail",
            is_draft=new_mail.kind == "draft",
            attachments=tuple(File(f"{n}.txt", b"%d" % n) for n in range(new_mail.files)),
            categories=new_mail.colours,
        )
        self._deliver(mail, content, new_mail)

    def _deliver(self, mail: MailModel, content: Mail, new_mail: NewMail) -> None:
        receivers = [MAILBOX_NUMBERS[p] for p in mail.people[1:] if p in MAILBOX_NUMBERS]
        if mail.sender in MAILBOX_NUMBERS:
            box = self.box(MAILBOX_NUMBERS[mail.sender])
            place = "drafts" if content.is_draft else "sentitems"
            graph_id = box.put(content, place) if content.is_draft else box.put_sent(content)
            self._add_copy(MAILBOX_NUMBERS[mail.sender], graph_id, mail, place, new_mail.is_dragged)
            if mail.sender in {*new_mail.to, *new_mail.cc} and not content.is_draft:
                receivers.append(MAILBOX_NUMBERS[mail.sender])
        elif not receivers:
            receivers = [0]
        for number in () if content.is_draft and mail.sender in MAILBOX_NUMBERS else receivers:
            self._add_copy(
                number, self.box(number).deliver(content), mail, "inbox", new_mail.is_dragged
            )

    def _add_copy(
        self, box: int, graph_id: str, mail: MailModel, place: str, is_dragged: bool
    ) -> None:
        copy = MailCopy(box, graph_id, mail, foreign(self.box(box).read(graph_id).categories))
        self.copies.append(copy)
        if is_dragged:
            under = "sentitems" if place == "sentitems" else "inbox"
            self.move(copy, f"{under}/{FOLDER}")

    def move(self, copy: MailCopy, path: str) -> None:
        """Let the owner drag a copy to a folder, if both exist."""
        folder = self.folder(copy.box, path)
        if folder is not None and self.item(copy) is not None:
            self.box(copy.box).move(copy.id, folder)
            self.record_places()

    def copy(self, copy: MailCopy, path: str) -> None:
        """Let the owner duplicate a copy with its categories."""
        folder = self.folder(copy.box, path)
        if folder is None or self.item(copy) is None:
            return
        graph_id = self.box(copy.box).copy(copy.id, folder)
        self.copies.append(MailCopy(copy.box, graph_id, copy.mail, copy.foreign, is_duplicate=True))
        self.record_places()

    def delete(self, copy: MailCopy) -> None:
        """Let the owner delete a copy: to Deleted Items, and from there permanently."""
        if self.item(copy) is not None:
            self.box(copy.box).delete(copy.id)

    def categorise(self, copy: MailCopy, *, add: str | None, drops_ours: bool) -> None:
        """Let the owner add a category, and remove the product's if `drops_ours`."""
        item = self.item(copy)
        if item is None:
            return
        categories = [c for c in item.categories if not (drops_ours and c.casefold() in OURS)]
        if add and add not in categories:
            categories.insert(0, add)
        self.box(copy.box).set_categories(copy.id, categories)
        copy.foreign = foreign(categories)

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
        """Let the owner or another product create a folder named like a sync folder."""
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
        self.has_changed_folders = True
        self.record_places()

    # -- webCRM

    def add_contact(self, address: str, organisation: int) -> None:
        """Add a contact to webCRM."""
        person_id = self.setup.sandbox.crm.add_person(organisation, address)
        self.persons[person_id] = (address, organisation)
        self.record_contacts()

    def move_contact(self, person: int, organisation: int) -> None:
        """Move a contact to another Organisation."""
        self.setup.sandbox.crm.move_person(person, organisation)
        self.persons[person] = (self.persons[person][0], organisation)
        self.record_contacts()

    def delete_contact(self, person: int) -> None:
        """Delete a contact in webCRM."""
        crm = self.setup.sandbox.crm
        with crm.lock:
            crm.tables["Person"].delete(person)
        del self.persons[person]
        for sent_mail in self.sent_mails:
            sent_mail.may_fail = sent_mail.may_fail or sent_mail.person == person
        self.has_deleted_contact = self.has_ever_deleted_contact = True
        self.record_contacts()

    def record_contacts(self) -> None:
        """Record the new state of webCRM's contacts."""
        self.contact_states.append(frozenset(self.persons.values()))

    # -- state

    def is_mistakable(self, mail: MailModel) -> bool:
        """True if two installations may take the mail for another one with its Message-ID.

        Each of them may have met another one of these first (ADR 35).
        """
        named = [other for other in self.mails if other.message_id == mail.message_id]
        return self.has_changed_hands and mail.message_id is not None and len(named) > 1

    def box(self, number: int) -> SimMailbox:
        """The mailbox with this number."""
        return self.setup.boxes[number]

    def item(self, copy: MailCopy) -> Item | None:
        """The item of a copy; None after it was deleted permanently."""
        return self.box(copy.box).item(copy.id)

    def folder(self, box: int, path: str) -> SimFolder | None:
        """The folder at a path; None when there is none."""
        try:
            return self.box(box).folder(path)
        except KeyError:
            return None

    def record_mirrors(self) -> None:
        """Record the mirrors that the engine has created since the last call."""
        known = {copy.id for copy in self.copies}
        for number, box in enumerate(self.setup.boxes):
            for item in box.items():
                stamps = [v for v in item.properties.values() if v.startswith(STAMP)]
                if stamps and item.id not in known:
                    activity_id = int(stamps[0].removeprefix(STAMP))
                    mail = next(s.mail for s in self.sent_mails if s.activity_id == activity_id)
                    self.copies.append(MailCopy(number, item.id, mail, was_in_sync_folder=True))

    def record_places(self) -> None:
        """Record the present sync folders, and the copies in them."""
        for box in self.setup.boxes:
            named = (box.child(box.well_known[place], FOLDER) for place in PLACES)
            self.sync_ids |= {f.id for f in named if f is not None}
        for copy in self.copies:
            item = self.item(copy)
            if item is not None and item.folder.id in self.sync_ids:
                self._record_in_sync_folder(copy)
            elif copy.mail.chosen not in copy.mail.organisations.values():
                copy.mail.chosen = None  # it may have left the folder before the choice took effect

    def _record_in_sync_folder(self, copy: MailCopy) -> None:
        copy.was_in_sync_folder = True
        mail = copy.mail
        mail.since = self.last_checked if mail.since is None else mail.since
        mail.undone = None if mail.undone else mail.undone

    def is_in_deleted_items(self, box: int, folder: SimFolder) -> bool:
        """True for a folder under Deleted Items."""
        return folder.is_within(self.box(box).well_known["deleteditems"])

    def sync_folders(self, box: int) -> set[str]:
        """The Graph ids of the mailbox's watched folders. Call it when all work is done."""
        mailbox = self.box(box)
        known = {
            row[0]
            for row in self.setup.rows(
                "SELECT f.graph_id FROM folder f JOIN mailbox m ON m.id = f.mailbox_id"
                " WHERE m.user_id = :user",
                user=mailbox.user_id,
            )
        }
        existing = [mailbox.folders[i] for i in known if i in mailbox.folders]
        assert len(existing) == len(known), "a folder that is gone is still watched"
        is_deleted = any(self.is_in_deleted_items(box, folder) for folder in existing)
        assert not is_deleted, "a folder in Deleted Items is watched"
        assert known <= self.sync_ids, "a folder is watched that has never been a sync folder"
        return known
