"""Subscriptions change their URL or their key, and no notification is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import httpx
import pytest
from click.testing import CliRunner

from support.interleave import Death, die, worker
from support.processes import until
from support.scenario import BO, BOTH, KIM, OpenScenario, Scenario
from webcrm_sync.cli import doctor, status
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.mailboxes.maintain import maintain
from webcrm_sync.store import mailboxes
from webcrm_sync.store.encryption import Cipher
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_HALF_LIFE = timedelta(hours=36)
_NEXT_LOOK = timedelta(minutes=11)


@dataclass(slots=True)
class Reached:
    """A scenario whose web process answers, run with any keys."""

    scenario: Scenario
    app: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as the present web process."""
        return self.app(environ, start)

    def run_with(self, *keys: str) -> None:
        """Restart all processes with these keys."""
        context = replace(self.scenario.context, cipher=Cipher(keys))
        self.scenario = Scenario(self.scenario.sandbox, context, self.scenario.organisations)
        self.app = create_app(context).wsgi_app

    def folders(self) -> list[SyncFolder]:
        """The rows of the sync folders with a subscription."""
        with self.scenario.context.begin() as tx:
            return list(mailboxes.subscribed_folders(tx))

    def held(self) -> set[str | None]:
        """The ids of the subscriptions in the database."""
        return {f.subscription_id for f in self.folders()}

    def alive(self) -> set[str]:
        """The ids of the subscriptions that Graph has."""
        return {one.graph_id for one in self.scenario.context.graph.list_subscriptions()}

    def announces(self, box: SimMailbox) -> bool:
        """True if a mail that is moved now is notified and synced."""
        item = self.scenario.drag(box, Mail("Moved now", BO, KIM))
        until(lambda: any(f.read_requested_at for f in self.folders()), "the notification")
        self.scenario.run_until_idle()
        return box.read(item).categories == BOTH

    def answer_at_the_old_address(self) -> int:
        """The status of the answer to a notification."""
        return httpx.post(
            f"{self.scenario.context.settings.public_url}/graph/notify", json={}
        ).status_code


@pytest.fixture
def reached(open_scenario: OpenScenario, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reached]:
    """The scenario, to which the environment points the commands."""
    port = free_port()
    scenario = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{port}")
    named = {
        "SECRET_KEY": "test",
        "DATABASE_URL": str(scenario.context.settings.database_url),
        "PUBLIC_URL": scenario.context.settings.public_url,
    }
    for name, value in scenario.sandbox.environment(**named).items():
        monkeypatch.setenv(name, value)
    made = Reached(scenario, create_app(scenario.context).wsgi_app)
    with Server(made, port=port):
        yield made


@pytest.fixture
def box(reached: Reached) -> SimMailbox:
    """Kim's mailbox, with Bo known to webCRM."""
    reached.scenario.add_contact(BO)
    made = reached.scenario.add_mailbox()
    reached.scenario.poll_webcrm()
    return made


def subscribe_as_before(reached: Reached) -> None:
    """Create subscriptions as an earlier version did: without a secret in the URL."""
    context = reached.scenario.context
    (user,) = reached.scenario.sandbox.outlook.mailboxes
    for folder in reached.folders():
        made = context.graph.subscribe(
            user.user_id,
            folder.graph_id,
            notification_url=f"{context.settings.public_url}/graph/notify",
            lifecycle_url=f"{context.settings.public_url}/graph/lifecycle",
            client_state="known",
            expires_at=context.now() + timedelta(minutes=4200),
        )
        context.graph.unsubscribe(str(folder.subscription_id))
        values: dict[str, Any] = {"subscription_id": made.graph_id, "subscription_address": None}
        with context.begin() as tx:
            mailboxes.set_folder(
                tx, folder.id, client_state=context.cipher.encrypt("known"), **values
            )


def test_renewal_replaces_subscriptions_of_an_earlier_version_and_ends_their_url(
    reached: Reached, box: SimMailbox
) -> None:
    subscribe_as_before(reached)
    before = reached.held()
    assert reached.announces(box)
    assert reached.held() == before
    assert reached.answer_at_the_old_address() == 202
    reached.scenario.wait(_HALF_LIFE)
    assert before.isdisjoint(reached.held())
    assert reached.alive() == reached.held()
    assert reached.announces(box)
    reached.scenario.sandbox.clock.advance(
        timedelta(minutes=2)
    )  # the answer is cached for a minute
    assert reached.answer_at_the_old_address() == 404


