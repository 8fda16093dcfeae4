"""The figures for Prometheus. No label holds an address, an id or anything else of a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webcrm_sync.core.troubles import Facts, find_troubles
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations import tallies
from webcrm_sync.engine.operations.troubles import limits_of, read_facts
from webcrm_sync.net.tally import Key
from webcrm_sync.store import alerts, companies, job_counts, reconciliation
from webcrm_sync.store.alerts import Alert
from webcrm_sync.store.companies import Company
from webcrm_sync.store.tallies import read_all
from webcrm_sync.store.webcrm_line import Usage, read_usage

_PREFIX = "webcrm_sync_"
#: What was counted, with the name, the help and the label of its metric.
_COUNTERS = {
    "notifications": ("notification_requests", "Requests of Graph's push by answer.", "status"),
    "settled": ("mails_settled", "Copies of mails by the state in which they ended.", "state"),
}
#: All other subjects of the tally are services that are called.
_CALLS = ("calls", "Calls to a service by status; none = no answer.", ("service", "status"))


@dataclass(frozen=True, slots=True)
class _Read:
    """What the figures are made of."""

    facts: Facts
    company: Company
    usage: Usage
    jobs: Mapping[tuple[str, str], int]
    numbers: Mapping[Key, int]
    alerts: tuple[Alert, ...]
    unsent: int
    proved_at: datetime | None


def render(context: Context) -> bytes:
    """All figures in Prometheus' text format."""
    tallies.save(context)
    with context.begin() as tx:
        read = _Read(
            facts=read_facts(context, tx),
            company=companies.read_company(tx),
            usage=read_usage(tx),
            jobs=job_counts.read_all(tx),
            numbers=read_all(tx),
            alerts=tuple(alerts.read_all(tx)),
            unsent=len(alerts.read_unsent(tx)),
            proved_at=reconciliation.read_webcrm(tx).proved_at,
        )
    registry = CollectorRegistry()
    registry.register(_Figures(read, context))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, read: _Read, context: Context) -> None:
        self._read = read
        self._context = context

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield _gauge("build_info", "1.", 1, version=self._context.version)
        yield from _mail_figures(self._read.facts)
        yield from _push_figures(self._read.facts)
        yield from _webcrm_figures(self._read)
        yield from _work_figures(self._read)
        yield from _trouble_figures(self._read, self._context)
        yield from _counters(self._read.numbers)


def _gauge(name: str, text: str, value: float, **labels: str) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(_PREFIX + name, text, labels=list(labels))
    metric.add_metric(list(labels.values()), value)
    return metric


