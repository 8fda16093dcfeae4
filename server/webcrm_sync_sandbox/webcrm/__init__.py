"""A simulated webCRM: `WebCrmWorld` is what its users see, `webcrm_app` its REST API."""

from webcrm_sync_sandbox.webcrm.app import webcrm_app
from webcrm_sync_sandbox.webcrm.http import refusal
from webcrm_sync_sandbox.webcrm.world import WebCrmWorld

__all__ = ["WebCrmWorld", "refusal", "webcrm_app"]
