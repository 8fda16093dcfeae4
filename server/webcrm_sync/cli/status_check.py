"""`status --check`: one line and an exit code, as monitors of the Nagios family read them."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from typing import Any

import click

from webcrm_sync.cli import common
from webcrm_sync.core.trouble_kinds import Severity
from webcrm_sync.engine.operations.troubles import Health, read_health
from webcrm_sync.settings import SettingsError

#: The states of a service and their exit codes (Monitoring Plugins: development guidelines).
_CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
#: Monitors end a check after a while and call that unknown; a database that hangs is critical. The
#: whole command takes 15 s at most: Python needs the rest to start, on a busy machine too.
_DEADLINE_S = 8


def run(*, is_json: bool) -> None:
    """Print the state of the service and exit with its code."""
    word, text, health = _measure_in_time()
    if is_json:
        more = as_json(health) if health else {"troubles": []}
        common.print_json({**more, "status": word.lower(), "text": text})
    else:
        figures = f" | {_figures(health)}" if health else ""
        click.echo(f"WEBCRM SYNC {word} - {text}{figures}")
        for trouble in health.lasting[1:] if health else ():
            click.echo(f"{trouble.severity.capitalize()}: {trouble.sentence}")
    sys.exit(_CODES[word])


def as_json(health: Health) -> dict[str, Any]:
    """The state, the troubles and the totals, as `status --json` shows them."""
    facts, mails = health.facts, health.facts.mails
    return {
        "status": health.word,
        "troubles": [
            {"kind": t.kind, "severity": t.severity, "sentence": t.sentence, "number": t.number}
            for t in health.lasting
        ],
        "unsent_alerts": health.unsent,
        "totals": {
            "mailboxes": health.number_of_mailboxes,
            "paused": facts.paused,
            "in_trouble": len(health.in_trouble),
            "on_the_way": mails.under_way,
            "oldest_seconds": _oldest_seconds(health),
            "waiting": mails.waiting,
            "parked": mails.parked,
        },
    }


def mailboxes_sentence(health: Health) -> str:
    """The number of watched mailboxes, and how many of them are paused."""
    text = common.count(health.number_of_mailboxes, "mailbox")
    return f"{text} ({health.facts.paused} paused)" if health.facts.paused else text


def age(time: timedelta) -> str:
    """An age in the two units that people read.

    >>> age(timedelta(seconds=40)), age(timedelta(minutes=95)), age(timedelta(days=3))
    ('40 s', '1 h 35 min', '3 d 0 h')
    """
    minutes = int(time.total_seconds()) // 60
    if minutes < 2:
        return f"{max(0, int(time.total_seconds()))} s"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


Measured = tuple[str, str, Health | None]


def _measure_in_time() -> Measured:
    """The state, its text, and what it was read from. Takes `_DEADLINE_S` at most."""
    found: list[Measured] = []
    thread = threading.Thread(target=lambda: found.append(_measure()), daemon=True)
    thread.start()
    thread.join(_DEADLINE_S)
    late = f"The database has not answered within {_DEADLINE_S} s."
    return found[0] if found else ("CRITICAL", late, None)


def _measure() -> Measured:
    try:
        with common.open_tables() as context:
            health = read_health(context)
    except click.ClickException as error:
        is_unknown = isinstance(error.__cause__, SettingsError)
        text = " ".join(error.message.split())
        return ("UNKNOWN" if is_unknown else "CRITICAL"), text, None
    except Exception as error:
        return "UNKNOWN", f"An unforeseen error: {type(error).__name__}.", None
    return health.word.upper(), _summary(health), health


def _summary(health: Health) -> str:
    if health.lasting:
        return health.lasting[0].sentence
    if health.severity is Severity.WARNING:
        return "Alerts cannot be sent: " + "; ".join(health.unsent.values())
    mails, oldest = health.facts.mails.under_way, _oldest_seconds(health)
    text = f"{mailboxes_sentence(health)}, {common.count(mails, 'mail')} on the way"
    return f"{text}, the oldest for {age(timedelta(seconds=oldest))}." if mails else f"{text}."


def _oldest_seconds(health: Health) -> int:
    since = health.facts.mails.oldest_since
    return int((health.facts.now - since).total_seconds()) if since else 0


def _figures(health: Health) -> str:
    """Performance data: what a monitor draws."""
    mails = health.facts.mails
    figures = {
        "oldest": f"{_oldest_seconds(health)}s",
        "on_the_way": mails.under_way,
        "waiting": mails.waiting,
        "parked": mails.parked,
        "mailboxes": health.number_of_mailboxes,
        "paused": health.facts.paused,
        "in_trouble": len(health.in_trouble),
        "troubles": len(health.lasting),
    }
    return " ".join(f"{name}={value}" for name, value in figures.items())
