"""Whatever happens to a mail in between, it is filed where the fold of its edits says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, FOLDER, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.places import AddPlace, MovePlace, PlaceEdit, RemovePlace, apply_edit
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync.store import filings, mailboxes
from webcrm_sync.store.items import lookup
from webcrm_sync_sandbox.outlook.mail import File, Mail

NAMES = ("Havnebyg", "Skovby", "Mill", "Else")
numbers = st.integers(0, len(NAMES) - 1)
edits = st.one_of(
    st.builds(AddPlace, numbers),
    st.builds(RemovePlace, numbers),
    st.builds(MovePlace, numbers, numbers),
)
others = st.sampled_from(
    ("work", "return", "undo", "undo to", "undo to", "away", "unclear", "copy", "contact")
)
histories = st.lists(st.one_of(edits, others), min_size=3, max_size=8)


class Story:
    """One mail that is edited, and the places that the edits leave it."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self.scenario, self.number = scenario, number
        boxes = scenario.sandbox.outlook.mailboxes
        self.kim = PaneUser(scenario, boxes[0])
        self.eva = PaneUser(scenario, boxes[1], "Eva")
        self.subject = f"Offer {number}"
        self.mail = Mail(
            self.subject,
            BO,
            (KIM, *boxes[1].addresses),
            cc=(LIS,),
            attachments=(File("a.pdf", b"%PDF"),),
            message_id=f"<offer-{number}@x>",
        )
        self.places: tuple[int, ...] = (
            scenario.organisations["Havnebyg"],
            scenario.organisations["Skovby"],
        )
        self.item = self.kim.box.deliver(self.mail)
        self.kim.sync(self.item)

    def edit(self, edit: PlaceEdit) -> None:
        """Edit one place, also where the edit is refused."""
        edit = self._with_ids(edit)
        with suppress(Refused):
            self.places = apply_edit(self.places, edit)
        with suppress(Refused):
            self.kim.edit(self.item, edit)

    def _with_ids(self, edit: PlaceEdit) -> PlaceEdit:
        def known(number: int) -> int:
            return self.scenario.organisations[NAMES[number]]

        if isinstance(edit, MovePlace):
            return MovePlace(known(edit.organisation_id), known(edit.to))
        return type(edit)(known(edit.organisation_id))

    def happen(self, what: str) -> None:
        acts: dict[str, Callable[[], object]] = {
            "work": self._work,
            "return": self._leave_and_return,
            "undo": self._undo_and_sync,
            "undo to": self._undo_and_choose,
            "away": lambda: self.scenario.sandbox.faults.unavailable("webcrm"),
            "unclear": lambda: self.scenario.sandbox.faults.lose("webcrm", limit=1),
            "copy": self._sync_copy_of_colleague,
            "contact": self._add_contact,
        }
        acts[what]()

    def _work(self) -> None:
        self.scenario.sandbox.faults.clear()
        self.scenario.run_all_retries()

    def _leave_and_return(self) -> None:
        self.kim.box.move(self.item, "inbox")
        self.scenario.discover()
        self.kim.box.move(self.item, f"inbox/{FOLDER}")
        self.scenario.discover()

    def _undo_and_sync(self) -> None:
        self.kim.undo(self.item)
        self.scenario.discover()
        self.kim.sync(self.item)

    def _undo_and_choose(self) -> None:
        """Take the mail back, and sync it again in one place only, twice."""
        self._work()
        if self.kim.undo(self.item).status is DisplayStatus.NEW:
            self.scenario.discover()
            if self.kim.status(self.item).other_copy is None:
                self.places = self.places[:1]
            self.kim.sync_in(self.item, *self.places)
            self._work()
            self._undo_and_sync()

    def _sync_copy_of_colleague(self) -> None:
        """Her copy names one more person."""
        hers = self.eva.box.deliver(self.mail)
        self.eva.sync(hers)

    def _add_contact(self) -> None:
        self.scenario.add_contact(f"new{self.number}@else.example", "Else")
        self.scenario.poll_webcrm()

    def check(self) -> None:
        """Check webCRM and the tables once all work is done."""
        self.scenario.sandbox.faults.clear()
        for seconds in (3, 65, 130, 700):
            self.scenario.wait(timedelta(seconds=seconds))
        activities = self.scenario.sandbox.crm.activities
        filed = [a for a in activities if a["ActivityDescription"] == self.subject]
        assert sorted(a["ActivityOrganisationId"] for a in filed) == sorted(self.places)
        with self.scenario.context.begin() as tx:
            box = mailboxes.find_mailbox(tx, KIM)
            assert box is not None
            item = lookup.known_items(tx, box.id, [self.item])[self.item]
            known = filings.of_emails(tx, [item.email_id])[item.email_id]
        assert {f.organisation_id for f in known if not f.is_withdrawn} == set(self.places)
        assert all(f.is_complete for f in known)
        shown = self.kim.status(self.item)
        assert {t.organisation_id for t in shown.targets} == set(self.places)


def test_standing_places_are_the_fold_of_the_edits(open_scenario: OpenScenario) -> None:
    scenario = open_scenario()
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    for name in NAMES[2:]:
        scenario.organisations[name] = scenario.sandbox.crm.add_organisation(name)
    add_pane_user(scenario)
    add_pane_user(scenario, "eva@nordwind.example", "Eva")
    played: list[int] = []

    @given(histories)
    @settings(
        max_examples=20,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    def play(history: Sequence[PlaceEdit | str]) -> None:
        played.append(len(played))
        story = Story(scenario, len(played))
        for step in history:
            if isinstance(step, str):
                story.happen(step)
            else:
                story.edit(step)
        story.check()

    play()
    assert len(played) >= 20
