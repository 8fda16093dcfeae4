"""Each body for webCRM has harmless text in the fields that webCRM shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from io import BytesIO
from typing import Any

import pytest

from support.webcrm_answers import NOW
from webcrm_sync.core.crm import ActivityDraft, DocumentDraft
from webcrm_sync.webcrm import requests
from webcrm_sync.webcrm.requests import ActivityChange, PersonDraft

BAD, SHOWN = "<b>x", "‹b›x"


def created_activity() -> bytes:
    draft = ActivityDraft("ms1-k", "<Mail>", 1, 2, 3, BAD, f"From: Eva <eva@x.example>\n{BAD}", NOW)
    return requests.activities_body([draft], key_field="ActivityCustom15", zone=UTC)


def attached_document() -> bytes:
    return b"".join(requests.document_body(DocumentDraft(4, 1, "a&lt;b.tx&lt;t", BytesIO(b"x"), 1)))


@pytest.mark.parametrize(
    ("make_body", "expected"),
    [
        (
            created_activity,
            {
                "ActivityDescription": SHOWN,
                "ActivityMemo": f"From: Eva ‹eva@x.example›\n{SHOWN}",
                # Unchanged, since webCRM compares it with its drop-down.
                "ActivityAction": "<Mail>",
                "ActivityCustom15": "ms1-k",
            },
        ),
        (
            lambda: requests.activity_change_body(
                1, ActivityChange(subject=BAD, memo=BAD), no_opportunity=0
            ),
            {"ActivityDescription": SHOWN, "ActivityMemo": SHOWN},
        ),
        (
            lambda: requests.person_body(PersonDraft("<i>Eva <u>", "eva@x.example", 1)),
            {
                "PersonName": "‹i›Eva ‹u›",
                "PersonFirstName": "‹i›Eva",
                "PersonLastName": "‹u›",
                "PersonEmail": "eva@x.example",
            },
        ),
        (attached_document, {"DocumentFileName": "a‹b.tx‹t", "DocumentFileExtension": "tx‹t"}),
    ],
    ids=["create", "change", "contact", "document"],
)
def test_every_request_body_is_harmless_where_webcrm_shows_it(
    make_body: Callable[[], bytes], expected: dict[str, Any]
) -> None:
    found = json.loads(make_body())
    record = found[0] if isinstance(found, list) else found
    assert {name: record[name] for name in expected} == expected
