"""The state machine: people act, calls fail and workers die, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from machine.actions import TROUBLES, Actions
from machine.customers import Customers
from machine.deals import Deals, check_deals
from machine.event_checks import check_events
from machine.final_checks import check_all_filed, check_final_state
from machine.history import History
from machine.invariants import check_always
from machine.leases import Leases
from machine.model import MailCopy, NewMail
from machine.parts import CHOICES, check_parts
from machine.place_edits import PlaceEdits, check_places
from machine.setup import BO, DAN, EVA, KIM, LIS, ORGANISATIONS, PIA, TWIN, MachineSetup
from machine.work import end_faults, finish_all_work, notify, tick, tick_interrupted
from support.interleave import die
from support.scenario import FOLDER
from webcrm_sync_sandbox.outlook.mail import AUTO

ANYBODY = (BO, BO, LIS, TWIN, PIA, DAN, "zoe@gmail.com", KIM, KIM, EVA)
PLACES = (f"inbox/{FOLDER}", f"sentitems/{FOLDER}", "inbox", "inbox/Archive", "deleteditems")
#: Every path at which a sync folder may be.
FOLDERS = (*PLACES[:2], FOLDER, "inbox/Old", f"inbox/Archive/{FOLDER}", "sentitems/Old")
people = st.sampled_from(ANYBODY)
mails = st.builds(
    NewMail,
    sender=people,
    to=st.lists(people, min_size=1, max_size=2, unique=True).map(tuple),
    cc=st.lists(people, max_size=2, unique=True).map(tuple),
    kind=st.sampled_from(("mail",) * 12 + ("draft", "meeting")),
    name=st.sampled_from(("own", "own", "own", "none", "used")),
    files=st.sampled_from((0, 0, 0, 1, 2)),
    colours=st.sampled_from(((), (), ("Red",))),
    is_dragged=st.sampled_from((True, True, False)),
)
which = st.integers(0, 30)
boxes = st.integers(0, 1)
organisations = st.integers(0, len(ORGANISATIONS) - 1)


class Machine(RuleBasedStateMachine):
    """Runs one history after another in one setup."""

    setup: ClassVar[MachineSetup]
    histories: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    @initialize(first=st.lists(mails, min_size=1, max_size=3), pace=st.integers(0, 3))
    def begin(self, first: list[NewMail], pace: int) -> None:
        """Start with these mails. The engine works every `pace` steps; 0 = only on request."""
        Machine.histories += 1
        self.history = History(self.setup)
        self.history.begin()
        self.actions = Actions(self.history)
        self.place_edits = PlaceEdits(self.history)
        self.deals = Deals(self.history)
        self.leases = Leases(self.history)
        self.customers = Customers(self.history)
        self.pace, self.since_tick, self.since_check = pace, 0, 0
        self.was_paused = False
        for new_mail in first:
            self.arrive(new_mail)

    # -- Outlook

    @rule(new_mail=mails)
    def mail_arrives(self, new_mail: NewMail) -> None:
        self.arrive(new_mail)

    @rule(new_mail=mails)
    def another_mail_arrives(self, new_mail: NewMail) -> None:
        self.arrive(new_mail)

    def arrive(self, new_mail: NewMail) -> None:
        """Deliver a mail. A mail named `used` repeats the Message-ID of the mail before it."""
        used = [x.message_id for x in self.history.mails if x.message_id][-1:]
        names = {"own": AUTO, "none": None, "used": used[0] if used else AUTO}
        self.history.arrive(new_mail, names[new_mail.name])

    @precondition(lambda self: self.history.copies)
    @rule(number=which, place=st.sampled_from(PLACES))
    def copy_is_moved(self, number: int, place: str) -> None:
        self.history.move(self.copy(number), place)

    @precondition(lambda self: self.history.copies)
    @rule(number=which, place=st.sampled_from(PLACES))
    def copy_is_copied(self, number: int, place: str) -> None:
        self.history.copy(self.copy(number), place)

    @precondition(lambda self: self.history.copies)
    @rule(number=which)
    def copy_is_deleted(self, number: int) -> None:
        self.history.delete(self.copy(number))

    @precondition(lambda self: self.history.copies)
    @rule(number=which, add=st.sampled_from((None, "Red", "Blue")), drops=st.booleans())
    def copy_is_coloured(self, number: int, add: str | None, drops: bool) -> None:
        self.history.categorise(self.copy(number), add=add, drops_ours=drops)

    @rule(
        box=boxes,
        path=st.sampled_from(FOLDERS),
        what=st.sampled_from(("rename", "move", "delete", "make", "hide")),
    )
    def folder_is_changed(self, box: int, path: str, what: str) -> None:
        self.actions.change_folder(box, path, what)

    # -- webCRM

    @rule(address=st.sampled_from((PIA, PIA, BO, "zoe@gmail.com")), organisation=organisations)
    def contact_appears(self, address: str, organisation: int) -> None:
        self.history.add_contact(address, self.organisation(organisation))

    @precondition(lambda self: self.history.persons)
    @rule(number=which, organisation=organisations, is_dropped=st.booleans())
    def contact_leaves(self, number: int, organisation: int, is_dropped: bool) -> None:
        persons = sorted(self.history.persons)
        person = persons[number % len(persons)]
        # If webCRM lists no contact at all, the engine assumes a fault and keeps its contacts.
        if is_dropped and len(persons) > 1:
            self.history.delete_contact(person)
        else:
            self.history.move_contact(person, self.organisation(organisation))

    @precondition(lambda self: self.history.persons)
    @rule(number=which)
    def mail_is_sent_from_webcrm(self, number: int) -> None:
        self.actions.send_from_webcrm(number)

    @precondition(lambda self: self.history.sent_mails)
    @rule(number=which)
    def sent_mail_is_edited(self, number: int) -> None:
        self.actions.edit_sent_mail(number)

    # -- people at the pane

    @precondition(lambda self: self.history.copies)
    @rule(
        number=which,
        what=st.sampled_from(("sync", "choose", "undo", "retry", "anyway", "sync to", *CHOICES)),
        organisation=organisations,
    )
    def somebody_presses_a_button(self, number: int, what: str, organisation: int) -> None:
        self.actions.press(self.copy(number), what, self.organisation(organisation))

    @precondition(lambda self: self.history.copies)
    @rule(number=which, organisation=organisations, is_none=st.booleans())
    def somebody_chooses_an_opportunity(
        self, number: int, organisation: int, is_none: bool
    ) -> None:
        self.deals.choose(self.copy(number), self.organisation(organisation), is_none=is_none)

    @precondition(lambda self: self.history.copies)
    @rule(number=which)
    def somebody_creates_a_customer(self, number: int) -> None:
        self.customers.create(self.copy(number))

    @precondition(lambda self: self.history.copies)
    @rule(
        number=which,
        what=st.sampled_from(("add", "remove", "move")),
        organisation=organisations,
        to=organisations,
    )
    def somebody_edits_a_place(self, number: int, what: str, organisation: int, to: int) -> None:
        places = self.organisation(organisation), self.organisation(to)
        self.place_edits.edit(self.copy(number), what, *places)

    # -- administrators

    @rule(box=boxes, is_paused=st.booleans())
    def mailbox_is_paused_or_resumed(self, box: int, is_paused: bool) -> None:
        self.was_paused = self.was_paused or is_paused
        self.actions.set_paused(box, is_paused=is_paused)

    # -- installations

    @rule(box=boxes)
    def another_installation_takes_a_mailbox_over(self, box: int) -> None:
        self.leases.take_over(box)

    @precondition(lambda self: self.history.has_changed_hands)
    @rule(box=boxes, is_removed=st.booleans())
    def mailbox_is_taken_back(self, box: int, is_removed: bool) -> None:
        if is_removed:
            self.leases.remove_from_rival(box)
        else:
            self.leases.take_back(box)

    @rule()
    def worker_restarts(self) -> None:
        self.leases.restart()

    @rule()
    def copy_of_the_database_starts(self) -> None:
        self.leases.start_copy()

    # -- faults

    @rule(what=st.sampled_from(TROUBLES), number=st.integers(1, 3))
    def trouble_comes(self, what: str, number: int) -> None:
        self.actions.trouble(what, number)

    @rule(seconds=st.sampled_from((-1, 1, 3, 20, 61, 61, 601, 3601, 31 * 86400)))
    def time_passes(self, seconds: int) -> None:
        self.actions.let_pass(timedelta(seconds=seconds))

    # -- the engine

    @rule(times=st.integers(0, 2))
    def exchange_notifies(self, times: int) -> None:
        notify(self.setup, times=times)

    @rule(times=st.integers(0, 2))
    def engine_ticks(self, times: int) -> None:
        notify(self.setup, times=times)
        tick(self.setup.scenario)
        if self.history.has_changed_hands:
            self.leases.work_as_rival()

    @rule(
        moment=st.integers(1, 60),
        what=st.sampled_from(("death", "death", "worker", "worker", "colour", "move", "time")),
        number=which,
    )
    def something_interrupts_a_tick(self, moment: int, what: str, number: int) -> None:
        notify(self.setup, times=1)
        tick_interrupted(self.setup, moment, self.interruption(what, number))

    def interruption(self, what: str, number: int) -> Callable[[], None]:
        """The function that interrupts a tick."""
        copies = self.history.copies
        acts: dict[str, Callable[[], None]] = {
            "death": die,
            "worker": lambda: tick(self.setup.second_worker),
            "time": lambda: self.actions.let_pass(timedelta(seconds=65)),
        }
        if what in acts or not copies:
            return acts.get(what, die)
        copy = self.copy(number)
        if what == "colour":
            return lambda: self.history.categorise(copy, add="Green", drops_ours=False)
        return lambda: self.history.move(copy, PLACES[number % len(PLACES)])

    @precondition(lambda self: self.since_check > 4)
    @rule(by_poll=st.booleans())
    def everything_is_done(self, by_poll: bool) -> None:
        self.finish_and_check(by_poll=by_poll)

    def finish_and_check(self, *, by_poll: bool) -> None:
        """Run the engine until all work is done, then check the history."""
        # A pause ends the subscriptions, and nothing here makes new ones.
        by_poll = by_poll or self.was_paused or self.history.has_changed_folders
        self.since_check = 0
        for box in range(len(self.setup.boxes)):
            self.actions.set_paused(box, is_paused=False)
        end_faults(self.setup)
        self.leases.end()
        finish_all_work(self.setup, by_poll=by_poll, for_a_day=self.history.has_deleted_contact)
        self.history.has_changed_folders = self.history.has_deleted_contact = False
        self.record()
        check_always(self.history)
        self.leases.check_held()
        self.customers.check(is_complete=not self.history.has_changed_hands)
        if self.history.has_changed_hands:
            # The rival knows no choice made here, and what it did has no events here.
            check_all_filed(self.history)
            return
        check_final_state(self.history)
        check_places(self.history)
        check_deals(self.history)
        check_parts(self.history)
        check_events(self.history)

    @invariant()
    def invariants_hold(self) -> None:
        if hasattr(self, "history"):
            Machine.steps += 1
            self.since_check += 1
            self.since_tick += 1
            if self.pace and self.since_tick >= self.pace:
                self.since_tick = 0
                notify(self.setup, times=1)
                tick(self.setup.scenario)
                if self.history.has_changed_hands:
                    self.leases.work_as_rival()
            self.record()
            check_always(self.history)

    def record(self) -> None:
        """Record what the engine has created and where the copies are."""
        self.history.record_mirrors()
        self.history.record_places()
        self.customers.record()

    def teardown(self) -> None:
        if hasattr(self, "history"):
            self.finish_and_check(by_poll=False)

    def copy(self, number: int) -> MailCopy:
        """The copy with this number, counted around."""
        return self.history.copies[number % len(self.history.copies)]

    def organisation(self, number: int) -> int:
        """The id of the Organisation with this number."""
        return self.setup.organisations[ORGANISATIONS[number]]
