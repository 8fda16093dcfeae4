"""After a change of SECRET_KEY nothing needs the old key within two days, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.processes import until
from support.scenario import BO, BOTH, KIM, OpenScenario, Scenario
from webcrm_sync.engine.mailboxes.maintain import maintain
from webcrm_sync.engine.operations.doctor import run_checks
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.store import mailboxes
from webcrm_sync.store.encryption import Cipher
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail


def folders(scenario: Scenario) -> list[SyncFolder]:
    with scenario.context.begin() as tx:
        return list(mailboxes.subscribed_folders(tx))


def with_keys(scenario: Scenario, *keys: str) -> Scenario:
    """The same company after a restart with these keys."""
    return replace(scenario, context=replace(scenario.context, cipher=Cipher(keys)))


def said_of_keys(scenario: Scenario) -> str:
    """The sentence of `doctor` about keys, which `status` shows too."""
    (secrets,) = [check.text for check in run_checks(scenario.context) if check.name == "secrets"]
    told = secrets.removeprefix("every secret in the database can be opened")
    assert read_status(scenario.context).push_why.endswith(told)
    return told


def test_the_old_key_can_be_dropped_after_two_days(open_scenario: OpenScenario) -> None:
    port = free_port()
    first = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{port}")
    first.add_contact(BO)
    with Server(create_app(first.context).wsgi_app, port=port):
        box = first.add_mailbox()
        first.poll_webcrm()
    assert said_of_keys(first) == ""
    before = folders(first)

    both = with_keys(first, "new", "test")
    with Server(create_app(both.context).wsgi_app, port=port):
        assert said_of_keys(both).startswith("; 2 of 2 folders still need a key behind the first")
        maintain(both.context, before[0].mailbox_id)
        kept = folders(both)
        assert [f.subscription_id for f in kept] == [f.subscription_id for f in before]
        assert all(
            both.context.cipher.is_encrypted_with_first_key(f.client_state or "") for f in kept
        )
        assert said_of_keys(both).startswith("; 2 of 2 folders still need")
        first.sandbox.clock.advance(timedelta(minutes=2200))
        maintain(both.context, before[0].mailbox_id)
        assert not {f.subscription_id for f in folders(both)} & {f.subscription_id for f in before}
        assert said_of_keys(both).startswith("; no secret needs the keys behind the first one")

    new = with_keys(first, "new")
    with Server(create_app(new.context).wsgi_app, port=port):
        assert said_of_keys(new) == ""
        new.run_until_idle()
        item = new.drag(box, Mail("Pushed", BO, KIM))
        until(lambda: any(f.read_requested_at for f in folders(new)), "the notification")
        new.run_until_idle()
        assert box.read(item).categories == BOTH
