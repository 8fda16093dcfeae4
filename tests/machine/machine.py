"""The state machine: actions of people, faults of networks and deaths of workers, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from machine.actions import TROUBLES, Actions
from machine.event_checks import check_events
from machine.final_checks import check_final_state
from machine.history import History
from machine.invariants import check_always
from machine.model import MailCopy, NewMail
from machine.setup import BO, DAN, EVA, KIM, LIS, ORGANISATIONS, PIA, TWIN, MachineSetup
from machine.work import come_to_rest, notify, tick, tick_until
from support.interleave import die
from support.scenario import FOLDER
from webcrm_sync_sandbox.outlook.mail import AUTO

ANYBODY = (BO, BO, LIS, TWIN, PIA, DAN, "zoe@gmail.com", KIM, KIM, EVA)
PLACES = (f"inbox/{FOLDER}", f"sentitems/{FOLDER}", "inbox", "inbox/Archive", "deleteditems")
#: Every place where a sync folder may be.
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
    """Runs one history after the other in one setup."""

    setup: ClassVar[MachineSetup]
    histories: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    @initialize(first=st.lists(mails, min_size=1, max_size=3), pace=st.integers(0, 3))
    def begin(self, first: list[NewMail], pace: int) -> None:
        """Start with these mails in the folder. The engine ticks every `pace` steps; 0 = never."""
        Machine.histories += 1
        self.history = History(self.setup)
        self.history.begin()
        self.actions = Actions(self.history)
        self.pace, self.since_tick, self.since_rest = pace, 0, 0
        for post in first:
            self.arrive(post)

    # -- Outlook

    @rule(post=mails)
    def mail_arrives(self, post: NewMail) -> None:
        self.arrive(post)

    @rule(post=mails)
    def another_mail_arrives(self, post: NewMail) -> None:
        self.arrive(post)

    def arrive(self, post: NewMail) -> None:
        """Deliver a mail; a `used` one has the Message-ID of the mail before it."""
        used = [x.message_id for x in self.history.letters if x.message_id][-1:]
        names = {"own": AUTO, "none": None, "used": used[0] if used else AUTO}
        self.history.arrive(post, names[post.name])

    @precondition(lambda self: self.history.leaves)
    @rule(number=which, place=st.sampled_from(PLACES))
    def copy_is_moved(self, number: int, place: str) -> None:
        self.history.move(self.leaf(number), place)

    @precondition(lambda self: self.history.leaves)
    @rule(number=which, place=st.sampled_from(PLACES))
    def copy_is_copied(self, number: int, place: str) -> None:
        self.history.copy(self.leaf(number), place)

    @precondition(lambda self: self.history.leaves)
    @rule(number=which)
    def copy_is_deleted(self, number: int) -> None:
        self.history.delete(self.leaf(number))

    @precondition(lambda self: self.history.leaves)
    @rule(number=which, add=st.sampled_from((None, "Red", "Blue")), drops=st.booleans())
    def copy_is_coloured(self, number: int, add: str | None, drops: bool) -> None:
        self.history.categorise(self.leaf(number), add=add, drops_ours=drops)

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
        # The engine takes a webCRM without contacts for one in trouble and keeps what it knows.
        if is_dropped and len(persons) > 1:
            self.history.drop_contact(person)
        else:
            self.history.move_contact(person, self.organisation(organisation))

    @precondition(lambda self: self.history.persons)
    @rule(number=which)
    def mail_is_sent_from_webcrm(self, number: int) -> None:
        self.actions.send_from_webcrm(number)

    @precondition(lambda self: self.history.sendings)
    @rule(number=which)
    def sent_mail_is_edited(self, number: int) -> None:
        self.actions.edit_sending(number)

    # -- people at the pane

    @precondition(lambda self: self.history.leaves)
    @rule(
        number=which,
        what=st.sampled_from(("sync", "choose", "undo", "retry", "anyway", "sync to")),
        organisation=organisations,
    )
    def somebody_presses(self, number: int, what: str, organisation: int) -> None:
        self.actions.press(self.leaf(number), what, self.organisation(organisation))

    # -- trouble

    @rule(what=st.sampled_from(TROUBLES), number=st.integers(1, 3))
    def trouble_comes(self, what: str, number: int) -> None:
        self.actions.trouble(what, number)

    @rule(seconds=st.sampled_from((-1, 1, 3, 20, 61, 61, 601, 3601, 31 * 86400)))
    def time_passes(self, seconds: int) -> None:
        self.actions.let_pass(timedelta(seconds=seconds))

    # -- the engine

    @rule(times=st.integers(0, 2))
    def exchange_tells(self, times: int) -> None:
        notify(self.setup, times=times)

    @rule(times=st.integers(0, 2))
    def engine_ticks(self, times: int) -> None:
        notify(self.setup, times=times)
        tick(self.setup.scenario)

    @rule(
        moment=st.integers(1, 60),
        what=st.sampled_from(("death", "death", "worker", "worker", "colour", "move", "time")),
        number=which,
    )
    def something_happens_meanwhile(self, moment: int, what: str, number: int) -> None:
        notify(self.setup, times=1)
        tick_until(self.setup, moment, self.happening(what, number))

    def happening(self, what: str, number: int) -> Callable[[], None]:
        """The function that runs in the middle of a tick."""
        leaves = self.history.leaves
        acts: dict[str, Callable[[], None]] = {
            "death": die,
            "worker": lambda: tick(self.setup.other),
            "time": lambda: self.actions.let_pass(timedelta(seconds=65)),
        }
        if what in acts or not leaves:
            return acts.get(what, die)
        leaf = self.leaf(number)
        if what == "colour":
            return lambda: self.history.categorise(leaf, add="Green", drops_ours=False)
        return lambda: self.history.move(leaf, PLACES[number % len(PLACES)])

    @precondition(lambda self: self.since_rest > 4)
    @rule(by_poll=st.booleans())
    def everything_rests(self, by_poll: bool) -> None:
        self.rest(by_poll=by_poll)

    def rest(self, *, by_poll: bool) -> None:
        """Run the engine until nothing is due, then check the history."""
        by_poll = by_poll or self.history.has_moved_folders
        self.since_rest = 0
        come_to_rest(self.setup, by_poll=by_poll, for_a_day=self.history.has_forgotten)
        self.history.has_moved_folders = self.history.has_forgotten = False
        self.note()
        check_always(self.history)
        check_final_state(self.history)
        check_events(self.history)

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "history"):
            Machine.steps += 1
            self.since_rest += 1
            self.since_tick += 1
            if self.pace and self.since_tick >= self.pace:
                self.since_tick = 0
                notify(self.setup, times=1)
                tick(self.setup.scenario)
            self.note()
            check_always(self.history)

    def note(self) -> None:
        """Record what the engine has done."""
        self.history.note_mirrors()
        self.history.note_places()

    def teardown(self) -> None:
        if hasattr(self, "history"):
            self.rest(by_poll=False)

    def leaf(self, number: int) -> MailCopy:
        """One of the copies."""
        return self.history.leaves[number % len(self.history.leaves)]

    def organisation(self, number: int) -> int:
        """The id of an Organisation."""
        return self.setup.organisations[ORGANISATIONS[number]]
