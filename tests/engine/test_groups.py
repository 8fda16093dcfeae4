"""A followed group: joiners are added, leavers are reported and never removed unasked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from support.command_line import as_json, run, shell
from support.scenario import BO, BOTH, FOLDER, Scenario
from webcrm_sync.cli.mailbox import mailbox
from webcrm_sync.cli.status import status
from webcrm_sync.core.mailbox_lease import SETTLE
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.group import SimGroup
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

NOBODY = "11111111-2222-3333-4444-555555555555"


@dataclass(slots=True)
class Company:
    """A company with a group of two, a third person outside, and the jobs that follow it."""

    scenario: Scenario
    group: SimGroup
    people: list[SimMailbox]

    def follow(self) -> None:
        """Add the group's mailboxes."""
        done = run(mailbox, "add", "--group", self.group.id)
        assert done.exit_code == 0, done.output

    def look(self, *, minutes: int = 16) -> None:
        """Let the next look at the group happen."""
        self.scenario.wait(timedelta(minutes=minutes))

    def watched(self) -> list[str]:
        """The addresses of the watched mailboxes."""
        with self.scenario.context.begin() as tx:
            return [box.address for box in mailboxes.all_mailboxes(tx)]

    def addresses(self, *numbers: int) -> list[str]:
        """The addresses of these people."""
        return [self.people[n].address for n in numbers]


@pytest.fixture
def company(scenario: Scenario, tmp_path: Path) -> Iterator[Company]:
    """The company; nobody is watched yet."""
    outlook = scenario.sandbox.outlook
    people = [outlook.add_mailbox(f"p{n}@nordwind.example", f"Person {n}") for n in range(3)]
    group = outlook.add_group("Sales", *people[:2])
    with shell(scenario, tmp_path):
        yield Company(scenario, group, people)


def test_the_members_are_added_and_a_joiner_follows(company: Company) -> None:
    planned = run(mailbox, "add", "--group", company.group.id, "--dry-run")
    assert "would be followed" in planned.stdout
    assert company.watched() == []
    company.follow()
    assert company.watched() == company.addresses(0, 1)
    company.group.join(company.people[2])
    company.look()
    assert company.watched() == company.addresses(0, 1, 2)
    assert company.people[2].folder(f"inbox/{FOLDER}").name == FOLDER
    assert f"Group Sales ({company.group.id}): 3 members, last look" in run(status).stdout


def test_the_mails_of_a_joiner_are_synced(company: Company) -> None:
    scenario = company.scenario
    scenario.add_contact(BO)
    company.follow()
    company.group.join(company.people[2])
    scenario.poll_webcrm()
    company.look()
    scenario.wait(SETTLE)  # until its lease is confirmed
    item = scenario.drag(company.people[2], Mail("Offer", BO, "p2@nordwind.example"))
    scenario.discover()
    assert company.people[2].read(item).categories == BOTH
    assert len(scenario.activities) == 1


def test_a_leaver_is_reported_and_stays_watched_until_somebody_decides(company: Company) -> None:
    company.follow()
    company.group.leave(*company.people[:2])
    company.look()
    assert company.watched() == company.addresses(0, 1)
    for command in (run(status), run(mailbox, "list")):
        assert command.stdout.count("Left the followed group Sales (") == 2
    boxes = {box["address"]: box for box in as_json(mailbox, "list")}
    left = boxes["p0@nordwind.example"]
    assert (bool(left["left_group_at"]), left["left_group"]) == (True, "Sales")
    assert run(mailbox, "add", "p0@nordwind.example").exit_code == 0  # keeps it
    assert run(mailbox, "remove", "p1@nordwind.example", "--yes").exit_code == 0
    assert "Left the followed group" not in run(status).stdout
    company.look()
    assert "Left the followed group" not in run(status).stdout
    assert company.watched() == company.addresses(0)


def test_a_leaver_who_returns_is_no_leaver(company: Company) -> None:
    company.follow()
    company.group.leave(company.people[0])
    company.look()
    company.group.join(company.people[0])
    company.look()
    assert "Left the followed group" not in run(status).stdout


def test_who_is_still_in_another_followed_group_has_not_left(company: Company) -> None:
    second = company.scenario.sandbox.outlook.add_group("Service", company.people[0])
    company.follow()
    assert run(mailbox, "add", "--group", second.id).exit_code == 0
    company.group.leave(company.people[0])
    company.look()
    assert "Left the followed group" not in run(status).stdout
    second.leave(company.people[0])
    company.look()
    assert run(status).stdout.count("Left the followed group") == 1


def test_what_an_administrator_removed_is_not_added_again(company: Company) -> None:
    company.follow()
    removed = run(mailbox, "remove", "p0@nordwind.example", "--yes")
    assert "will not add it again" in removed.stdout
    company.look()
    assert company.watched() == company.addresses(1)
    assert "p0@nordwind.example is not watched. An administrator removed it" in run(status).stdout
    company.group.leave(company.people[0])
    company.look()
    company.group.join(company.people[0])
    company.look()
    assert company.watched() == company.addresses(0, 1)


