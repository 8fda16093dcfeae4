"""`reseal` mends a changed key, `resubscribe` lost subscriptions; no notification is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.doctor import FAILED, OF_TESTS, OK, Doctor, open_doctor
from support.processes import until
from support.scenario import BO, BOTH, KIM, OpenScenario
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import mailboxes
from webcrm_sync.store.encryption import Cipher
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail


@dataclass(slots=True)
class Pushed:
    """A company with push, whose web process answers."""

    doctor: Doctor
    server: Server

    def restart_with(self, key: str) -> None:
        """Restart all processes with this key."""
        scenario = self.doctor.scenario
        scenario.context = replace(scenario.context, cipher=Cipher([key]))
        self.server.stop()
        self.server = Server(create_app(scenario.context).wsgi_app, port=self.server.port).start()

    def held(self) -> set[str | None]:
        """The subscriptions in the database."""
        with self.doctor.scenario.context.begin() as tx:
            return {one.subscription_id for one in mailboxes.subscribed_folders(tx)}

    def lose_at_graph(self) -> None:
        """Graph forgets every subscription."""
        graph = self.doctor.scenario.context.graph
        for one in graph.list_subscriptions():
            graph.unsubscribe(one.graph_id)

    def is_announced(self) -> bool:
        """True if a mail that is moved now is notified and synced."""
        scenario = self.doctor.scenario
        (box,) = scenario.sandbox.outlook.mailboxes
        item = scenario.drag(box, Mail("Moved now", BO, KIM))

        def is_requested() -> bool:
            with scenario.context.begin() as tx:
                return any(one.read_requested_at for one in mailboxes.subscribed_folders(tx))

        until(is_requested, "the notification")
        scenario.run_until_idle()
        return box.read(item).categories == BOTH


@pytest.fixture
def pushed(open_scenario: OpenScenario, tmp_path: Path) -> Iterator[Pushed]:
    """A mailbox with two subscribed folders."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    scenario = open_scenario(PUBLIC_URL=url)
    server = Server(create_app(scenario.context).wsgi_app, port=port)
    with server, pytest.MonkeyPatch.context() as patch:
        for variable in OF_TESTS:
            patch.delenv(PREFIX + variable, raising=False)
        opened = open_doctor(scenario, tmp_path)
        opened.settings["PUBLIC_URL"] = url
        yield Pushed(opened, server)


def test_lost_subscriptions_are_replaced(pushed: Pushed) -> None:
    before = pushed.held()
    assert len(before) == 2
    told = pushed.doctor.invoke("resubscribe")
    assert told.stdout == "Graph has a subscription for each of 2 folders.\n"
    pushed.lose_at_graph()
    told = pushed.doctor.invoke("resubscribe")
    assert told.exit_code == 0, told.output
    assert "2 of 2 folders lack one: the worker makes new subscriptions" in told.stdout
    pushed.doctor.scenario.run_until_idle()
    assert before.isdisjoint(pushed.held())
    assert pushed.is_announced()
    found = json.loads(pushed.doctor.invoke("resubscribe", "--json", KIM).stdout)
    assert found == {"folders": 2, "lost": 0}


def test_only_a_watched_mailbox_can_be_named(pushed: Pushed) -> None:
    told = pushed.doctor.invoke("resubscribe", "nobody@nordwind.example", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["error"].startswith("nobody@nordwind.example is not watched.")


def test_without_push_there_is_nothing_to_replace(pushed: Pushed) -> None:
    pushed.doctor.settings |= {"PUBLIC_URL": "http://sync.example", "ALLOW_HTTP": "true"}
    told = pushed.doctor.invoke("resubscribe")
    assert told.exit_code == 1
    assert f"Push is off: {PREFIX}PUBLIC_URL is not https" in told.stderr


def test_secrets_under_an_earlier_key_are_encrypted_with_the_first_one(pushed: Pushed) -> None:
    pushed.doctor.settings["SECRET_KEY"] = "new, test"
    assert "2 of 2 secrets encrypted again" in pushed.doctor.invoke("reseal").stdout
    assert "0 of 2 secrets encrypted again" in pushed.doctor.invoke("reseal").stdout
    pushed.doctor.settings["SECRET_KEY"] = "new"
    assert pushed.doctor.said("secrets", OK)


def test_a_key_that_is_left_in_the_data_folder_is_used(pushed: Pushed) -> None:
    """Somebody set SECRET_KEY although an earlier version had made a key."""
    pushed.doctor.settings["SECRET_KEY"] = "another"
    said = pushed.doctor.said("secrets", FAILED)
    assert "`webcrm-sync reseal` uses it, and one in DATA_DIR" in said
    folder = pushed.doctor.folder / "data"
    folder.mkdir()
    (folder / "secret.key").write_text("test", "ascii")
    found = json.loads(pushed.doctor.invoke("reseal", "--json").stdout)
    assert found == {"secrets": 2, "resealed": 2, "lost": 0}
    assert pushed.doctor.said("secrets", OK)


def test_a_lost_key_costs_new_subscriptions_and_no_mail(pushed: Pushed) -> None:
    before = pushed.held()
    pushed.doctor.settings["SECRET_KEY"] = "another"
    told = pushed.doctor.invoke("reseal").stdout
    assert "0 of 2 secrets encrypted again" in told
    assert "No key opens 2: the worker makes new subscriptions within a minute" in told
    pushed.restart_with("another")
    pushed.doctor.scenario.run_until_idle()
    assert before.isdisjoint(pushed.held())
    assert pushed.is_announced()
    pushed.server.stop()
