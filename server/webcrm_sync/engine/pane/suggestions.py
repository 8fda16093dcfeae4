"""Suggests Organisations that a person may add to a mail. Shown, never acted upon."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from webcrm_sync.core.matching import find_candidates
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_mail_contexts, read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Candidate, DisplayStatus
from webcrm_sync.engine.pane.organisations import Organisation
from webcrm_sync.engine.pane.target_views import view_candidates
from webcrm_sync.store import directory, recent_places

_MOST_RECENT = 5


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`candidates`: of the people on the mail. `recent`: where the person filed mails lately.

    No Organisation is in both.
    """

    candidates: tuple[Candidate, ...]
    recent: tuple[Organisation, ...]


def suggest(context: Context, user: CurrentUser, ref: MailRef) -> Suggestions:
    """Organisations under which the mail is not filed yet, likeliest first. Raises Gone.

    Before the sync the person may still change the forecast, so its places are suggested too.
    """
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    (mail_context,) = read_mail_contexts(context, user, [mail])
    is_filed = shown.status is not DisplayStatus.NEW
    present = {target.organisation_id for target in shown.targets if is_filed}
    found = find_candidates(mail_context.people, mail_context.directory)
    candidates = tuple(
        view_candidates(mail_context, (t for t in found if t.organisation_id not in present))
    )
    suggested = present | {candidate.organisation_id for candidate in candidates}
    return Suggestions(candidates, _read_recent(context, user, suggested))


def _read_recent(
    context: Context, user: CurrentUser, exclude: Collection[int]
) -> tuple[Organisation, ...]:
    """The last Organisations under which the person filed mails, without those of `exclude`."""
    with context.begin() as tx:
        ids = recent_places.read_recent(tx, user.box.id)
        names = directory.organisation_names(tx, ids)
    known = [i for i in ids if i in names and i not in exclude]
    return tuple(Organisation(i, names[i]) for i in known[:_MOST_RECENT])
