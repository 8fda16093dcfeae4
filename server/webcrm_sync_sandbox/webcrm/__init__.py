"""A simulated webCRM: `WebCrmSystem` is what its users see, `webcrm_app` its REST API."""

from webcrm_sync_sandbox.webcrm.app import webcrm_app
from webcrm_sync_sandbox.webcrm.http import refusal
from webcrm_sync_sandbox.webcrm.system import WebCrmSystem

__all__ = ["WebCrmSystem", "refusal", "webcrm_app"]
