"""A paused mailbox: nothing is read or written; afterwards nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from support.command_line import as_json, run, shell
from support.pane_user import PaneUser
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.cli.mailbox import mailbox
from webcrm_sync.cli.prove import prove
from webcrm_sync.cli.rebuild import rebuild
from webcrm_sync.cli.status import status
from webcrm_sync.core.errors import Refused
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations import retention
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.pane.mailbox_status import ConnectionState, read_connection
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"


@pytest.fixture
def scenario(open_scenario: OpenScenario, tmp_path: Path) -> Iterator[Scenario]:
    """A company without push, with a contact."""
    scenario = open_scenario(PUBLIC_URL="http://nobody.example")
    scenario.add_contact(BO)
    with shell(scenario, tmp_path):
        yield scenario


@pytest.fixture
def box(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox, watched."""
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    return box


def pause(address: str = KIM) -> None:
    assert run(mailbox, "pause", address).exit_code == 0


def resume(scenario: Scenario, address: str = KIM) -> None:
    assert run(mailbox, "resume", address).exit_code == 0
    scenario.run_until_idle()


def calls_of(scenario: Scenario, box: SimMailbox) -> list[str]:
    entries = scenario.sandbox.journal.select("graph")
    return [e.path for e in entries if box.user_id in f"{e.path}{e.request_body!r}"]


def test_nothing_is_read_or_written_while_paused(scenario: Scenario, box: SimMailbox) -> None:
    pause()
    scenario.sandbox.journal.clear()
    item = scenario.drag(box, Mail("Offer", BO, KIM))
    for hours in (1, 24):
        scenario.wait(timedelta(hours=hours))
    assert calls_of(scenario, box) == []
    assert (scenario.activities, box.read(item).categories) == ([], ())


def test_what_was_moved_meanwhile_is_filed_exactly_once(
    scenario: Scenario, box: SimMailbox
) -> None:
    before = scenario.drag(box, Mail("Before", BO, KIM))
    scenario.discover()
    pause()
    during = scenario.drag(box, Mail("During", BO, KIM))
    box.move(before, "inbox")
    scenario.wait(timedelta(hours=30))
    box.move(before, f"inbox/{FOLDER}")
    resume(scenario)
    scenario.run_all_retries()
    subjects = sorted(a["ActivityDescription"] for a in scenario.activities)
    assert subjects == ["Before", "During"]
    assert box.read(before).categories == box.read(during).categories == BOTH


@pytest.mark.parametrize("days", [1, 40])
def test_a_mail_that_was_on_its_way_waits_and_is_filed_once(
    scenario: Scenario, box: SimMailbox, days: int
) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    item = scenario.drag(box, Mail("On its way", BO, KIM))
    scenario.discover()
    pause()
    scenario.sandbox.faults.clear()
    scenario.wait(timedelta(days=days))
    retention.housekeeping(scenario.context)
    assert scenario.activities == []
    resume(scenario)
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


