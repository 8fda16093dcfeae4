"""What `mailbox add` says: what it found, what it did, and each failure with its cure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field

import click

from webcrm_sync.cli.common import count
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.group_members import describe_group
from webcrm_sync.engine.history.event_text import PLACES
from webcrm_sync.engine.mailboxes.admin import Findings, FolderFindings
from webcrm_sync.engine.mailboxes.cures import explain_failure

#: Up to this many mailboxes are described one by one; of more, a summary says enough.
_DESCRIBED = 5
_NOTHING_ELSEWHERE = (
    "No other installation works on a watched mailbox, so there is nothing to take over. A restored"
    " database knows that half a minute after its worker has started: `webcrm-sync status` then"
    " names such mailboxes."
)
#: The addresses that are named for one reason.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """The group that the command names. `name`: None if Graph does not say it."""

    group_id: str
    name: str | None

    @property
    def label(self) -> str:
        """The name with the id."""
        return describe_group(self.group_id, self.name)


@dataclass(slots=True)
class Report:
    """The findings and results of one run, by address.

    `left_out`: why a member of the group is no mailbox to watch; this is no failure.
    `is_take_over_of_all`: all watched mailboxes on which another installation works are meant.
    """

    folder_name: str
    group: NamedGroup | None
    is_dry_run: bool
    is_take_over_of_all: bool = False
    is_followed: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    found: dict[str, Findings] = field(default_factory=dict)
    added: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if every mailbox was added, or would be in a dry run; else 1."""
        is_complete = self.is_dry_run or self.added == self.found.keys()
        return 0 if is_complete and not self.failed else 1

    def find(self, findings: Iterable[Findings]) -> None:
        """Take what the mailboxes hold, to be shown in the order of their addresses."""
        by_address = {one.user.address: one for one in findings}
        self.found = dict(sorted(by_address.items()))

    def keep_held_elsewhere(self, known: Collection[str]) -> None:
        """Drop the mailboxes on which no other installation works.

        `known`: the addresses of those whose lease this installation has found to be another's.
        """
        self.found = {
            address: one
            for address, one in self.found.items()
            if one.rival is not None or address in known
        }

    def succeed(self, findings: Findings) -> None:
        """Count a mailbox as added."""
        self.added.add(findings.user.address)

    def fail(self, name: str, error: SyncError) -> str:
        """Count a mailbox as failed. Returns why."""
        self.failed[name] = why = explain_failure(error)
        return why

    # -- for people

    def print_findings(self) -> None:
        """Say what was found and what will be done."""
        if len(self.found) <= _DESCRIBED:
            for findings in self.found.values():
                self._print_mailbox(findings)
        else:
            self._print_summary()
        if self.found:
            click.echo(
                "Mails in these folders will be filed in webCRM under their Organisation and marked"
                " with the categories 'webCRM sync' and 'Synced'. Nothing outside these folders is"
                " read."
            )
        elif self.is_take_over_of_all:
            click.echo(_NOTHING_ELSEWHERE)
        self._print_reasons("cannot be added", self.failed)
        self._print_reasons("left out", self.left_out)
        if self.group and self.is_dry_run:
            click.echo(f"The group {self.group.label} would be followed from then on.")
        elif self.group:
            click.echo(
                f"The group {self.group.label} will be followed: the mailboxes of members"
                " who join it are added within 15 minutes, those who leave it are named in `status`"
                " and an alert, and never removed unasked. Members of nested groups do not count."
            )

    def print_results(self) -> None:
        """Say what was done; failures that the findings named already are only counted."""
        if self.is_dry_run:
            click.echo("Nothing was changed (--dry-run).")
            return
        if len(self.added) == 1:
            click.echo(f"{next(iter(self.added))} is now watched.")
        elif self.added:
            click.echo(f"{count(len(self.added), 'mailbox')} are now watched.")
        late = {a: why for a, why in self.failed.items() if a in self.found}
        self._print_reasons("could not be added", late)
        if self.group and self.is_followed:
            click.echo(
                f"The group {self.group.label} is followed."
                + (" Mailboxes that failed are tried again." if self.failed else "")
            )
        if left := len(self.found.keys() - self.added - self.failed.keys()):
            click.echo(
                f"Called off before {count(left, 'mailbox')}. Run the command again to continue."
            )

    def _print_mailbox(self, findings: Findings) -> None:
        user = findings.user
        kind = "a shared mailbox" if user.is_shared else "a person's mailbox"
        click.echo(f"{user.display_name} <{user.address}>: {kind}.")
        if findings.is_watched:
            click.echo(
                "It is watched already; its folders and categories will be checked and repaired."
            )
        if findings.rival is not None:
            click.echo("It will be taken over from the installation that works on it now.")
        for folder in findings.folders:
            click.echo(f"  {_folder_sentence(folder, self.folder_name)}")

    def _print_summary(self) -> None:
        boxes = self.found.values()
        folders = [folder for one in boxes for folder in one.folders]
        parts = [
            (sum(one.user.is_shared for one in boxes), "shared"),
            (sum(one.is_watched for one in boxes), "watched already, to be checked and repaired"),
            (sum(one.rival is not None for one in boxes), "to be taken over"),
        ]
        more = "".join(f", {number} {text}" for number, text in parts if number)
        click.echo(f"{count(len(boxes), 'mailbox')}{more}.")
        new = sum(folder.name is None for folder in folders)
        click.echo(
            f"  {count(new, 'folder')} '{self.folder_name}' will be created, "
            f"{len(folders) - new} exist."
        )
        for one in boxes:
            for folder in one.folders:
                if folder.mails:
                    sentence = _folder_sentence(folder, self.folder_name)
                    click.echo(f"  {one.user.address}: {sentence}")

    def _print_reasons(self, what: str, reasons: dict[str, str]) -> None:
        """Name the mailboxes of each reason in one line."""
        by_reason: dict[str, list[str]] = {}
        for address, why in sorted(reasons.items()):
            by_reason.setdefault(why, []).append(address)
        for why, addresses in by_reason.items():
            names = ", ".join(addresses[:_NAMED])
            if more := len(addresses) - _NAMED:
                names += f" and {more} more" if more > 0 else ""
            click.echo(f"{count(len(addresses), 'mailbox')} {what}: {names}\n  {why}", err=True)

    # -- for programs

    def to_json(self) -> dict[str, object]:
        """The run as JSON: each mailbox with its result."""
        return {
            "is_dry_run": self.is_dry_run,
            "added": len(self.added),
            "failed": len(self.failed),
            "followed_group": self.group.group_id if self.group and self.is_followed else None,
            "left_out": self.left_out,
            "mailboxes": list(self._json_lines()),
        }

    def _json_lines(self) -> Iterator[dict[str, object]]:
        for address, findings in self.found.items():
            yield {
                "address": address,
                "display_name": findings.user.display_name,
                "is_shared": findings.user.is_shared,
                "was_watched": findings.is_watched,
                "folders": [asdict(folder) for folder in findings.folders],
                "is_added": address in self.added,
                "error": self.failed.get(address),
            }
        for address in self.failed.keys() - self.found.keys():
            yield {"address": address, "is_added": False, "error": self.failed[address]}


def _folder_sentence(folder: FolderFindings, name: str) -> str:
    where = PLACES[folder.place]
    if folder.name is None:
        return f"The folder '{name}' {where} will be created."
    if not folder.mails:
        return f"The folder '{folder.name}' {where} exists and is empty."
    new, mails = folder.mails - folder.synced_before, count(folder.mails, "mail")
    text = f"The folder '{folder.name}' {where} holds {mails}: {new} will be synced"
    if folder.synced_before:
        text += f", {folder.synced_before} already marked Synced will stay unchanged"
    return f"{text}."
