"""Reads what is wrong with the whole service, from the tables, the settings and this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from webcrm_sync.core.alerts import Channel, is_lasting
from webcrm_sync.core.group_members import describe_group
from webcrm_sync.core.trouble_kinds import Severity
from webcrm_sync.core.troubles import Facts, Limits, Trouble, find_troubles
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.operations import certificates
from webcrm_sync.engine.operations.status import add_remedy
from webcrm_sync.settings import Settings
from webcrm_sync.store import (
    alerts,
    companies,
    groups,
    heartbeats,
    job_failures,
    reconciliation,
    trouble_facts,
)
from webcrm_sync.store.database import Tx

_MEGABYTE = 1_000_000
#: The alerts are advanced each minute.
_PATIENCE = timedelta(minutes=5)


def limits_of(settings: Settings) -> Limits:
    """The limits beyond which something is a trouble."""
    return Limits(
        after=timedelta(minutes=settings.alert_after_minutes),
        min_free=int(settings.alert_disk_free_mb * _MEGABYTE),
    )


def read_facts(context: LocalContext, tx: Tx) -> Facts:
    """Everything in which troubles are found, at the time of `tx`."""
    settings = context.settings
    deaf = push_urls.count_unverifiable(context, tx)
    proofs = [reconciliation.read_webcrm(tx), *reconciliation.read_mailboxes(tx).values()]
    boxes = {box.mailbox_id: box for box in trouble_facts.read_mailboxes(tx)}
    return Facts(
        now=tx.now,
        mailboxes=tuple(boxes.values()),
        paused=trouble_facts.count_paused(tx),
        mails=trouble_facts.read_mails(tx),
        webcrm_trouble=add_remedy(companies.read_company(tx).webcrm_trouble),
        key_trouble=deaf.sentence if deaf else None,
        is_push_enabled=settings.is_push_enabled,
        heartbeats=heartbeats.read_all(tx),
        open_differences=sum(not d["is_healed"] for proof in proofs for d in proof.differences),
        held_jobs=tuple(job.task for job in job_failures.read_all(tx)),
        departures=tuple(one for one in groups.departures(tx) if one.mailbox_id in boxes),
        group_troubles={
            describe_group(group.group_id, group.name): group.trouble
            for group in groups.all_groups(tx)
            if group.trouble
        },
        free_bytes=read_free_bytes(settings),
        endings=tuple(certificates.read_endings(settings)),
    )


def read_free_bytes(settings: Settings) -> int | None:
    """The free space of DATA_DIR's disk, None if nothing of the product is there."""
    with suppress(OSError):
        return shutil.disk_usage(settings.data_dir).free
    return None


@dataclass(frozen=True, slots=True)
class Health:
    """What `status --check` tells a monitor. `lasting`: troubles that people are told about.

    `unsent`: for each channel whose messages cannot be sent, why not.
    """

    facts: Facts
    lasting: tuple[Trouble, ...]
    unsent: dict[Channel, str] = field(default_factory=dict)

    @property
    def severity(self) -> Severity | None:
        """The worst of all, None = everything is fine."""
        if any(trouble.severity is Severity.CRITICAL for trouble in self.lasting):
            return Severity.CRITICAL
        return Severity.WARNING if self.lasting or self.unsent else None

    @property
    def word(self) -> str:
        """The severity in a word; `ok` if everything is fine."""
        return self.severity or "ok"

    @property
    def number_of_mailboxes(self) -> int:
        """The watched mailboxes, the paused ones too."""
        return len(self.facts.mailboxes) + self.facts.paused

    @property
    def in_trouble(self) -> Mapping[str, tuple[Trouble, ...]]:
        """The mailboxes with a trouble of their own or that a lasting one names: by address, these.

        A trouble of the mailbox's own may not last yet.
        """
        found = {}
        for box in self.facts.mailboxes:
            named = tuple(t for t in self.lasting if box.mailbox_id in t.mailbox_ids)
            if named or box.trouble or box.push_trouble:
                found[box.address] = named
        return found


def read_health(context: LocalContext) -> Health:
    """The health of the service, with the troubles that last."""
    with context.begin() as tx:
        facts = read_facts(context, tx)
        known = alerts.read_all(tx)
        unsent = alerts.read_unsent(tx)
        due_at = companies.read_company(tx).alerts_due_at
    limits = limits_of(context.settings)
    # While nobody advances the alerts, nothing is known to last; so all counts.
    is_watched = due_at is not None and due_at > facts.now - _PATIENCE
    states = {alert.key: alert.state for alert in known}
    lasting = tuple(
        trouble
        for trouble in find_troubles(facts, limits)
        if is_lasting(states.get(trouble.key), trouble, facts.now, limits)
        or not (is_watched or trouble.is_consequence)
    )
    return Health(facts, lasting, unsent)
