"""The contents of the screen at this moment, as the page's scripts read them."""

from __future__ import annotations

import html
from base64 import b64decode, b64encode
from datetime import datetime
from functools import lru_cache
from typing import Any

from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.sent_body import is_html
from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.company import Outlook
from webcrm_sync_sandbox.outlook.mail import File, Person
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.rules import senders
from webcrm_sync_sandbox.outlook.store import Item, SimFolder
from webcrm_sync_sandbox.webcrm import WebCrmSystem
from webcrm_sync_sandbox.webcrm.fields import Record

Json = dict[str, Any]
_SHOWN = ("inbox", "drafts", "sentitems", "archive", "deleteditems")
_PREVIEW = 120


def now(outlook: Outlook, crm: WebCrmSystem) -> Json:
    """Every mailbox and the whole webCRM, without the texts of the mails."""
    return {
        "mailboxes": [_mailbox(box) for box in outlook.mailboxes],
        "crm": _crm(crm),
    }


def letter(item: Item, *, scheme: str) -> str:
    """A mail as a page with its pictures, for a frame without scripts."""
    content = item.body if item.html else f"<pre>{html.escape(item.body)}</pre>"
    for stored in item.attachments:
        file = stored.attachment
        if isinstance(file, File) and file.content_id:
            picture = f"data:{file.content_type};base64,{b64encode(file.content).decode()}"
            content = content.replace(f"cid:{file.content_id}", picture)
    return (
        f'<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="{scheme}">'
        '<link rel="stylesheet" href="/screen/static/letter.css">' + content
    )


def text_of(item: Item) -> str:
    """The mail's text without its formats."""
    return read_body(item.body, is_html=item.html).text


def file_of(item: Item, number: int) -> File | None:
    """The file attachment at this index."""
    files = [a.attachment for a in item.attachments if isinstance(a.attachment, File)]
    return files[number] if number < len(files) else None


def document_of(record: Record) -> tuple[str, bytes]:
    """Name and content of a Document."""
    return record.get("DocumentFileName", "document"), b64decode(record.get("DocumentFile", ""))


# -- Outlook -------------------------------------------------------------------------------------


def _mailbox(box: SimMailbox) -> Json:
    with box.lock:
        top = [box.well_known[name] for name in _SHOWN]
        others = [f for f in box.root.children if not f.well_known and not f.is_hidden]
        return {
            "address": box.address,
            "name": box.name,
            "isShared": box.is_shared,
            "folders": [line for f in [*top, *others] for line in _folders(f, 0)],
            "colours": {c.name: c.color for c in box.categories.values()},
            "mails": [_mail(item) for item in box.items()],
            "rules": [{"id": r.id, "senders": senders(r)} for r in box.rules.values()],
        }


def _folders(folder: SimFolder, depth: int) -> list[Json]:
    line = {
        "id": folder.id,
        "name": folder.name,
        "place": folder.well_known,
        "depth": depth,
        "unread": sum(not item.is_read for item in folder.items.values()),
        "count": len(folder.items),
    }
    below = [one for child in folder.children for one in _folders(child, depth + 1)]
    return [line, *below]


def _mail(item: Item) -> Json:
    return {
        "id": item.id,
        "itemId": ids.ews_form(item.rest_id),
        "messageId": item.message_id,
        "folder": item.folder.id,
        "subject": item.subject,
        "preview": _preview(item.body, item.html),
        "from": _person(item.author),
        "to": [_person(p) for p in item.to],
        "cc": [_person(p) for p in item.cc],
        "at": _iso(item.received_at or item.appeared_at),
        "categories": list(item.categories),
        "isRead": item.is_read,
        "isDraft": item.is_draft,
        "kind": item.kind,
        "files": _files(item),
    }


def _files(item: Item) -> list[Json]:
    files = [a.attachment for a in item.attachments if isinstance(a.attachment, File)]
    return [
        {"number": number, "name": file.name, "size": len(file.content)}
        for number, file in enumerate(files)
        if not file.is_inline
    ]


def _person(person: Person | None) -> Json | None:
    return {"name": person.name, "address": person.address} if person else None


@lru_cache(maxsize=2000)
def _preview(body: str, is_html: bool) -> str:
    return " ".join(read_body(body, is_html=is_html).text.split())[:_PREVIEW]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# -- webCRM --------------------------------------------------------------------------------------


def _crm(crm: WebCrmSystem) -> Json:
    users = {u["UserId"]: u.get("UserName", "") for u in crm.users}
    opportunities = crm.opportunities
    names = {o["OpportunityId"]: o.get("OpportunityDescription", "") for o in opportunities}
    return {
        "organisations": [_organisation(o, users) for o in crm.organisations],
        "opportunities": [_opportunity(o) for o in opportunities],
        "persons": [
            {
                "id": p["PersonId"],
                "organisation": p.get("PersonOrganisationId", 0),
                "name": p.get("PersonName") or _joined(p),
                "address": p.get("PersonEmail", ""),
                "title": p.get("PersonTitle", ""),
                "phone": p.get("PersonDirectPhone", ""),
            }
            for p in crm.persons
        ],
        "activities": [_activity(a, names) for a in crm.activities],
        "documents": [
            {
                "id": d["DocumentId"],
                "activity": d.get("DocumentLinkedEntityId", 0),
                "name": d.get("DocumentFileName", ""),
            }
            for d in crm.documents
        ],
    }


def _joined(person: Record) -> str:
    return f"{person.get('PersonFirstName', '')} {person.get('PersonLastName', '')}".strip()


def _organisation(organisation: Record, users: dict[int, str]) -> Json:
    return {
        "id": organisation["OrganisationId"],
        "name": organisation.get("OrganisationName", ""),
        "city": organisation.get("OrganisationCity", ""),
        "phone": organisation.get("OrganisationTelephone", ""),
        "www": organisation.get("OrganisationWww", ""),
        "owner": users.get(organisation.get("OrganisationOwner", 0), ""),
    }


def _opportunity(opportunity: Record) -> Json:
    return {
        "id": opportunity["OpportunityId"],
        "organisation": opportunity.get("OpportunityOrganisationId", 0),
        "number": opportunity.get("OpportunityNumber", ""),
        "name": opportunity.get("OpportunityDescription", ""),
        "value": opportunity.get("OpportunityOrderValue", 0),
        "currency": opportunity.get("OpportunityCurrencyName", ""),
        "level": opportunity.get("OpportunityLevelText", ""),
    }


def _activity(activity: Record, opportunities: dict[int, str]) -> Json:
    return {
        "id": activity["ActivityId"],
        "organisation": activity.get("ActivityOrganisationId", 0),
        "person": activity.get("ActivityPersonId", 0),
        "action": activity.get("ActivityAction", ""),
        "subject": activity.get("ActivityDescription", ""),
        "text": _plain(activity.get("ActivityMemo", "")),
        "at": _iso(activity.get("ActivityDateTime")),
        "opportunity": opportunities.get(activity.get("ActivityOpportunityId", 0), ""),
    }


@lru_cache(maxsize=2000)
def _plain(memo: str) -> str:
    """The text of a memo: webCRM stores text or HTML and does not say which."""
    return read_body(memo, is_html=is_html(memo)).text
