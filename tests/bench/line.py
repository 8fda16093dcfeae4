"""Asks webCRM as a person does while thousands of mails are queued: how soon the answer comes."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from datetime import datetime, timedelta

from bench.bulk import LATENCY, MAILBOXES
from bench.setup import Watch, add_mailboxes, mail, print_figure, service
from support.processes import until
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.store.webcrm_line import Caller
from webcrm_sync_sandbox.journal import Exchange

_QUEUED = 10_000
_QUESTIONS, _EVERY_S = 60, 0.7
_LIMIT_S, _CALLS_A_MINUTE = 1.0, 250


def measure_questions() -> None:
    """Print the seconds until answers, and the most calls of any minute."""
    with service() as made:
        sandbox = made.sandbox
        boxes = add_mailboxes(made, MAILBOXES)
        watch = Watch(sandbox)
        items = [
            (box, box.deliver(mail(n, box)))
            for n in range(_QUEUED)
            for box in [boxes[n % MAILBOXES]]
        ]
        sandbox.crm.answer_time = LATENCY
        for box, item in items:
            watch.move(box, item)
        until(lambda: len(watch.took) > 0, "the first of the queue")
        person_id = sandbox.crm.persons[0]["PersonId"]
        settings = sandbox.settings_of(made.environment)
        times = []
        with open_context(settings, caller=Caller.PERSON) as context:
            context.webcrm.check_login()
            for _ in range(_QUESTIONS):
                began = time.monotonic()
                context.webcrm.fetch_person(person_id)
                times.append(time.monotonic() - began)
                time.sleep(_EVERY_S)
        behind = _QUEUED - len(watch.took)
        calls = [e for e in sandbox.journal.exchanges if e.service == "webcrm"]
    _print_figures(sorted(times), calls, behind)


def _print_figures(times: list[float], calls: list[Exchange], behind: int) -> None:
    ms = f"{LATENCY.total_seconds() * 1000:.0f} ms a call"
    print(f"{_QUESTIONS} questions of a person while {_QUEUED} mails are queued, {ms}:")
    print_figure("median", statistics.median(times), unit="s")
    print_figure("p95", times[int(len(times) * 0.95) - 1], _LIMIT_S, "s")
    print_figure("longest", times[-1], unit="s")
    most = _most_in_a_minute([e.at for e in calls])
    print_figure("calls to webCRM in the fullest minute", most, _CALLS_A_MINUTE)
    answers = ", ".join(f"{n} x {status}" for status, n in Counter(e.status for e in calls).items())
    print(f"    answers: {answers} (0 and 401: a second call at a time); {behind} mails left")


def _most_in_a_minute(moments: list[datetime]) -> int:
    minute = timedelta(minutes=1)
    return max(sum(start <= at < start + minute for at in moments) for start in moments)
