"""Invariants that hold at every moment, read from the services alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from machine.history import History
from machine.model import MailModel, foreign
from webcrm_sync.core.identity import is_filing_key

WITHDRAWN = "[withdrawn] "


@dataclass(frozen=True, slots=True)
class MailActivities:
    """The Activities of one mail in webCRM: `filed` and withdrawn."""

    filed: tuple[Mapping[str, Any], ...]
    withdrawn: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, history: History, mail: MailModel) -> MailActivities:
        """Read the Activities of a mail from webCRM."""
        rows = [a for a in history.setup.sandbox.crm.activities if _is_filing(a)]
        return cls(
            tuple(a for a in rows if a["ActivityDescription"] == mail.subject),
            tuple(a for a in rows if a["ActivityDescription"] == WITHDRAWN + mail.subject),
        )

    @property
    def all(self) -> tuple[Mapping[str, Any], ...]:
        """All Activities of the mail."""
        return self.filed + self.withdrawn

    @property
    def organisations(self) -> list[int]:
        """The Organisations under which the mail is filed."""
        return [organisation_of(a) for a in self.filed]


def organisation_of(activity: Mapping[str, Any]) -> int:
    """The Organisation of an Activity; 0 = none."""
    return int(activity.get("ActivityOrganisationId") or 0)


def _is_filing(activity: Mapping[str, Any]) -> bool:
    return is_filing_key(str(activity.get("ActivityCustom15") or ""))


def check_always(history: History) -> None:
    """Check everything that also holds while the engine works."""
    assert list(_duplicates(history)) == [], "two Activities of one mail"
    assert list(_changed_foreign_categories(history)) == [], "a foreign category was lost or added"
    assert list(_wrongly_marked(history)) == [], "Synced without an Activity"
    assert _read_outside(history) == set(), "a mail outside the sync folders was read"
    assert history.setup.sandbox.journal.unknown == [], (
        "a call that the API descriptions do not contain"
    )
    assert history.setup.sandbox.crm.foreign_opportunities == []
    deleted = history.setup.sandbox.journal.select("webcrm", method="DELETE")
    may = any(mail.was_undone or mail.was_edited for mail in history.mails)
    assert may or deleted == [], "something was deleted in webCRM"


def _duplicates(history: History) -> Iterator[str]:
    """The mails with two Activities under one Organisation, or with two of one key.

    Two installations may each file a mail that both have a copy of, and a mail whose Message-ID
    another one has too (ADR 35).
    """
    mails = [mail for mail in history.mails if not _may_be_filed_twice(history, mail)]
    activities = [MailActivities.of(history, mail).all for mail in mails]
    keys = Counter(a["ActivityCustom15"] for some in activities for a in some)
    yield from (key for key, number in keys.items() if number > 1)
    for mail, some in zip(mails, activities, strict=True):
        places = Counter(map(organisation_of, some))
        yield from (mail.subject for number in places.values() if number > 1)


def _may_be_filed_twice(history: History, mail: MailModel) -> bool:
    boxes = {copy.box for copy in history.copies if copy.mail is mail}
    return history.is_mistakable(mail) or (history.has_changed_hands and len(boxes) > 1)


def _changed_foreign_categories(
    history: History,
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for copy in history.copies:
        item = history.item(copy)
        if item is not None and foreign(item.categories) != copy.foreign:
            yield copy.mail.subject, copy.foreign, item.categories


def _wrongly_marked(history: History) -> Iterator[str]:
    for copy in history.copies:
        item = history.item(copy)
        if item is None or "Synced" not in item.categories or copy.mail.kind == "mirror":
            continue
        if copy.mail.was_undone or history.is_mistakable(copy.mail):
            continue  # the categories of the former are removed after its Activity
        if not MailActivities.of(history, copy.mail).filed:
            yield copy.mail.subject


def _read_outside(history: History) -> set[str]:
    may = {copy.id for copy in history.copies if copy.was_in_sync_folder}
    read = {i for e in history.setup.sandbox.journal.exchanges for i in e.contents}
    ours = {copy.id for copy in history.copies}
    return (read - may) & ours