def test_a_replaced_subscription_is_ended_after_a_crash_in_between(
    reached: Reached, box: SimMailbox
) -> None:
    subscribe_as_before(reached)
    reached.scenario.sandbox.clock.advance(_HALF_LIFE)
    with pytest.raises(Death):
        maintain(worker(reached.scenario, "graph", "unsubscribe", before=die).context, 1)
    assert len(reached.alive()) == 3
    reached.scenario.wait(_NEXT_LOOK)
    assert reached.alive() == reached.held()
    assert reached.announces(box)


def test_a_key_added_in_front_takes_effect_at_the_next_renewal(
    reached: Reached, box: SimMailbox
) -> None:
    before = reached.held()
    reached.run_with("new", "test")
    assert reached.announces(box)
    reached.scenario.wait(_NEXT_LOOK)
    assert reached.held() == before
    reached.scenario.wait(_HALF_LIFE)
    assert before.isdisjoint(reached.held())
    reached.run_with("new")
    before = reached.held()
    reached.scenario.wait(_NEXT_LOOK)
    assert reached.held() == before
    assert reached.announces(box)


def test_a_lost_key_is_reported_and_its_subscriptions_are_replaced(
    reached: Reached,
    box: SimMailbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lost = reached.held()
    reached.run_with("another")
    monkeypatch.setenv("WEBCRM_SYNC_SECRET_KEY", "another")
    told = CliRunner().invoke(status.status).stdout
    assert "Push is off: the notifications of 2 of 2 folders cannot be checked" in told
    assert "WEBCRM_SYNC_SECRET_KEY" in told
    checked = CliRunner().invoke(doctor.doctor)
    assert "FAILED   secrets: the notifications of 2 of 2 folders" in checked.stdout
    assert checked.exit_code == 1

    push_urls.replace_unverifiable(reached.scenario.context)  # as a worker does when it starts
    assert caplog.messages.count("notifications_cannot_be_checked") == 1
    reached.scenario.run_until_idle()
    assert lost.isdisjoint(reached.held())
    assert reached.alive() == reached.held()
    assert (
        "Push is on: Graph pushes changes immediately." in CliRunner().invoke(status.status).stdout
    )
    assert reached.announces(box)


def test_a_client_state_that_cannot_be_decrypted_is_replaced_at_the_first_notification(
    reached: Reached, box: SimMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe_as_before(reached)
    lost = reached.held()
    reached.run_with("another")
    reached.scenario.drag(box, Mail("Unheard", BO, KIM))
    until(lambda: "notifications_cannot_be_checked" in caplog.messages, "the notification")
    reached.scenario.sandbox.graph.pusher.drain()
    reached.scenario.run_until_idle()
    assert lost.isdisjoint(reached.held())
    assert caplog.messages.count("notifications_cannot_be_checked") == 1
    assert reached.announces(box)


def test_a_new_public_url_is_sent_to_graph_immediately(reached: Reached, box: SimMailbox) -> None:
    before = reached.held()
    settings = reached.scenario.context.settings
    elsewhere = settings.model_copy(
        update={"public_url": settings.public_url.replace("127.0.0.1", "localhost")}
    )
    reached.scenario.context = replace(reached.scenario.context, settings=elsewhere)
    reached.scenario.wait(_NEXT_LOOK)
    assert before.isdisjoint(reached.held())
    assert reached.alive() == reached.held()
    assert reached.announces(box)


def test_an_expiring_authorisation_is_renewed_without_another_subscription(
    reached: Reached, box: SimMailbox
) -> None:
    before = reached.held()
    ends = {f.subscription_expires_at for f in reached.folders()}
    reached.scenario.sandbox.clock.advance(timedelta(hours=2))
    reached.scenario.sandbox.graph.lifecycle("reauthorizationRequired")
    reached.scenario.sandbox.graph.pusher.drain()
    reached.scenario.run_until_idle()
    assert (reached.held(), reached.alive()) == (before, before)
    assert ends.isdisjoint({f.subscription_expires_at for f in reached.folders()})
    assert reached.announces(box)


def test_the_secret_of_a_url_is_not_stored(reached: Reached, box: SimMailbox) -> None:
    (secret,) = push_urls.url_secrets(reached.scenario.context)
    assert len(secret) == 32
    with reached.scenario.context.begin() as tx:
        rows = tx.connection.exec_driver_sql("SELECT folder::text FROM folder").scalars().all()
    assert len(rows) == 2
    assert not any(secret in row for row in rows)
