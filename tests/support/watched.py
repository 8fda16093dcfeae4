"""A company at work, and those who are told about its troubles."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from support.heartbeats import all_alive, last_alive
from support.receivers import BOSS, IT, SECRET, MailServer, Webhook
from support.scenario import BO, OpenScenario, Scenario
from webcrm_sync.core.jobs import Queue
from webcrm_sync.store import alerts

#: A trouble that passes by itself must last for this long.
AFTER = 5
#: Longer than that, and than what a trouble must be away to be over.
LONG = 13


@dataclass(slots=True)
class Watched:
    """A company at work, and those who are told about it."""

    scenario: Scenario
    mail: MailServer
    webhook: Webhook

    def wait(self, minutes: int = LONG, *, dead: Collection[Queue] = ()) -> None:
        """Let minutes pass, with the jobs of each; the workers of all but these queues live."""
        for _ in range(minutes):
            self.scenario.sandbox.clock.advance(timedelta(minutes=1))
            all_alive(self.scenario.context)
            if dead:
                last_alive(self.scenario.context, dead, self.ago(hours=1))
            self.scenario.run_until_idle()

    def run(self, statement: str, **values: object) -> None:
        """Change the tables."""
        with self.scenario.context.begin() as tx:
            tx.connection.execute(text(statement), values)

    def told(self, subject: str, kind: str) -> None:
        """Check that exactly one message about this was sent by each channel, and forget it."""
        assert self.mail.subjects == [subject]
        moment = "ended" if subject.startswith("over: ") else "opened"
        assert self.webhook.moments == [(f"alert.{moment}", kind)]
        self.forget()

    def forget(self) -> None:
        """Forget the messages so far."""
        self.mail.mails.clear()
        self.webhook.bodies.clear()

    def unsent(self) -> dict[str, str]:
        """Why messages cannot be sent, by channel."""
        with self.scenario.context.begin() as tx:
            return {str(channel): why for channel, why in alerts.read_unsent(tx).items()}

    def ago(self, *, hours: int) -> datetime:
        """The moment this number of hours ago; in the future if negative."""
        return self.scenario.sandbox.clock.now().astimezone(UTC) - timedelta(hours=hours)

    def change_settings(self, **values: object) -> None:
        """Go on with other settings, as after a restart."""
        context = self.scenario.context
        settings = context.settings.model_copy(update=values)
        self.scenario.context = replace(context, settings=settings)


#: Opens a company with the given settings.
OpenWatched = Callable[..., Watched]


def open_watched(
    open_scenario: OpenScenario, mail: MailServer, webhook: Webhook, **more: str
) -> Watched:
    """A healthy company with one mailbox, and without push unless a setting turns it on."""
    settings = {
        "PUBLIC_URL": "http://nobody.example",  # no push, unless a test wants it
        "ALERT_AFTER_MINUTES": str(AFTER),
        "ALERT_DISK_FREE_MB": "0",
        "ALERT_MAIL_TO": f"{IT}, {BOSS}",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mail.port),
        "SMTP_TLS": "none",
        "ALERT_WEBHOOK_URL": webhook.url,
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    scenario = open_scenario(**{**settings, **more})
    scenario.add_contact(BO)
    all_alive(scenario.context)
    scenario.add_mailbox()
    watched = Watched(scenario, mail, webhook)
    watched.wait(2)
    return watched
