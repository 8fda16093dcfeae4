"""Sends a test message by each channel at once, for `alert --test`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from webcrm_sync.core.alert_text import create_test
from webcrm_sync.core.alerts import Channel
from webcrm_sync.engine.alerts.channels import configured, send
from webcrm_sync.engine.alerts.not_sent import NotSent
from webcrm_sync.settings import Settings


@dataclass(frozen=True, slots=True)
class Trial:
    """How one channel did. `text`: what the receiver answered, or why nothing was sent."""

    channel: Channel
    is_sent: bool
    text: str


def try_channels(settings: Settings) -> Iterator[Trial]:
    """Send a test message by each configured channel. Needs no database."""
    for channel in configured(settings):
        notice = create_test(f"test-{secrets.token_hex(8)}", datetime.now(UTC))
        try:
            yield Trial(channel, True, send(channel, settings, notice))
        except NotSent as error:
            yield Trial(channel, False, str(error))
