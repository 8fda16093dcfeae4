"""A simulated webCRM over HTTP with the product's client, and drafts to write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from webcrm_sync.core.crm import ActivityDraft
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmSystem

TOKEN = "5a6f5f0e-0000-4000-8000-000000000001"
KEY = "ms1-abcdefghijklmnopqrstuvwxyz"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def create_settings(url: str, **others: object) -> Settings:
    facts: dict[str, object] = {
        "entra_tenant_id": "t",
        "entra_client_id": "c",
        "entra_client_secret": "s",
        "webcrm_token": TOKEN,
        "webcrm_url": url,
        **others,
    }
    return Settings.model_validate(facts)


@dataclass
class ServedWebCrm:
    """A simulated webCRM, its server, and the client that calls it."""

    clock: Clock
    system: WebCrmSystem
    journal: Journal
    faults: Faults
    url: str
    crm: WebCrm


def create_draft(organisation_id: int | None, **others: object) -> ActivityDraft:
    one = ActivityDraft(
        key=KEY,
        action="E-mail in",
        organisation_id=organisation_id,
        person_id=None,
        user_id=None,
        subject="Offer",
        memo="Two halls, please.",
        at=datetime(2026, 7, 1, 10, 30, tzinfo=UTC),
    )
    return replace(one, **others)  # type: ignore[arg-type]  # the caller names real fields
