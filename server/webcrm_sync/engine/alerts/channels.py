"""The configured ways to reach people, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from webcrm_sync.core.alert_text import Notice
from webcrm_sync.core.alerts import Channel
from webcrm_sync.engine.alerts import mail, webhook
from webcrm_sync.settings import Settings

#: Sends a message and returns what the receiver answered. Raises NotSent.
Send = Callable[[Settings, Notice], str]
_SENDERS: Mapping[Channel, Send] = {Channel.MAIL: mail.send, Channel.WEBHOOK: webhook.send}


def configured(settings: Settings) -> tuple[Channel, ...]:
    """The channels that the settings name, in the order in which they are used."""
    has = {
        Channel.MAIL: bool(settings.alert_mail_to),
        Channel.WEBHOOK: settings.alert_webhook_url is not None,
    }
    return tuple(channel for channel in Channel if has[channel])


def send(channel: Channel, settings: Settings, notice: Notice) -> str:
    """Send a message. Returns what the receiver answered. Raises NotSent."""
    return _SENDERS[channel](settings, notice)