def test_an_unclear_answer_before_the_pause_is_verified_after_it(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.lose("webcrm", when=lambda method, _: method == "PATCH", limit=1)
    scenario.drag(box, Mail("Unclear", BO, KIM))
    scenario.discover()
    pause()
    scenario.wait(timedelta(hours=1))
    resume(scenario)
    scenario.run_all_retries()
    assert len(scenario.activities) == 1


def test_a_colleague_who_is_not_paused_files_the_mail(scenario: Scenario, box: SimMailbox) -> None:
    eva = scenario.add_mailbox(EVA, "Eva Nordwind")
    pause()
    mail = Mail("To both", BO, (KIM, EVA), message_id="<both@x.example>")
    mine, hers = scenario.drag(box, mail), scenario.drag(eva, mail)
    scenario.discover()
    assert len(scenario.activities) == 1
    assert (eva.read(hers).categories, box.read(mine).categories) == (BOTH, ())
    resume(scenario)
    assert len(scenario.activities) == 1
    assert box.read(mine).categories == BOTH


@pytest.mark.parametrize("days", [1, 40])
def test_a_mail_sent_from_webcrm_gets_its_mirror_afterwards(
    scenario: Scenario, box: SimMailbox, days: int
) -> None:
    crm = scenario.sandbox.crm
    user = crm.add_user(KIM, "Kim Nordwind")
    person = crm.persons[0]["PersonId"]
    scenario.poll_webcrm()
    pause()
    crm.send_mail(user, person, "From webCRM", "Hello")
    scenario.poll_webcrm()
    scenario.wait(timedelta(days=days))
    retention.housekeeping(scenario.context)
    assert box.messages(f"sentitems/{FOLDER}") == []
    resume(scenario)
    scenario.run_all_retries()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["From webCRM"]


@pytest.fixture
def pushed(open_scenario: OpenScenario, tmp_path: Path) -> Iterator[Scenario]:
    """A company whose web process receives notifications."""
    port = free_port()
    scenario = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{port}")
    with Server(create_app(scenario.context).wsgi_app, port=port), shell(scenario, tmp_path):
        yield scenario


def test_pausing_ends_the_subscriptions_and_resuming_makes_new_ones(pushed: Scenario) -> None:
    pushed.add_mailbox()
    assert len(pushed.context.graph.list_subscriptions()) == 2
    pause()
    assert pushed.context.graph.list_subscriptions() == ()
    pushed.wait(timedelta(days=1))
    assert pushed.context.graph.list_subscriptions() == ()
    resume(pushed)
    assert len(pushed.context.graph.list_subscriptions()) == 2
    assert read_status(pushed.context).mailboxes[0].pushed_folders == 2


def test_a_subscription_that_is_made_during_the_pause_is_ended(pushed: Scenario) -> None:
    box = pushed.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    admin.add(pushed.context, admin.inspect(pushed.context, KIM))

    def pauses(method: str, path: str) -> bool:
        is_subscription = (method, path) == ("POST", "/v1.0/subscriptions")
        if is_subscription:
            pause()
        return is_subscription

    pushed.sandbox.faults.slow("graph", by=timedelta(), when=pauses, limit=1)
    pushed.run_until_idle()
    assert pushed.context.graph.list_subscriptions() == ()
    assert box.address == KIM


def test_it_says_so_everywhere_and_alarms_nobody(scenario: Scenario, box: SimMailbox) -> None:
    pause()
    scenario.wait(timedelta(days=2))
    for command in (run(status), run(mailbox, "list")):
        assert "nothing is read or written. Go on: `webcrm-sync mailbox resume`" in command.stdout
    (shown,) = as_json(mailbox, "list")
    assert (bool(shown["paused_at"]), shown["trouble"]) == (True, None)
    assert as_json(status)["totals"]["in_trouble"] == 0
    user = PaneUser(scenario, box)
    assert read_connection(scenario.context, user.user).state is ConnectionState.PAUSED


def test_the_pane_writes_nothing_while_paused(scenario: Scenario, box: SimMailbox) -> None:
    item = box.deliver(Mail("Offer", BO, KIM))
    pause()
    with pytest.raises(Refused, match="Your administrator can resume it"):
        PaneUser(scenario, box).sync(item)
    assert box.read(item).categories == ()


def test_both_commands_are_idempotent(scenario: Scenario, box: SimMailbox) -> None:
    assert f"{KIM} is now paused" in run(mailbox, "pause", KIM).stdout
    assert f"{KIM} was paused already" in run(mailbox, "pause", KIM).stdout
    assert "is resumed" in run(mailbox, "resume", KIM).stdout
    assert f"{KIM} was not paused" in run(mailbox, "resume", KIM).stdout
    assert "is not watched" in run(mailbox, "pause", EVA).stderr
    scenario.run_until_idle()
    assert read_status(scenario.context).mailboxes[0].paused_at is None
    del box


def test_adding_or_rebuilding_does_not_end_a_pause(scenario: Scenario, box: SimMailbox) -> None:
    pause()
    added = run(mailbox, "add", KIM)
    assert added.exit_code == 0
    assert "It is watched and paused" in added.stderr
    refused = run(rebuild, "--yes")
    assert "mailbox resume` first" in refused.stderr
    assert read_status(scenario.context).rebuilding_since is None
    assert read_status(scenario.context).mailboxes[0].paused_at is not None
    del box


def test_a_pause_beats_a_backoff_that_ends(scenario: Scenario, box: SimMailbox) -> None:
    box.has_licence = False
    scenario.discover()
    pause()
    box.has_licence = True
    item = scenario.drag(box, Mail("Offer", BO, KIM))
    scenario.wait(timedelta(days=1))
    assert scenario.activities == []
    resume(scenario)
    scenario.run_all_retries()
    assert box.read(item).categories == BOTH


def test_a_page_that_was_being_read_is_not_written(scenario: Scenario, box: SimMailbox) -> None:
    for number in range(3):
        scenario.drag(box, Mail(f"Mail {number}", BO, KIM))

    def pauses(_: str, path: str) -> bool:
        """The administrator acts while Graph makes the page."""
        if "delta" in path:
            pause()
        return "delta" in path

    scenario.sandbox.faults.slow("graph", by=timedelta(), when=pauses, limit=1)
    scenario.discover()
    assert scenario.activities == []
    resume(scenario)
    scenario.run_all_retries()
    assert len(scenario.activities) == 3


def test_a_proof_leaves_a_paused_mailbox_out_and_is_equal(
    scenario: Scenario, box: SimMailbox
) -> None:
    eva = scenario.add_mailbox(EVA, "Eva Nordwind")
    scenario.drag(eva, Mail("Eva's", BO, EVA))
    scenario.discover()
    scenario.drag(box, Mail("On its way", BO, KIM))
    pause()
    proof = run(prove)
    assert proof.exit_code == 0, proof.stdout
    assert proof.stdout.splitlines()[-1] == "Equal. Left out: 1 paused mailbox."
    assert f"{KIM}\n  left out: an administrator has paused it" in proof.stdout
    found = as_json(prove)
    assert (found["is_equal"], found["left_out"]) == (True, [KIM])
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE folder SET cursor = 'garbage'"))
    differs = run(prove)
    assert (differs.exit_code, "Left out: 1 paused mailbox." in differs.stdout) == (1, True)


def test_a_proof_of_the_paused_mailbox_alone_is_refused(
    scenario: Scenario, box: SimMailbox
) -> None:
    pause()
    refused = run(prove, "--mailbox", KIM)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"{KIM} is paused. Run `webcrm-sync mailbox resume` first." in refused.stderr
    del scenario, box


def test_a_mailbox_that_is_paused_during_its_proof_is_left_out(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, Mail("New", BO, KIM))

    def pauses(_: str, path: str) -> bool:
        if "/messages" in path:
            pause()
        return "/messages" in path

    scenario.sandbox.faults.slow("graph", by=timedelta(), when=pauses, limit=1)
    proof = run(prove)
    assert proof.exit_code == 0, proof.stdout
    assert "Left out: 1 paused mailbox." in proof.stdout
    assert read_status(scenario.context).mailboxes[0].trouble is None
    resume(scenario)
    assert len(scenario.activities) == 1
