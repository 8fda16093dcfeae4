"""Runs the story of a mail whose places are edited, repeatedly, each time with one failure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from support.crash import CrashingWorker
from support.fault_runner import run_due_steps
from support.opportunity_runner import OpportunityRunner
from support.scenario import KIM, Scenario
from webcrm_sync.core.places import AddPlace, MovePlace, PlaceEdit, RemovePlace
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import Chooser
from webcrm_sync.engine.matching.place_edits import edit_place
from webcrm_sync.store import emails
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


class PlaceRunner(OpportunityRunner):
    """A person adds a place to a synced mail, takes the first one away, and moves the other."""

    def _acts(self, mail: str) -> tuple[Callable[[Scenario], None], ...]:
        """What the person does; the jobs run after each."""
        box = self.runner.sandbox.outlook.mailbox(KIM)
        organisations = self.runner.sandbox.crm.organisations
        places = {o["OrganisationName"]: o["OrganisationId"] for o in organisations}
        harbour, forest = places["Havnebyg"], places["Skovby"]
        edits: tuple[PlaceEdit, ...] = (
            AddPlace(forest),
            RemovePlace(harbour),
            AddPlace(harbour),
            MovePlace(forest, harbour),
        )
        return tuple(partial(_edit, box=box, mail=mail, edit=edit) for edit in edits)

    def _work(self, worker: CrashingWorker) -> None:
        """The folders are read too: what Outlook answers ends the mailbox's back-off."""
        with self.runner.new_worker(is_lagging=False) as real:
            scenario = Scenario(self.runner.sandbox, worker.wrap(real.context))
            for _ in range(2):
                scenario.discover()
                run_due_steps(scenario)
            scenario.discover()


def _edit(person: Scenario, *, box: SimMailbox, mail: str, edit: PlaceEdit) -> None:
    edit_place_of(person.context, person.item(box, mail).email_id, edit)


def edit_place_of(context: Context, email_id: int, edit: PlaceEdit) -> None:
    """Edit one place of a mail without the pane, as Kim."""
    with context.begin() as tx:
        lock_company(tx)
        email = emails.emails_by_id(tx, [email_id])[email_id]
        edit_place(context, tx, email, edit, Chooser(1, "Kim Nordwind"))