def _gauges(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(_PREFIX + name, text, labels=labels)
    for key, value in values:
        metric.add_metric(list(key), value)
    return metric


def _age(name: str, text: str, facts: Facts, since: datetime | None) -> Iterator[Metric]:
    """Seconds since then; no metric if there is nothing to measure."""
    if since:
        yield _gauge(name, text, _seconds(facts.now - since))


def _seconds(time: timedelta) -> float:
    return max(0.0, time.total_seconds())


def _mail_figures(facts: Facts) -> Iterator[Metric]:
    mails, boxes = facts.mails, facts.mailboxes
    open_mails = {"under_way": mails.under_way, "waiting": mails.waiting, "parked": mails.parked}
    values = (((state,), number) for state, number in open_mails.items())
    yield _gauges("mails_open", "Copies of mails that are not at their end.", ("state",), values)
    oldest = facts.now - mails.oldest_since if mails.oldest_since else timedelta()
    text = "Since when the oldest mail on its way has not moved on."
    yield _gauge("oldest_mail_seconds", text, _seconds(oldest))
    yield _gauge("mailboxes", "Watched mailboxes.", len(boxes) + facts.paused)
    text = "Mailboxes that an administrator has paused."
    yield _gauge("mailboxes_paused", text, facts.paused)
    troubled = sum(bool(box.trouble or box.push_trouble) for box in boxes)
    yield _gauge("mailboxes_in_trouble", "Mailboxes with a trouble of their own.", troubled)
    late = [facts.now - box.unread_since for box in boxes if box.unread_since]
    text = "How late the reading of a mailbox is at most."
    yield _gauge("read_delay_seconds", text, _seconds(max(late, default=timedelta())))


def _push_figures(facts: Facts) -> Iterator[Metric]:
    boxes = facts.mailboxes
    yield _gauge("push_enabled", "1 if Graph can push to us.", facts.is_push_enabled)
    yield _gauge("folders", "Watched sync folders.", sum(box.folders for box in boxes))
    text = "Sync folders without a subscription."
    yield _gauge("folders_without_push", text, sum(box.deaf_folders for box in boxes))
    text = "Sync folders in which a poll found what no notification announced."
    yield _gauge("folders_with_lost_push", text, sum(box.doubted_folders for box in boxes))
    ends = [box.subscription_ends_at for box in boxes if box.subscription_ends_at]
    if ends:
        text = "Time until the first subscription ends."
        left = (min(ends) - facts.now).total_seconds()
        yield _gauge("subscription_ends_seconds", text, left)


def _webcrm_figures(read: _Read) -> Iterator[Metric]:
    facts, company = read.facts, read.company
    text = "1 while webCRM is not called, because it does not answer or refuses."
    yield _gauge("webcrm_paused", text, bool(facts.webcrm_trouble))
    yield _gauge("webcrm_calls_limit", "Calls to webCRM in a minute at most.", read.usage.limit)
    yield _gauge("webcrm_calls_left", "Calls to webCRM left in this minute.", read.usage.left)
    if facts.mailboxes or facts.paused:  # without one, nothing is mirrored
        text = "Since when webCRM was not searched for mails that it sent."
        yield from _age("mirror_lag_seconds", text, facts, company.mirror_read_at)
    text = "Since when webCRM's contacts were not read."
    yield from _age("directory_lag_seconds", text, facts, company.directory_read_at)


def _work_figures(read: _Read) -> Iterator[Metric]:
    facts = read.facts
    yield _gauges("jobs", "Jobs in the queue.", ("queue", "status"), read.jobs.items())
    yield _gauge("jobs_held", "Jobs that an error holds back.", len(facts.held_jobs))
    ages = (((q,), _seconds(facts.now - at)) for q, at in facts.heartbeats.items() if at)
    text = "Age of the last sign of life of a queue's worker."
    yield _gauges("heartbeat_age_seconds", text, ("queue",), ages)
    yield from _age("proof_age_seconds", "Age of the last proof.", facts, read.proved_at)
    text = "Differences of the last proof that only a person can fix."
    yield _gauge("proof_open_differences", text, facts.open_differences)
    if facts.free_bytes is not None:
        yield _gauge("disk_free_bytes", "Free space on the disk of DATA_DIR.", facts.free_bytes)


def _trouble_figures(read: _Read, context: Context) -> Iterator[Metric]:
    found: Counter[tuple[str, str]] = Counter()
    for trouble in find_troubles(read.facts, limits_of(context.settings)):
        found[trouble.kind.value, trouble.severity.value] += trouble.number
    yield _gauges("troubles", "What is wrong now, by kind.", ("kind", "severity"), found.items())
    yield _gauge("alerts_open", "Open alerts.", sum(a.state.is_open for a in read.alerts))
    text = "Channels whose messages cannot be sent."
    yield _gauge("alert_channels_failing", text, read.unsent)
    now, endings = read.facts.now, read.facts.endings
    ends = (((ending.kind.value,), (ending.at - now).total_seconds()) for ending in endings)
    yield _gauges("ends_seconds", "Time until a secret or certificate ends.", ("what",), ends)


def _counters(numbers: Mapping[Key, int]) -> Iterator[Metric]:
    for subject, (name, text, label) in _COUNTERS.items():
        metric = CounterMetricFamily(_PREFIX + name, text, labels=[label])
        for (counted, outcome), number in numbers.items():
            if counted == subject:
                metric.add_metric([outcome], number)
        yield metric
    name, text, labels = _CALLS
    calls = CounterMetricFamily(_PREFIX + name, text, labels=labels)
    for key, number in numbers.items():
        if key[0] not in _COUNTERS:
            calls.add_metric(list(key), number)
    yield calls