def test_a_member_without_a_mailbox_stops_nobody_and_is_tried_again(company: Company) -> None:
    outlook = company.scenario.sandbox.outlook
    company.people[1].has_licence = False
    guest = outlook.add_guest("kim@partner.example", "Kim")
    company.group.join(guest, outlook.add_group("Nested", company.people[2]))
    done = run(mailbox, "add", "--group", company.group.id)
    assert done.exit_code == 1
    assert "1 mailbox left out: kim@partner.example\n  A guest has no mailbox" in done.stderr
    assert "1 mailbox cannot be added: p1@nordwind.example\n  The user has no" in done.stderr
    assert "Mailboxes that failed are tried again." in done.stdout
    assert company.watched() == company.addresses(0)
    assert "p1@nordwind.example is not watched. The user has no mailbox." in run(status).stdout
    company.people[1].has_licence = True
    company.look()
    assert company.watched() == company.addresses(0, 1)
    assert "is not watched" not in run(status).stdout


def test_a_watched_member_that_fails_once_is_not_called_unwatched(company: Company) -> None:
    company.follow()
    company.people[1].has_licence = False
    assert run(mailbox, "add", "--group", company.group.id).exit_code == 1
    for command in (run(status), run(mailbox, "list")):
        assert "is not watched" not in command.stdout


def test_a_hopeless_member_costs_less_and_less(company: Company) -> None:
    company.people[1].has_licence = False
    run(mailbox, "add", "--group", company.group.id)
    company.scenario.sandbox.journal.clear()
    for _ in range(24):
        company.look(minutes=60)
    tried = company.scenario.sandbox.journal.select("graph", path="/mailboxSettings")
    assert 3 <= len(tried) <= 6


def test_a_large_group_is_read_page_by_page(company: Company) -> None:
    outlook = company.scenario.sandbox.outlook
    guests = [outlook.add_guest(f"g{n}@partner.example", "Guest") for n in range(1100)]
    company.group.join(*guests)
    company.follow()
    assert company.watched() == company.addresses(0, 1)
    pages = company.scenario.sandbox.journal.select("graph", path="/members/")
    assert len(pages) == 2


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        (("User.Read.All",), "permission GroupMember.Read.All in Entra"),
        (("GroupMember.Read.All",), "permission User.Read.All in Entra"),
    ],
)
def test_a_missing_permission_is_named(
    company: Company, roles: tuple[str, ...], sentence: str
) -> None:
    for app in company.scenario.sandbox.entra.apps.values():
        app.roles = ("Mail.ReadWrite", "MailboxSettings.ReadWrite", *roles)
    done = run(mailbox, "add", "--group", company.group.id)
    assert (done.exit_code, company.watched()) == (1, [])
    assert sentence in done.stderr


def test_an_unknown_group_is_named(company: Company) -> None:
    done = run(mailbox, "add", "--group", NOBODY)
    assert (done.exit_code, company.watched()) == (1, [])
    assert f"There is no group {NOBODY} in this tenant. Look up its object id" in done.stderr
    wrong = run(mailbox, "add", "--group", "Sales")
    assert (wrong.exit_code, "Entra shows it under Groups" in wrong.stderr) == (2, True)


def test_trouble_with_a_group_shows_and_removes_nobody(company: Company) -> None:
    company.follow()
    groups = company.scenario.sandbox.outlook.groups
    kept = groups.pop(company.group.id)
    company.look()
    assert "There is no group" in run(status).stdout
    assert "Left the followed group" not in run(status).stdout
    groups[company.group.id] = kept
    company.look()
    assert "There is no group" not in run(status).stdout


def test_unfollowing_keeps_the_mailboxes(company: Company) -> None:
    company.follow()
    done = run(mailbox, "unfollow", company.group.id)
    assert (done.exit_code, "stay watched" in done.stdout) == (0, True)
    company.group.join(company.people[2])
    company.scenario.sandbox.journal.clear()
    company.look()
    assert company.watched() == company.addresses(0, 1)
    assert not company.scenario.sandbox.journal.select("graph", path="/groups/")
    assert "is not followed" in run(mailbox, "unfollow", company.group.id).stderr


def test_many_joiners_are_added_by_several_runs(company: Company) -> None:
    company.follow()
    outlook = company.scenario.sandbox.outlook
    company.group.join(*[outlook.add_mailbox(f"j{n}@nordwind.example", "J") for n in range(45)])
    company.look()
    assert len(company.watched()) == 47
    with company.scenario.context.begin() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM group_member")) == 47


def test_a_group_is_named_wherever_it_is_shown(company: Company) -> None:
    label = f"Sales ({company.group.id})"
    planned = run(mailbox, "add", "--group", company.group.id, "--dry-run")
    assert f"The group {label} would be followed" in planned.stdout
    added = run(mailbox, "add", "--group", company.group.id)
    assert f"The group {label} will be followed" in added.stdout
    assert f"The group {label} is followed." in added.stdout
    removed = run(mailbox, "remove", "p0@nordwind.example", "--yes")
    assert f"a member of the followed group {label}, which" in removed.stdout
    company.group.name = "Sales\n\x1b[31mNord\u202e"
    company.look()
    (shown,) = as_json(status)["groups"]
    assert (shown["group_id"], shown["name"]) == (company.group.id, "Sales [31mNord")
    ended = run(mailbox, "unfollow", company.group.id)
    assert f"The group Sales [31mNord ({company.group.id}) is no longer followed" in ended.stdout


def test_a_name_that_cannot_be_read_leaves_the_last_one(company: Company) -> None:
    company.follow()
    is_name = f"/v1.0/groups/{company.group.id}"
    company.scenario.sandbox.faults.unavailable("graph", when=lambda _, path: path == is_name)
    company.group.join(company.people[2])
    company.look()
    assert company.watched() == company.addresses(0, 1, 2)
    assert f"Group Sales ({company.group.id}): 3 members" in run(status).stdout
