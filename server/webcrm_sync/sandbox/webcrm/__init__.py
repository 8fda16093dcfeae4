"""A simulated webCRM: `WebCrmWorld` is what its users see, `webcrm_app` its REST API."""

from webcrm_sync.sandbox.webcrm.app import webcrm_app
from webcrm_sync.sandbox.webcrm.http import refusal
from webcrm_sync.sandbox.webcrm.world import WebCrmWorld

__all__ = ["WebCrmWorld", "refusal", "webcrm_app"]
