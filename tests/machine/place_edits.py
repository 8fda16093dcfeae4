"""People add, move and take away the places of mails one by one."""

from __future__ import annotations

from machine.history import History
from machine.invariants import MailActivities
from machine.model import MailCopy, MailModel
from support.pane_user import PaneUser
from webcrm_sync.core.errors import Refused, SyncError
from webcrm_sync.core.places import AddPlace, MovePlace, PlaceEdit, RemovePlace, apply_edit
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus

#: In these statuses the mail has filings, so that an edit counts at once.
_CERTAIN = frozenset({DisplayStatus.SYNCED, DisplayStatus.WAITING})


class PlaceEdits:
    """Lets people edit places in one history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._setup = history.setup

    def edit(self, copy: MailCopy, what: str, organisation: int, to: int) -> None:
        """Let the owner of a copy edit one place. A fault leaves the outcome uncertain."""
        if self._history.item(copy) is None:
            return
        edits: dict[str, PlaceEdit] = {
            "add": AddPlace(organisation),
            "remove": RemovePlace(organisation),
            "move": MovePlace(organisation, to),
        }
        edit = edits[what]
        pane_user = PaneUser(self._setup.second_worker, self._history.box(copy.box))
        mail = copy.mail
        try:
            before = pane_user.status(copy.id)
            places = self._places_after(before, edit)
            pane_user.edit(copy.id, edit)
        except Refused:  # the last place, or the mail is not filed there
            return
        except SyncError:
            self._record(mail, None, organisation, to)
            return
        if Action.EDIT_PLACES in before.actions and before.status is not DisplayStatus.NEW:
            self._record(mail, places, organisation, to)

    def _places_after(self, before: MailStatus, edit: PlaceEdit) -> frozenset[int] | None:
        """The places of the mail after the edit, None = unclear."""
        shown = tuple(target.organisation_id for target in before.targets)
        after = apply_edit(shown, edit)
        return frozenset(after) if before.status in _CERTAIN and after else None

    def _record(self, mail: MailModel, places: frozenset[int] | None, *named: int) -> None:
        mail.chosen, mail.deal, mail.places = None, None, places
        mail.was_edited = True
        mail.offered |= set(named)


def check_places(history: History) -> None:
    """Check that each mail is filed in the places that people left it, and in no other."""
    for mail in history.mails:
        where = set(MailActivities.of(history, mail).organisations)
        if mail.places is not None and where:
            assert where == mail.places, f"{mail.subject} is in {where}, not in {mail.places}"
