"""A company as another version of the product left it: its Outlook, its webCRM, our rows.

A recording is a folder named after its revision. `world.json` is what the simulated services held,
`database.json` the rows of each table; GRAPH_URL in them is the address of the simulated Graph.
`pane.json` is what the API said of each mail, where it was recorded. `expected.json` is what this
version makes of the recording (see `Expected`): written by hand, and the only file that changes.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from support.revisions import install_queue
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Attachment, File, Link, Mail, Person
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.properties import properties_of
from webcrm_sync_sandbox.outlook.store import (
    Change,
    Item,
    MasterCategory,
    SimFolder,
    StoredAttachment,
)

Json = dict[str, Any]
_PEOPLE = ("to", "cc", "bcc", "reply_to")
_TIMES = ("appeared_at", "modified_at", "sent_at", "received_at")


@dataclass(frozen=True)
class Expected:
    """What this version makes of a recording. Mails are named as in it, Activities by subject.

    `unreached`: the reasons that no mail was recorded with. `ends`: state and reason in which what
    was under way ends; other mails keep theirs. `later`: the same for what is retried after hours.
    `filed`: the new Activities; `changed`: the Activities that are written again; `files`: the new
    Documents; `refused`: what webCRM refuses at each try. `doubled`: how many Activities have a
    subject that several have. `copies`: a mail, and the mailbox into which a copy of it comes.
    `moved`: those of `changed` that take a second call. `rebuilt`:
    what is sent to webCRM after `rebuild`. `is_delta_continued`: this
    version reads on with the recorded cursors, not from the start.
    """

    unreached: Sequence[str]
    ends: dict[str, tuple[str, str | None]]
    later: dict[str, tuple[str, str | None]]
    filed: Sequence[str]
    changed: Sequence[str]
    files: Sequence[str]
    refused: Sequence[str]
    mirrors: Sequence[str]
    synced: Sequence[str]
    doubled: Mapping[str, int]
    copies: Mapping[str, str]
    moved: Sequence[str]
    rebuilt: Sequence[str]
    is_delta_continued: bool


@dataclass(frozen=True)
class Recording:
    """The folder of one recording."""

    folder: Path

    @cached_property
    def world(self) -> Json:
        """The content of the simulated services, by name."""
        return self._read("world")

    @cached_property
    def rows(self) -> Mapping[str, Sequence[Json]]:
        """The rows of each table, without empty columns."""
        return self._read("database")

    @property
    def revision(self) -> str:
        """The revision of its database."""
        return self.folder.name.removeprefix("revision_")

    @cached_property
    def expected(self) -> Expected:
        """What this version makes of it."""
        facts = self._read("expected")
        for name in ("ends", "later"):
            facts[name] = {mail: (state, reason) for mail, (state, reason) in facts[name].items()}
        return Expected(**facts)

    @cached_property
    def pane(self) -> Mapping[str, Json]:
        """The API's answer about each mail, by the mail's name."""
        return self._read("pane")

    def _read(self, name: str) -> Json:
        found: Json = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        return found

    @property
    def mails(self) -> Mapping[str, tuple[str, str]]:
        """Mailbox and Graph id of each mail, by the name that the recording gave it."""
        return {name: (address, item) for name, (address, item) in self.world["mails"].items()}

    def settings(self, sandbox: Sandbox, url: str) -> Settings:
        """The settings of that company, with the addresses of this sandbox and database."""
        own = {"DATABASE_URL": url, "SECRET_KEY": "test", **self.world["settings"]}
        return sandbox.settings(**own)

    def set(self, sandbox: Sandbox) -> None:
        """Give the services of a new sandbox the recorded content and time."""
        sandbox.clock.advance(datetime.fromisoformat(self.world["at"]) - sandbox.clock.now())
        sandbox.entra.tenant_id = self.world["tenant"]
        sandbox.crm.refused |= set(self.world["refused"])
        for name, table in sandbox.crm.tables.items():
            table.bring_in(_with_times(record) for record in self.world.get(f"webcrm {name}", ()))
        for name, facts in self.world.items():
            word, _, address = name.partition(" ")
            if word == "mailbox":
                _add_mailbox(sandbox, address, facts)
        if "delta" in self.world:
            sandbox.graph.resume_cursors(self.world["delta"])

    def load(self, engine: Engine, settings: Settings) -> None:
        """Fill an empty database of that revision; first create the queue if it was recorded."""
        with engine.begin() as connection:
            if "procrastinate_jobs" in self.rows:
                install_queue(connection)
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table, rows in self.rows.items():
                given = json.dumps(rows).replace("GRAPH_URL", settings.graph_url)
                fill = (
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
                    f" SELECT * FROM jsonb_populate_recordset(NULL::{table}, :rows)"
                )
                connection.execute(text(fill), {"rows": given})
                if any("id" in row for row in rows):
                    number = f"pg_get_serial_sequence('{table}', 'id')"
                    last = f"SELECT setval({number}, (SELECT max(id) FROM {table}))"
                    connection.execute(text(last))


def _with_times(record: Json) -> Json:
    """A record of webCRM with its times, which JSON holds as text."""
    return {
        name: datetime.fromisoformat(value) if name.endswith(("At", "DateTime")) else value
        for name, value in record.items()
    }


def _add_mailbox(sandbox: Sandbox, address: str, facts: Json) -> None:
    box = sandbox.outlook.add_mailbox(
        address, facts["name"], aliases=tuple(facts["aliases"]), user_id=facts["user_id"]
    )
    box.named_properties |= set(facts["named_properties"])
    for id_, name, colour in facts["categories"]:
        box.categories[id_] = MasterCategory(id_, name, colour)
    for folder in facts["folders"]:
        _add_folder(box, folder)
    for item in facts["items"]:
        box.add(_item(box, item))
    for folder in facts["folders"]:
        if "log" in folder:
            box.folders[folder["id"]].log[:] = map(_change, folder["log"])


def _add_folder(box: SimMailbox, facts: Json) -> None:
    """Add a folder under its recorded id. Folders that every mailbox has only get that id."""
    known = box.well_known.get(facts["well_known"] or "")
    if known is None:
        parent = box.folders[facts["parent"]]
        known = SimFolder(facts["id"], facts["name"], parent)
        parent.children.append(known)
    else:
        del box.folders[known.id]
        known.id = facts["id"]
    box.folders[known.id] = known


def _change(facts: Json) -> Change:
    at, names = datetime.fromisoformat(facts["at"]), frozenset(facts["names"])
    return Change(**facts | {"at": at, "names": names})


def _item(box: SimMailbox, facts: Json) -> Item:
    values = {f.name: facts[f.name] for f in fields(Item) if f.name in facts}
    values["folder"] = box.folders[facts["folder"]]
    values |= {name: datetime.fromisoformat(facts[name]) for name in _TIMES}
    values |= {name: Person(*facts[name]) for name in ("author", "sender") if name in facts}
    values |= {name: tuple(Person(*p) for p in facts.get(name, ())) for name in _PEOPLE}
    values["categories"] = tuple(facts.get("categories", ()))
    values["headers"] = tuple((name, value) for name, value in facts.get("headers", ()))
    values["attachments"] = tuple(
        StoredAttachment(a["id"], _attachment(a)) for a in facts.get("attachments", ())
    )
    # Exchange gives these to every mail; the simulated one of that version may not have.
    known = properties_of(Mail("", None, (), kind=facts["kind"]))
    values["properties"] = known | facts.get("properties", {})
    return Item(**values)


def _attachment(facts: Json) -> Attachment:
    if "url" in facts:
        return Link(facts["name"], facts["url"])
    content = b64decode(facts["content"])
    if "inline_as" in facts:
        return File(
            facts["name"], content, facts["type"], is_inline=True, content_id=facts["inline_as"]
        )
    return File(facts["name"], content)
