"""Actions of people and services in a history, besides those on mails and contacts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from machine.history import History
from machine.model import MailCopy, MailModel, SentMail
from support.pane_user import PaneUser
from support.scenario import FOLDER
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Faults

_MONTH = timedelta(days=30)
_PARENTS = ("inbox", "msgfolderroot", "sentitems")


def _is_bulk(method: str, path: str) -> bool:
    return (method, path) == ("PATCH", "/Activities")


def _is_batch(_: str, path: str) -> bool:
    return path.endswith("$batch")


def _is_new_mail(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/messages")


class Actions:
    """Lets people use the pane, services fail and time pass in one history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._setup = history.setup

    # -- people at the pane

    def press(self, leaf: MailCopy, what: str, organisation: int) -> None:
        """Let the owner of a copy press a button; during trouble its outcome is uncertain."""
        if self._history.item(leaf) is None:
            return
        pane_user = PaneUser(self._setup.other, self._history.box(leaf.box))
        letter = leaf.letter
        try:
            before = pane_user.status(leaf.id)
            self._expect(leaf, what, organisation, before)
            self._act(pane_user, leaf, what, organisation)
        except SyncError:
            letter.chosen = None
            letter.undone = None if letter.was_undone else letter.undone

    def _expect(self, leaf: MailCopy, what: str, organisation: int, before: MailStatus) -> None:
        """Record what the pressed button means for the mail."""
        letter = leaf.letter
        may_choose = {Action.CHOOSE} if what == "sync to" else {Action.CHOOSE, Action.CHANGE}
        is_on_its_way = what == "choose" and before.status is DisplayStatus.ON_ITS_WAY
        if what in {"choose", "sync to"} and (may_choose & set(before.actions) or is_on_its_way):
            letter.chosen, letter.undone = organisation, False
            letter.offered.add(organisation)
        elif what == "undo" and Action.UNDO in before.actions:
            letter.chosen, letter.was_undone = None, True
            letter.undone = True if self._is_alone(leaf) else None
        elif what == "sync" and before.status is DisplayStatus.NEW:
            letter.undone = None if letter.undone else letter.undone

    def _is_alone(self, leaf: MailCopy) -> bool:
        """True if no other copy of the mail can have been synced."""
        others = (x for x in self._history.leaves if x.letter is leaf.letter and x is not leaf)
        return not any(x.was_in for x in others)

    def _act(self, pane_user: PaneUser, leaf: MailCopy, what: str, organisation: int) -> None:
        match what:
            case "sync":
                pane_user.sync(leaf.id)
            case "sync to":
                pane_user.sync(leaf.id, organisation)
            case "choose":
                pane_user.choose(leaf.id, organisation)
            case "undo":
                pane_user.undo(leaf.id)
            case "retry":
                pane_user.retry(leaf.id)
            case "anyway":
                pane_user.sync_anyway(leaf.id)

    # -- folders

    def change_folder(self, box: int, path: str, what: str) -> None:
        """Let the owner change a sync folder, or create another one of its name."""
        parent, _, name = path.rpartition("/")
        match what:
            case "rename":
                self._history.rename(box, path, "Old" if name == FOLDER else FOLDER)
            case "move":
                to = "inbox" if parent == "inbox/Archive" else "inbox/Archive"
                self._history.move_folder(box, path, to)
            case "delete":
                self._history.delete_folder(box, path)
            case _:
                under = _PARENTS[len(path) % len(_PARENTS)]
                self._history.make_folder(box, under, hidden=what == "hide")

    # -- webCRM

    def send_from_webcrm(self, number: int) -> None:
        """Let Kim send a mail from webCRM to one of its contacts."""
        history = self._history
        person = sorted(history.persons)[number % len(history.persons)]
        subject = f"w{len(history.sendings)}"
        sent = self._setup.sandbox.crm.send_mail(self._setup.user, person, subject, "Words")
        letter = MailModel(subject, (), "", None, "mirror", 0)
        history.sendings.append(SentMail(sent, person, letter, {subject}))

    def edit_sending(self, number: int) -> None:
        """Let a user change in webCRM a mail that was sent from there."""
        sending = self._history.sendings[number % len(self._history.sendings)]
        subject = f"{sending.letter.subject} edited {len(sending.subjects)}"
        sending.subjects.add(subject)
        crm = self._setup.sandbox.crm
        crm.edit_activity(sending.activity_id, ActivityDescription=subject)

    # -- trouble and time

    def let_pass(self, time: timedelta) -> None:
        """Let time pass; after a month the engine gives up mirroring a sent mail."""
        self._setup.sandbox.clock.advance(time)
        for sending in self._history.sendings:
            sending.may_fail = sending.may_fail or time > _MONTH

    def trouble(self, what: str, number: int) -> None:
        """Start a fault of a service, that many times or until `calm`."""
        sandbox = self._setup.sandbox
        service, _, how = what.partition(" ")
        if how in _FAULTS:
            _FAULTS[how](sandbox.faults, service, number)
        else:
            _ODDITIES[what](sandbox, number)


_FAULTS: dict[str, Callable[[Faults, str, int], None]] = {
    "lost": lambda faults, service, n: faults.lose(service, limit=n),
    "throttled": lambda faults, service, n: faults.throttle(
        service, limit=n, retry_after=(None, 1, 30)[n - 1]
    ),
    "away": lambda faults, service, n: faults.unavailable(service, limit=n),
    "cut": lambda faults, service, n: faults.refuse(service, limit=n),
    "denies": lambda faults, service, n: faults.deny(service, limit=n),
    "down": lambda faults, service, _: faults.refuse(service),
}


def _let_lag(sandbox: Sandbox, number: int) -> None:
    sandbox.graph.behaviour.lag = sandbox.graph.behaviour.delta_lag = timedelta(seconds=number)


_ODDITIES: dict[str, Callable[[Sandbox, int], None]] = {
    "bulk unanswered": lambda sandbox, n: sandbox.faults.lose("webcrm", when=_is_bulk, limit=n),
    "batch unanswered": lambda sandbox, n: sandbox.faults.lose("graph", when=_is_batch, limit=n),
    "mail unanswered": lambda sandbox, n: sandbox.faults.lose("graph", when=_is_new_mail, limit=n),
    "creates fail": lambda sandbox, n: setattr(sandbox.crm, "failing_creates", n),
    "search lags": lambda sandbox, n: setattr(
        sandbox.crm, "search_lag", timedelta(seconds=20 * n - 10)
    ),
    "graph lags": _let_lag,
    "others write": lambda sandbox, n: setattr(sandbox.graph.behaviour, "conflicts", n / 4),
    "delta repeats": lambda sandbox, n: setattr(sandbox.graph.behaviour, "replays", n / 4),
    "cursors expire": lambda sandbox, _: sandbox.graph.expire_cursors(),
    "all ends": lambda sandbox, _: sandbox.faults.clear(),
}

#: Every fault, by name.
TROUBLES = (
    *(f"{service} {how}" for service in ("webcrm", "graph") for how in _FAULTS if how != "down"),
    "webcrm down",
    *_ODDITIES,
)
