"""A simulated webCRM: `WebCrmSystem` holds its records, `webcrm_app` is its REST API."""

from webcrm_sync_sandbox.webcrm.app import webcrm_app
from webcrm_sync_sandbox.webcrm.http import refusal
from webcrm_sync_sandbox.webcrm.system import WebCrmSystem

__all__ = ["WebCrmSystem", "refusal", "webcrm_app"]
