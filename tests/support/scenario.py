"""One company: the real engine over the sandbox, driven step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from webcrm_sync.core.mailbox_lease import SETTLE
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.history.timeline import Timeline, read_timelines
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations import retention
from webcrm_sync.store import folder_reads, mailboxes, schedule
from webcrm_sync.store.items import lookup, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.worker import STEPS, run_step
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox, View

FOLDER = "webCRM sync"
KIM = "kim@nordwind.example"
BO = "bo@havnebyg.example"
LIS = "lis@skovby.example"
BOTH = ("webCRM sync", "Synced")
PENDING = ("webCRM sync", "Not synced")
#: Fixes the order of due jobs, so that a scenario runs the same way each time.
_ORDER = tuple(STEPS)


@dataclass(slots=True)
class Scenario:
    """The sandbox, the engine's context over it, and the steps that tests take."""

    sandbox: Sandbox
    context: Context
    organisations: dict[str, int] = field(default_factory=dict)
    #: True = errors of jobs are recorded, as in a worker, and not raised
    is_guarded: bool = False

    # -- people and services

    def add_mailbox(
        self, address: str = KIM, name: str = "Kim Nordwind", **more: Any
    ) -> SimMailbox:
        """Add a watched mailbox with its sync folders."""
        box = self.sandbox.outlook.add_mailbox(address, name, **more)
        self.watch(address)
        return box

    def watch(self, address: str = KIM) -> None:
        """Add a mailbox as `mailbox add` does, and run the jobs that follow."""
        admin.add(self.context, admin.inspect(self.context, address))
        self.run_until_idle()
        self.sandbox.clock.advance(SETTLE)
        self.run_until_idle()

    def add_contact(self, address: str = BO, organisation: str = "Havnebyg", **more: Any) -> int:
        """Add a Person to webCRM; its id. The Organisation is created on first use."""
        if organisation not in self.organisations:
            self.organisations[organisation] = self.sandbox.crm.add_organisation(organisation)
        return self.sandbox.crm.add_person(self.organisations[organisation], address, **more)

    def drag(self, box: SimMailbox, mail: Mail, *, place: str = "inbox") -> str:
        """Put a mail into Inbox or Sent Items and move it to the sync folder; its Graph id."""
        item = box.put_sent(mail) if place == "sentitems" else box.deliver(mail)
        box.move(item, f"{place}/{FOLDER}")
        return item

    # -- time

    def run_until_idle(self) -> None:
        """Run due jobs, as the workers do, until no job is due."""
        for _ in range(200):
            with self.context.begin() as tx:
                transitions.restart_due(tx)
                jobs = schedule.due_jobs(tx)
            if not jobs:
                return
            for job in sorted(jobs, key=lambda job: (_ORDER.index(job.job), job.subject_id)):
                if self.is_guarded:
                    run_step(self.context, job.job, job.subject_id)
                else:
                    STEPS[job.job](self.context, job.subject_id)
        raise AssertionError(f"jobs stay due: {jobs}")

    def discover(self) -> None:
        """Request a read of every folder, then run until idle."""
        with self.context.begin() as tx:
            for box in mailboxes.all_mailboxes(tx):
                folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, box.id)])
        self.run_until_idle()

    def poll_webcrm(self) -> None:
        """Advance to the next polls of webCRM, then discover."""
        self.wait(timedelta(seconds=61))

    def wait(self, time: timedelta) -> None:
        """Let time pass, then discover."""
        self.sandbox.clock.advance(time)
        self.discover()

    def run_all_retries(self) -> None:
        """Let enough time pass for every retry and verification, and run them."""
        for seconds in (3, 5, 65, 130, 600):
            self.wait(timedelta(seconds=seconds))

    def wait_a_month(self) -> None:
        """Let a month pass and run the housekeeping."""
        self.sandbox.clock.advance(timedelta(days=31))
        retention.housekeeping(self.context)

    # -- results

    @property
    def activities(self) -> list[dict[str, Any]]:
        """Every Activity in webCRM."""
        return [dict(a) for a in self.sandbox.crm.activities]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Every Document in webCRM."""
        return [dict(d) for d in self.sandbox.crm.documents]

    def activities_under(self, organisation: str) -> list[dict[str, Any]]:
        """The Activities under an Organisation."""
        organisation_id = self.organisations[organisation]
        return [a for a in self.activities if a["ActivityOrganisationId"] == organisation_id]

    def item(self, box: SimMailbox, graph_id: str) -> Item:
        """The row of one copy."""
        with self.context.begin() as tx:
            watched = mailboxes.find_mailbox(tx, min(box.addresses))
            assert watched is not None
            return lookup.known_items(tx, watched.id, [graph_id])[graph_id]

    def timeline(self, view: View) -> Timeline:
        """The timeline of a mail, as `explain` prints it."""
        assert view.message_id is not None
        (timeline,) = read_timelines(self.context, view.message_id)
        return timeline


#: Opens a scenario with the given settings.
OpenScenario = Callable[..., Scenario]
