"""People at the pane, changes of folders, mails sent from webCRM, faults and passing time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from machine.history import History
from machine.model import MailCopy, MailModel, SentMail
from machine.parts import CHOICES
from support.pane_user import PaneUser
from support.scenario import FOLDER
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.mailboxes import admin, pausing
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus, MailStatus
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Faults

_MONTH = timedelta(days=30)
#: The statuses in which `choose` acts whatever actions the pane offers.
_ACCEPTING_CHOICE = {DisplayStatus.NEW, DisplayStatus.ON_ITS_WAY}
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

    def press(self, copy: MailCopy, what: str, organisation: int) -> None:
        """Let the owner of a copy press a button. A fault leaves the outcome uncertain."""
        if self._history.item(copy) is None:
            return
        pane_user = PaneUser(self._setup.second_worker, self._history.box(copy.box))
        mail = copy.mail
        mail.deal = None
        mail.places = None if what in {"choose", "sync to"} else mail.places
        try:
            before = pane_user.status(copy.id)
            self._record_press(copy, what, organisation, before)
            self._press(pane_user, copy, what, organisation)
        except SyncError:
            mail.chosen = mail.places = None
            mail.undone = None if mail.was_undone else mail.undone

    def _record_press(
        self, copy: MailCopy, what: str, organisation: int, before: MailStatus
    ) -> None:
        """Record what the pressed button does to the mail."""
        mail = copy.mail
        mail.was_cut = mail.was_cut or what in CHOICES
        may_choose = {Action.CHOOSE} if what == "sync to" else {Action.CHOOSE, Action.CHANGE}
        # The product also accepts a choice that the pane does not offer: see `pane.actions`.
        accepting = {DisplayStatus.NEW} if what == "sync to" else _ACCEPTING_CHOICE
        is_accepted = before.status in accepting or bool(may_choose & set(before.actions))
        if what in {"choose", "sync to"} and is_accepted:
            mail.chosen, mail.undone = organisation, False
            mail.offered.add(organisation)
        elif what == "undo" and Action.UNDO in before.actions:
            mail.chosen, mail.was_undone = None, True
            mail.undone = True if self._is_alone(copy) else None
        elif what in {"sync", *CHOICES} and before.status is DisplayStatus.NEW:
            mail.undone = None if mail.undone else mail.undone

    def _is_alone(self, copy: MailCopy) -> bool:
        """True if no other copy of the mail can have been synced."""
        others = (x for x in self._history.copies if x.mail is copy.mail and x is not copy)
        return not any(x.was_in_sync_folder for x in others)

    def _press(self, pane_user: PaneUser, copy: MailCopy, what: str, organisation: int) -> None:
        match what:
            case "sync":
                pane_user.sync(copy.id)
            case "sync to":
                pane_user.sync(copy.id, organisation)
            case _ if what in CHOICES:
                pane_user.sync(copy.id, along=CHOICES[what])
            case "choose":
                pane_user.choose(copy.id, organisation)
            case "undo":
                pane_user.undo(copy.id)
            case "retry":
                pane_user.retry(copy.id)
            case "anyway":
                pane_user.sync_anyway(copy.id)

    # -- administrators

    def set_paused(self, box: int, *, is_paused: bool) -> None:
        """Let an administrator pause or resume a mailbox."""
        context = self._setup.second_worker.context
        watched = admin.find_watched(context, self._history.box(box).address)
        if is_paused:
            pausing.pause(context, watched)
        else:
            pausing.resume(context, watched)

    # -- folders

    def change_folder(self, box: int, path: str, what: str) -> None:
        """Let the owner change a sync folder, or create another folder with its name."""
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
        subject = f"w{len(history.sent_mails)}"
        sent = self._setup.sandbox.crm.send_mail(self._setup.user, person, subject, "Words")
        mail = MailModel(subject, (), "", None, "mirror", 0)
        history.sent_mails.append(SentMail(sent, person, mail, {subject}))

    def edit_sent_mail(self, number: int) -> None:
        """Let a user change in webCRM a mail that was sent from there."""
        sent_mail = self._history.sent_mails[number % len(self._history.sent_mails)]
        subject = f"{sent_mail.mail.subject} edited {len(sent_mail.subjects)}"
        sent_mail.subjects.add(subject)
        crm = self._setup.sandbox.crm
        crm.edit_activity(sent_mail.activity_id, ActivityDescription=subject)

    # -- faults and time

    def let_pass(self, time: timedelta) -> None:
        """Let time pass. After a month the engine stops trying to mirror a sent mail."""
        self._setup.sandbox.clock.advance(time)
        for sent_mail in self._history.sent_mails:
            sent_mail.may_fail = sent_mail.may_fail or time > _MONTH

    def trouble(self, what: str, number: int) -> None:
        """Start a fault of a service: for `number` calls, or until `end_faults`."""
        sandbox = self._setup.sandbox
        service, _, how = what.partition(" ")
        if how in _FAULTS:
            _FAULTS[how](sandbox.faults, service, number)
        else:
            _SPECIAL_FAULTS[what](sandbox, number)


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


def _delay_graph(sandbox: Sandbox, number: int) -> None:
    sandbox.graph.behaviour.lag = sandbox.graph.behaviour.delta_lag = timedelta(seconds=number)


_SPECIAL_FAULTS: dict[str, Callable[[Sandbox, int], None]] = {
    "bulk unanswered": lambda sandbox, n: sandbox.faults.lose("webcrm", when=_is_bulk, limit=n),
    "batch unanswered": lambda sandbox, n: sandbox.faults.lose("graph", when=_is_batch, limit=n),
    "mail unanswered": lambda sandbox, n: sandbox.faults.lose("graph", when=_is_new_mail, limit=n),
    "creates fail": lambda sandbox, n: setattr(sandbox.crm, "failing_creates", n),
    "search lags": lambda sandbox, n: setattr(
        sandbox.crm, "search_lag", timedelta(seconds=20 * n - 10)
    ),
    "graph lags": _delay_graph,
    "others write": lambda sandbox, n: setattr(sandbox.graph.behaviour, "conflicts", n / 4),
    "delta repeats": lambda sandbox, n: setattr(sandbox.graph.behaviour, "replays", n / 4),
    "cursors expire": lambda sandbox, _: sandbox.graph.expire_cursors(),
    "all ends": lambda sandbox, _: sandbox.faults.clear(),
}

#: Every fault, by name.
TROUBLES = (
    *(f"{service} {how}" for service in ("webcrm", "graph") for how in _FAULTS if how != "down"),
    "webcrm down",
    *_SPECIAL_FAULTS,
)
