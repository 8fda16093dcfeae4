"""A recorded company that this version of the product works on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Engine, text

from support.recorded import Recording
from support.scenario import Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import MailboxProof, WebcrmProof
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.journal import Exchange
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox, View

Json = dict[str, Any]
Filing = tuple[str, int]
State = tuple[str, str | None]
#: What a request writes that writes a lease on a folder.
_LEASE = "singleValueExtendedProperties"
#: Everything stored about a copy and its mail, except what reading its folder may add.
_LEDGER = """
SELECT i.graph_id, to_jsonb(i) - 'seen_round' AS item, e.key, e.subject, e.content,
  (SELECT jsonb_agg(to_jsonb(f) ORDER BY f.id) FROM filing f WHERE f.email_id = e.id) AS filings,
  (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.id) FROM document d JOIN filing f ON f.id = d.filing_id
    WHERE f.email_id = e.id) AS documents,
  (SELECT jsonb_agg(a.address ORDER BY a.address) FROM email_address a
    WHERE a.email_id = e.id AND a.is_matched) AS matched_people,
  (SELECT count(*) FROM event v WHERE v.email_id = e.id) AS events
FROM item i JOIN email e ON e.id = i.email_id
"""


@contextmanager
def open_company(recording: Recording, sandbox: Sandbox, engine: Engine) -> Iterator[Company]:
    """Open the company. The services are set, the database is loaded and migrated.

    The product calls itself another version than the one that wrote the recording.
    """
    url = engine.url.render_as_string(hide_password=False)
    settings = recording.settings(sandbox, url)
    with open_context(settings, url=url, now=sandbox.clock.now) as opened:
        context = replace(opened, version="after the recording")
        yield Company(recording, Scenario(sandbox, context, dict(recording.world["organisations"])))


@dataclass(frozen=True)
class Company:
    """A recorded company that this version of the product works on."""

    recording: Recording
    scenario: Scenario

    def box(self, address: str) -> SimMailbox:
        """The simulated mailbox of an address."""
        return self.scenario.sandbox.outlook.mailbox(address)

    def copy(self, name: str) -> tuple[SimMailbox, str]:
        """The mailbox and the Graph id of a recorded mail."""
        address, item = self.recording.mails[name]
        return self.box(address), item

    def read(self, name: str) -> View:
        """A recorded mail as Outlook shows it to the owner."""
        box, item = self.copy(name)
        return box.read(item)

    def mail(self, name: str) -> Mail:
        """A recorded mail as it arrived, to be delivered to another mailbox."""
        box, item = self.copy(name)
        found = box.existing(item)
        return Mail(
            found.subject,
            found.author,
            found.to,
            cc=found.cc,
            body=found.body,
            message_id=found.message_id,
            sent_at=found.sent_at,
            attachments=tuple(stored.attachment for stored in found.attachments),
        )

    def subject(self, name: str) -> str:
        """The subject of a recorded mail. A copy that could not be read has it in Outlook alone."""
        (found,) = [
            email["subject"]
            for email in self.recording.rows["email"]
            for item in self.recording.rows["item"]
            if item["graph_id"] == self.recording.mails[name][1] and item["email_id"] == email["id"]
        ]
        return str(found or self.read(name).subject)

    def run_all_retries(self) -> None:
        """Start as a worker starts, then let enough time pass for every retry."""
        incidents.release_after_upgrade(self.scenario.context)
        self.scenario.run_all_retries()

    # -- our rows

    def select(self, query: str, **values: object) -> list[Json]:
        """The rows of a query."""
        with self.scenario.context.begin() as tx:
            return [dict(row) for row in tx.connection.execute(text(query), values).mappings()]

    def states(self) -> dict[str, State]:
        """State and reason of the recorded mails by name."""
        rows = self.select("SELECT graph_id, state, reason FROM item")
        found = {row["graph_id"]: (row["state"], row["reason"]) for row in rows}
        return {name: found[item] for name, (_, item) in self.recording.mails.items()}

    def recorded_states(self) -> dict[str, State]:
        """State and reason of the mails as recorded, by name."""
        rows = self.recording.rows["item"]
        found = {row["graph_id"]: (row["state"], row.get("reason")) for row in rows}
        return {name: found[item] for name, (_, item) in self.recording.mails.items()}

    def ledgers(self) -> dict[str, Json]:
        """What is stored about each recorded mail, and what Outlook shows of it, by name."""
        found = {row["graph_id"]: row for row in self.select(_LEDGER)}
        shown = {
            item.id: {"version": item.change_key, "categories": item.categories}
            for box in self.scenario.sandbox.outlook.mailboxes
            for item in box.items()
        }
        mails = self.recording.mails.items()
        return {name: found[item] | shown.get(item, {}) for name, (_, item) in mails}

    def filings(self) -> dict[int, Filing]:
        """Key and Organisation of each filing with an Activity, by the Activity's id."""
        query = "SELECT activity_id, key, organisation_id FROM filing WHERE activity_id IS NOT NULL"
        rows = self.select(query)
        return {row["activity_id"]: (row["key"], row["organisation_id"]) for row in rows}

    def recorded_filings(self) -> dict[int, Filing]:
        """The filings as recorded, only of mails in a sync folder."""
        here = {i["email_id"] for i in self.recording.rows["item"] if "folder_id" in i}
        return {
            row["activity_id"]: (row["key"], row["organisation_id"])
            for row in self.recording.rows["filing"]
            if row["email_id"] in here and "activity_id" in row
        }

    def keys(self) -> dict[str, str]:
        """The keys of the mails in the sync folders, by the Graph ids of their copies."""
        query = (
            "SELECT i.graph_id, e.key FROM item i JOIN email e ON e.id = i.email_id"
            " WHERE i.folder_id IS NOT NULL"
        )
        return {row["graph_id"]: row["key"] for row in self.select(query)}

    def recorded_keys(self) -> dict[str, str]:
        """The keys as recorded, only of mails that could be read."""
        keys = {email["id"]: email["key"] for email in self.recording.rows["email"]}
        items = self.recording.rows["item"]
        read = [item for item in items if "folder_id" in item and not item.get("is_bare")]
        return {item["graph_id"]: keys[item["email_id"]] for item in read}

    def differences(self) -> list[str]:
        """The differences and the troubles that `prove` finds; empty = Equal."""
        proofs: list[MailboxProof | WebcrmProof] = [*prove.prove_mailboxes(self.scenario.context)]
        *_, crm = prove.prove_webcrm(self.scenario.context)
        proofs.append(crm)
        found = [str(difference) for proof in proofs for difference in proof.differences]
        return found + [proof.trouble for proof in proofs if proof.trouble]

    # -- what went over the wire

    def rounds(self) -> list[str]:
        """The folders that were read from their start, by id."""
        calls = self._calls("graph")
        first = [c.path for c in calls if "/messages/delta" in c.path and "select" in c.query]
        return [path.split("/")[-3] for path in first]

    def asked_by_recorded_cursors(self) -> list[str]:
        """The cursors of the recording with which Graph was asked for changes."""
        asked = {unquote(call.query) for call in self._calls("graph")}
        cursors = [unquote(folder["cursor"]) for folder in self.recording.rows["folder"]]
        return [cursor for cursor in cursors if cursor.partition("?")[2] in asked]

    def written_to_webcrm(self) -> Counter[str]:
        """How often each Activity and each file was sent to webCRM, by its name."""
        activities = {a["ActivityId"]: a["ActivityDescription"] for a in self.scenario.activities}
        found: Counter[str] = Counter()
        for call in self._calls("webcrm"):
            if call.method != "GET" and "Login" not in call.path:
                sent = json.loads(call.request_body)
                for record in sent if isinstance(sent, list) else [sent]:
                    name = record.get("ActivityDescription") or record.get("DocumentFileName")
                    found[name or activities[_id_in(call.path)]] += 1
        return found

    def written_to_mails(self) -> Counter[str]:
        """How often each mail in Outlook was changed, by its subject."""
        boxes = self.scenario.sandbox.outlook.mailboxes
        subjects = {item.id: item.subject for box in boxes for item in box.items()}
        lines = [
            line
            for call in self._calls("graph")
            if call.path.endswith("$batch")
            for line in json.loads(call.request_body)["requests"]
        ]
        changed = [line["url"] for line in lines if line["method"] != "GET"]
        return Counter(subjects[unquote(url.rpartition("/")[2])] for url in changed)

    def created_mails(self) -> list[str]:
        """The subjects of the mails that were written into mailboxes.

        Nothing else is written but the leases on the folders.
        """
        calls = [c for c in self._calls("graph") if not c.path.endswith("/translateExchangeIds")]
        alone = [c for c in calls if c.method != "GET" and not c.path.endswith("$batch")]
        sent = [json.loads(call.request_body) for call in alone]
        return [body["subject"] for body in sent if body.keys() != {_LEASE}]

    def is_anything_written(self) -> bool:
        """True if a call changed something in webCRM or in Outlook."""
        return bool(self.written_to_webcrm() or self.written_to_mails() or self.created_mails())

    def _calls(self, service: str) -> list[Exchange]:
        return self.scenario.sandbox.journal.select(service)


def _id_in(path: str) -> int:
    """The record that a call is about."""
    return next(int(part) for part in reversed(path.split("/")) if part.isdigit())
